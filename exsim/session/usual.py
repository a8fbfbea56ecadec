"""The short way of an answer that is like the one before it, which nearly every one is while a run is live.

Answers whose heads are alike share their headers (`drive.answer`), so nothing is compared: whose headers are
the very same says of the same nodes what the last one said, and was judged then.  In a history that is read
back no two answers share anything, and each goes the long way, to the same end.
"""

from __future__ import annotations

from exsim.session.browser import Browser, Followed
from exsim.session.hop import Hop
from exsim.session.ledger import Ledger
from exsim.session.machine import State
from exsim.session.meaning import Sign
from exsim.session.signs import LOGON_COOKIES, plain


def as_usual(browser: Browser, sender: Followed, hop: Hop, ledger: Ledger) -> bool:
    """Count an answer of OWA to `sender` that differs in nothing from the one before it; False: there is more to it."""
    if (
        sender.usual is not hop.headers
        or sender.state is not State.LIVE
        or browser.expected
        or hop.sid
        or not plain(hop)
        or not LOGON_COOKIES.isdisjoint(hop.set_cookies)
    ):
        return False
    ledger.attribute(Sign.SERVED, "", "header")  # as the one before it: by X-FEServer
    ledger.identify(hop.body.owner)
    sender.record.requests += 1
    if hop.conn not in sender.connections:
        sender.connections.add(hop.conn)
        sender.record.connections = len(sender.connections)
    return True
