"""What an answer of EWS says of itself: its kind, its code, the back end's build, whose mailbox it is.

Whose it is: by the marker in a subject, and by the mailbox's GUID, which stands in every id.
"""

from __future__ import annotations

from collections.abc import Collection

from exsim.protocols.ews import reading
from exsim.protocols.flow import UNAUTHORIZED, Request, Response
from exsim.protocols.owner import whose, worst
from exsim.session.hop import Evidence

OK = 200
LOST = "ErrorSubscriptionNotFound"


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of one answer.  `accounts` are the test accounts' addresses, in lower case."""
    body, status = response.body, response.status
    if status == UNAUTHORIZED:
        return Evidence(len(body), "challenge")
    if not body:  # of a stream that the run ended, only the head is here
        stream = request.step == "stream" and status == OK
        return Evidence(is_="notifications" if stream else "empty")
    if body.startswith(b"200 OK<br/>"):
        return Evidence(len(body), "health")
    owner = owner_of(body, request, accounts)
    if not reading.begins_as_envelope(body):
        wrong = status is not None and 200 <= status < 300
        return Evidence(len(body), "unreadable" if wrong else "", None, owner)
    code, build = reading.code_in(body), reading.build_in(body)
    return Evidence(len(body), kind_of(body, code, response.error), code, owner, build)


def kind_of(body: bytes, code: str | None, error: str | None = None) -> str:
    """The kind of a SOAP document: a key of `hop.KINDS`."""
    if code == LOST:
        return "lost_context"
    if reading.is_fault(body):
        return "fault"
    if error is None and not reading.is_envelope(body):
        return "unreadable"
    # With status 200 too an operation may have failed: its message says so (EWS13)
    return "answer" if code in (None, reading.NO_ERROR) else "fault"


def owner_of(body: bytes, request: Request, accounts: Collection[str]) -> str | None:
    """Whose mailbox a body names: own, other, stranger, or None; the worst counts.

    A GUID tells nothing before the client knows its own (`Request.mailbox`).
    """
    found = [whose(body, request.account, accounts)]
    if request.mailbox:
        mailboxes = reading.mailboxes_in(body)
        if mailboxes:
            found.append("own" if mailboxes == {request.mailbox} else "stranger")
    return worst(found)
