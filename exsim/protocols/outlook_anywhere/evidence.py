"""What an answer of an RPC proxy says of itself, whole or as the first word on a channel.

Facts, no judgement.  Whose mailbox it is only the calls tell; see `tunnel`.
"""

from __future__ import annotations

from collections.abc import Collection

from exsim.protocols.flow import UNAUTHORIZED, Head, Request, Response
from exsim.session.hop import Evidence
from exsim.wire import names, rts
from exsim.wire.errors import WireError

CHANNELS = ("in_channel", "out_channel", "out_successor")
CALL_FAILED = f"{names.RPC_ERROR}6be"  # of a pair that had been joined
LONGEST_CODE = 40  # characters kept of an error that a server names


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of an answer that was read whole: a probe's, or a refusal."""
    body = response.body
    if response.status == UNAUTHORIZED:
        return Evidence(len(body), "challenge")
    code = error_of(response.reason)
    if code is not None:
        return Evidence(len(body), _kind(code, request.step not in CHANNELS), code)
    if response.status == 200 and response.error is None:
        return Evidence(len(body), "answer" if _is_echo(body) else "unreadable")
    return Evidence(len(body), "" if body else "empty")


def of_head(head: Head, joined: bool) -> Evidence:
    """The evidence of a channel that was answered by an error.  `joined`: CONN/C2 had come."""
    if head.status == UNAUTHORIZED:
        return Evidence(is_="challenge")
    code = error_of(head.reason)
    return Evidence() if code is None else Evidence(is_=_kind(code, joined), code=code)


def _kind(code: str, joined: bool) -> str:
    """Which of a proxy's errors say that a channel's other half was not found (Win32's own numbers)."""
    if code.startswith(CALL_FAILED):
        return "fault"
    return "fault" if joined else "lost_context"


def error_of(reason: str) -> str | None:
    """The error that a proxy names in its reason phrase, or None."""
    start = reason.find(names.RPC_ERROR)
    return reason[start:].partition(",")[0][:LONGEST_CODE] if start >= 0 else None


def _is_echo(body: bytes) -> bool:
    try:
        return rts.decode(body).flags == rts.ECHO
    except WireError:
        return False
