"""What an answer of ActiveSync says of itself: its kind, its status, whose mailbox it is.

Whose it is: by the marker in a subject or a name, and by the addresses that Settings tells of the user.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from exsim.protocols.activesync import reading
from exsim.protocols.flow import UNAUTHORIZED, Request, Response
from exsim.protocols.owner import MARKER, whose, worst
from exsim.session.hop import Evidence
from exsim.wire.errors import WireError
from exsim.wire.wbxml import Element

_ADDRESSES_IN = "Settings:Settings"
_ADDRESSES = "Settings:SMTPAddress"
# (step, status): errors of the server's own, by its documents (MS-ASCMD)
FAULTS = {
    ("sync", "5"),
    ("sync", "16"),
    ("folder_sync", "6"),
    ("folder_sync", "11"),
    ("folder_sync", "12"),
    ("ping", "8"),
}
LONGEST_CODE = 8  # characters: statuses are numbers of up to three digits
# From here on a status means the same in every command, and none of them is a success: a user or a device
# that is kept out (126, 129, 177), a server that failed (110, 111), … (MS-ASCMD 2.2.2)
FAULTS_OF_ALL = 101


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of one answer.  `accounts` are the test accounts' addresses, in lower case."""
    body, status = response.body, response.status
    if status == 200 and len(body) <= reading.SHORT:
        known = _of_short(body, request.step)
        if known is not None:
            return known
    if status == UNAUTHORIZED:
        return Evidence(len(body), "challenge")
    if not body:
        return Evidence(is_="empty")
    if body.startswith(b"200 OK<br/>"):
        return Evidence(len(body), "health")
    owner = whose(body, request.account, accounts)
    if status != 200:
        return Evidence(len(body), owner=owner)
    try:
        root, said = reading.told(body)
    except WireError:
        return Evidence(len(body), "unreadable", owner=owner)
    code = said[:LONGEST_CODE] or None
    return Evidence(
        len(body),
        _kind(request.step, code),
        code,
        worst((owner, _told(root, request, accounts))),
    )


def _kind(step: str, code: str | None) -> str:
    common = code is not None and code.isascii() and code.isdigit() and int(code) >= FAULTS_OF_ALL
    return "fault" if common or (step, code) in FAULTS else "answer"


@lru_cache(maxsize=256)
def _of_short(body: bytes, step: str) -> Evidence | None:
    """Of a few bytes that do not say whose they are, as most answers, always the same; None: there is more to it."""
    if not body or MARKER in body:
        return None
    try:
        root, said = reading.told(body)
    except WireError:
        return None
    code = said[:LONGEST_CODE] or None
    return None if root.tag == _ADDRESSES_IN else Evidence(len(body), _kind(step, code), code)


def _told(root: Element, request: Request, accounts: Collection[str]) -> str | None:
    """What the addresses of an answer to Settings say; None where they say nothing."""
    if root.tag != _ADDRESSES_IN:
        return None
    told = [each.text() or "" for each in root.walk() if each.tag == _ADDRESSES]
    return _of_addresses({address.lower() for address in told}, request.account, accounts)


def _of_addresses(told: set[str], own: str, accounts: Collection[str]) -> str | None:
    """A mailbox has several addresses: it is one's own if one's own is among them."""
    if not told or not own:
        return None
    if own.lower() in told:
        return "own"
    return "other" if any(address in accounts for address in told) else "stranger"
