"""What an answer of MAPI over HTTP says of itself: X-ResponseCode, its body, and whose mailbox it is.

The status is 200 whatever happened.  Whose mailbox: by Connect's display name and the owner's name that
every Execute asks for, and by the mailbox's GUID once the client knows its own (`Request.mailbox`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from exsim.protocols.flow import UNAUTHORIZED, Request, Response
from exsim.protocols.owner import whose
from exsim.session.hop import Evidence
from exsim.wire import mapi, names, rop
from exsim.wire.errors import WireError

OK, LOST, OUT_OF_SEQUENCE = "0", "10", "15"
STATUS, OK_STATUS = "status", 200
_USER = re.compile(re.escape(names.MAPI_STATUS_USER.encode()) + rb"([^<]{1,256})")
LONGEST_CODE = 40  # characters kept of a code
_CODE = names.MAPI_CODE.lower().encode()


@dataclass(frozen=True, slots=True)
class Said:
    """What a body says.  `error`: of the call itself; `texts` name mailboxes; `pending`: there is news."""

    error: str = ""
    texts: tuple[str, ...] = ()
    mailbox: str = ""
    pending: bool = False


def code_of(response: Response) -> str | None:
    """X-ResponseCode, or None where none is told.  The one behind DONE counts (MS-OXCMAPIHTTP 4.3)."""
    code = response.header(_CODE)
    with suppress(WireError):  # not done, or a page for people
        code = mapi.unframe(response.body).headers.get(_CODE.decode(), code)
    return None if code is None else code.strip()[:LONGEST_CODE]


def read(step: str, body: bytes) -> Said:
    """What the body of an answer to `step` says.  Raises WireError at what cannot be read."""
    content = mapi.unframe(body).body
    reader = _READERS.get(step)
    try:
        return reader(content) if reader is not None else Said()
    except mapi.Failed as failed:
        return Said(f"status {failed.status:08x}")


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of one answer.  `accounts` are the test accounts' addresses, in lower case."""
    body, status = response.body, response.status
    if status == UNAUTHORIZED:
        return Evidence(len(body), "challenge")
    if request.step == STATUS:
        return _of_page(request, response, accounts)
    code = code_of(response)
    if code is None:
        wrong = status is not None and 200 <= status < 300 and response.error is None
        return Evidence(len(body), "unreadable" if wrong else "")
    if code != OK:
        return Evidence(len(body), "lost_context" if code == LOST else "fault", code)
    try:
        said = read(request.step, body)
    except WireError:
        cut = response.error is not None
        return Evidence(len(body), "answer" if cut else "unreadable", code)
    owner = owner_of(said, request, accounts)
    if said.error:
        return Evidence(len(body), "fault", said.error, owner)
    kind = "accepted" if request.step == "connect" else "answer"
    return Evidence(len(body), kind, code, owner)


def _of_page(request: Request, response: Response, accounts: Collection[str]) -> Evidence:
    """Of the endpoint's page for people: whom it takes the caller for.  A name need not be an address."""
    body = response.body
    if names.MAPI_STATUS_TITLE.encode() not in body[:1000]:
        return Evidence(len(body), "unreadable" if response.status == OK_STATUS else "")
    found = _USER.search(body)
    name = found[1].decode("utf-8", "replace").strip().lower() if found else ""
    owner = "own" if name == request.account.lower() else "other" if name in accounts else None
    return Evidence(len(body), "answer", owner=owner if name else None)


def owner_of(said: Said, request: Request, accounts: Collection[str]) -> str | None:
    """Whose mailbox an answer names: own, other, stranger, or None."""
    named = " ".join(said.texts).encode("utf-8", "replace")
    found = whose(named, request.account, accounts) if said.texts else None
    if said.mailbox and request.mailbox and said.mailbox != request.mailbox:
        return "other" if found == "other" else "stranger"
    return "own" if found is None and said.mailbox and request.mailbox else found


def _connected(body: bytes) -> Said:
    answer = mapi.Connected.decode(body)
    return Said(_error("connect", answer.error), (answer.display_name,))


def _executed(body: bytes) -> Said:
    answer = mapi.Executed.decode(body)
    if answer.error:
        return Said(_error("execute", answer.error))
    done = rop.done(rop.unpack(answer.data)[0])
    texts = tuple(text for one in done for text in one.texts)
    mailbox = next((one.mailbox.hex() for one in done if one.mailbox), "")
    return Said("", texts, mailbox)


def _waited(body: bytes) -> Said:
    answer = mapi.Waited.decode(body)
    return Said(_error("wait", answer.error), pending=answer.pending)


def _bound(body: bytes) -> Said:
    return Said(_error("bind", mapi.Bound.decode(body).error))


def _ended(body: bytes) -> Said:
    return Said(_error("end", mapi.Ended.decode(body).error))


def _error(what: str, error: int) -> str:
    return f"{what} {error:08x}" if error else ""


_READERS: dict[str, Callable[[bytes], Said]] = {
    "connect": _connected,
    "execute": _executed,
    "wait": _waited,
    "bind": _bound,
    "unbind": _ended,
    "disconnect": _ended,
}
