"""Falls if: an answer of MAPI over HTTP that names another mailbox, by its marker or by its GUID, is taken for
one's own, or one that names nobody's for anybody's."""

from __future__ import annotations

import pytest

from exsim.protocols.flow import Request, Response
from exsim.protocols.mapi_http.evidence import observe
from exsim.wire import mapi, names, rop

OWN, OTHER = "a@lab.example", "b@lab.example"
MINE, ANOTHERS = "11" * 16, "22" * 16


def answer(mailbox: str, *marked: str) -> bytes:
    """An Execute's answer: a logon where a GUID is told, and the owner's name where there is a marker."""
    operations = rop.logged_on(bytes.fromhex(mailbox), bytes(16)) if mailbox else b""
    operations += rop.properties(*(names.MARKER + address for address in marked)) if marked else b""
    data = rop.pack(operations, (1,))
    return mapi.done(mapi.Executed(data=data).encode(), 1, "now")


@pytest.mark.parametrize(
    ("mailbox", "marked", "known", "owner"),
    [
        (MINE, (), "", None),  # a GUID tells nothing before the client knows its own
        (MINE, (), MINE, "own"),
        (ANOTHERS, (), MINE, "stranger"),
        (ANOTHERS, (OTHER,), MINE, "other"),
        (ANOTHERS, (OWN,), MINE, "stranger"),  # the worst counts
        ("", (OWN,), MINE, "own"),
        ("", (OTHER,), "", "other"),
        ("", ("c@elsewhere.example",), "", "stranger"),
        ("", (), MINE, None),
    ],
)
def test_an_answer_says_whose_mailbox_it_is(
    mailbox: str, marked: tuple[str, ...], known: str, owner: str | None
) -> None:
    request = Request("POST", names.MAPI_STORE, step="execute", account=OWN, mailbox=known)
    response = Response(200, [(b"x-responsecode", b"0")], answer(mailbox, *marked), None)
    evidence = observe(request, response, frozenset({OWN, OTHER}))
    assert (evidence.is_, evidence.owner) == ("answer", owner)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (f"<title>{names.MAPI_STATUS_TITLE}</title><b>UPN:</b> A@lab.example<br>", ("answer", "own")),
        (f"<title>{names.MAPI_STATUS_TITLE}</title><b>UPN:</b> {OTHER}<br>", ("answer", "other")),
        (f"<title>{names.MAPI_STATUS_TITLE}</title><b>UPN:</b> a@corp.example<br>", ("answer", None)),
        (f"<title>{names.MAPI_STATUS_TITLE}</title>", ("answer", None)),
        ("<html>", ("unreadable", None)),
    ],
)  # fmt: skip
def test_the_page_for_people_says_whom_the_server_takes_the_client_for(
    page: str, told: tuple[str, str | None]
) -> None:
    request = Request("GET", names.MAPI_STORE, step="status", account=OWN)
    seen = observe(request, Response(200, [], page.encode(), None), {OWN, OTHER})
    assert (seen.is_, seen.owner) == told
