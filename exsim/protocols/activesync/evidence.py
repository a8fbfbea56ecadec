"""What an answer of ActiveSync says of itself: its kind, its status, whose mailbox it is.

Whose it is: by the marker in a subject or a name, and by the addresses that Settings tells of the user.
"""

from __future__ import annotations

from collections.abc import Collection

from exsim.protocols.activesync import reading
from exsim.protocols.flow import UNAUTHORIZED, Request, Response
from exsim.protocols.owa.evidence import whose
from exsim.session.hop import Evidence
from exsim.wire import names
from exsim.wire.errors import WireError
from exsim.wire.wbxml import Element, decode

_MARKER = names.MARKER.encode()
_ADDRESSES = "Settings:SMTPAddress"
_WORST = ("stranger", "other", "own")
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
FAULTS_OF_ALL = frozenset({"110", "111"})


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of one answer.  `accounts` are the test accounts' addresses, in lower case."""
    body, status = response.body, response.status
    if status == UNAUTHORIZED:
        return Evidence(len(body), "challenge")
    if not body:
        return Evidence(is_="empty")
    if body.startswith(b"200 OK<br/>"):
        return Evidence(len(body), "health")
    if status != 200:
        return Evidence(len(body), owner=_marked(body, request, accounts))
    try:
        root = decode(body)
    except WireError:
        return Evidence(len(body), "unreadable", owner=_marked(body, request, accounts))
    code = reading.status_of(root)[:LONGEST_CODE] or None
    fault = code in FAULTS_OF_ALL or (request.step, code) in FAULTS
    return Evidence(
        len(body), "fault" if fault else "answer", code, _owner(root, body, request, accounts)
    )


def _marked(body: bytes, request: Request, accounts: Collection[str]) -> str | None:
    return whose(body, request.account, accounts) if _MARKER in body else None


def _owner(root: Element, body: bytes, request: Request, accounts: Collection[str]) -> str | None:
    """The worst of what markers and addresses say; None when they say nothing."""
    found = {_marked(body, request, accounts)}
    if root.tag == "Settings:Settings":
        told = [each.text() or "" for each in root.walk() if each.tag == _ADDRESSES]
        found.add(_of_addresses({address.lower() for address in told}, request.account, accounts))
    return next((owner for owner in _WORST if owner in found), None)


def _of_addresses(told: set[str], own: str, accounts: Collection[str]) -> str | None:
    """A mailbox has several addresses: it is one's own if one's own is among them."""
    if not told or not own:
        return None
    if own.lower() in told:
        return "own"
    return "other" if any(address in accounts for address in told) else "stranger"
