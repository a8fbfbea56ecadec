"""The short way of an answer that is like the one before it, which nearly every one is while a run is live.

Answers whose heads are alike share their headers (`drive.answer`), and requests with the same cookies the hashes
of those; so nothing is compared: whose headers are the very same says of the same nodes what the last one
said, and was judged then.  In a history that is read back no two answers share anything, and each goes the long
way, to the same end.
"""

from __future__ import annotations

from exsim.session.browser import Browser, Followed, Usual
from exsim.session.hop import Hop
from exsim.session.ledger import Ledger
from exsim.session.machine import LIVE
from exsim.session.place import ORDINARY, place_of
from exsim.session.signs import LOGON_COOKIES, plain_body


def expect_usual(browser: Browser, sender: Followed, hop: Hop) -> None:
    """The next answer may be like this one, which was ordinary and said by its headers alone who gave it."""
    told_by_cookies = not browser.unkeyed  # and not by the session's name
    if hop.status == 200 and told_by_cookies and not browser.control:
        browser.usual = Usual(sender, hop, f"{hop.request.partition('?')[0]}?")


def as_usual(browser: Browser, hop: Hop) -> bool:
    """Count an answer of OWA that differs in nothing from the one before it; False: there is more to it."""
    usual = browser.usual
    if usual is None:
        return False
    like = usual.like
    if (
        hop.headers is not like.headers
        or usual.sender.state is not LIVE
        or hop.status != 200
        or hop.error is not None
        or hop.sid
        or (hop.cookies is not like.cookies and browser.sender(hop) is not usual.sender)
        or not (hop.set_cookies is like.set_cookies or LOGON_COOKIES.isdisjoint(hop.set_cookies))
        or not (hop.body is like.body or _as_plain(hop, like))
        or hop.conn not in usual.sender.connections
        or not (hop.request.startswith(usual.asked) or place_of(hop.request) is ORDINARY)
    ):
        return False
    usual.count += 1
    return True


def _as_plain(hop: Hop, like: Hop) -> bool:
    return hop.body.owner == like.body.owner and plain_body(hop.body)


def count_usual(browser: Browser, ledger: Ledger) -> None:
    """Enter what was counted on the short way; whatever comes next is looked at whole."""
    usual, browser.usual = browser.usual, None
    if usual is not None and usual.count:
        usual.sender.record.requests += usual.count
        ledger.usual[usual.like.body.owner, ""] += usual.count
