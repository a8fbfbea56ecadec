"""A session that exsim does not log on to: from a browser's cookies, or by a flow of the user's own.

It begins where the first answer serves it: who took its logon is not known.  A browser's session is never
logged off, because it is somebody's; each session here starts from a fresh copy of its cookies.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent, other_end
from exsim.protocols.checked import ACCEPTED, ELSEWHERE, REFUSED, STALE, Checked
from exsim.protocols.flow import Command, Flow, Lease, Mark, Open, Release, Request
from exsim.protocols.jar import Jar
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.markup import is_start_page
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings
from exsim.session.attempts import Attempt
from exsim.wire import names

TRIES = 6  # connections on which a check looks for a node that serves a browser's session


class OwnLogonError(Exception):
    """What a flow of the user's own did that no flow may do."""


def is_brought(account: Account) -> bool:
    """Whether this account's sessions begin without a logon of exsim's own."""
    return bool(account.cookies) or account.enter is not None


def enter(client: Agent, account: Account, settings: Settings) -> Flow[tuple[Page, str] | None]:
    """The page of the next session, and where it is to go; None: not let in."""
    client.number += 1
    number, client.account = client.number, account
    client.jar = Jar(client.host)
    facts = session_mark.logon(number, account, settings).facts
    yield Mark("brought", {**facts, "host": client.host.partition(":")[0]})
    if account.cookies:
        client.jar.bring(account.cookies)
        return Page(client, account, replace(settings, logoff=False), number), names.OWA
    destination = yield from _own(client, account, settings, number)
    yield Mark(
        "own_logon",
        {"number": number, "account": account.address, "accepted": destination is not None},
    )
    return None if destination is None else (Page(client, account, settings, number), destination)


def check(client: Agent, account: Account) -> Flow[tuple[Checked, Page | None, str]]:
    """Whether the account is let in; the page that is to be looked at, if it is."""
    settings = Settings(control=True, notifications=False)
    if account.cookies:
        return (yield from _check_cookies(client, account, settings))
    entered = yield from enter(client, account, settings)
    if entered is None:
        return Checked(account.address, REFUSED), None, ""
    return Checked(account.address, ACCEPTED), *entered


def _check_cookies(
    client: Agent, account: Account, settings: Settings
) -> Flow[tuple[Checked, Page | None, str]]:
    """One node may refuse what others serve, so several connections are tried, each with a fresh copy."""
    for _ in range(TRIES):
        entered = yield from enter(client, account, settings)
        assert entered is not None
        page, target = entered
        connection = yield Lease(fresh=True)
        request = page.request("GET", target, "boot", lines.NAVIGATION)
        request.on = connection
        landing = yield from client.visit(request)
        yield Release(connection, keep=False)
        if client.led_away(landing):
            where = other_end(landing.response.header(b"location") or "")
            return Checked(account.address, ELSEWHERE, where), None, ""
        if landing.response.status == 200 and is_start_page(landing.response.body):
            return Checked(account.address, ACCEPTED), page, target
    return Checked(account.address, STALE), None, ""


# A flow of the user's own --------------------------------------------------------------------------
def _own(client: Agent, account: Account, settings: Settings, number: int) -> Flow[str | None]:
    """Carry it out, and see to it that each of its requests is counted, signed, and kept to its budget."""
    assert account.enter is not None
    flow, sent = account.enter(client, account), None
    if not hasattr(flow, "send"):
        raise OwnLogonError("it yields nothing: a flow is a generator")
    while True:
        try:
            command = flow.send(sent)
        except StopIteration as end:
            return _destination(end.value)
        request = command.request if isinstance(command, Open) else command
        if isinstance(request, Request):
            _adopt(request, account, settings, number)
        elif not isinstance(command, Command):
            raise OwnLogonError(f"it yields a {type(command).__name__}, which is no command")
        sent = yield command


def _destination(result: Any) -> str | None:
    if result is None or (isinstance(result, str) and result.startswith("/")):
        return result
    raise OwnLogonError('it returns neither a path such as "/owa/" nor None')


def _adopt(request: Request, account: Account, settings: Settings, number: int) -> None:
    """What of a request is not the user's own to say."""
    text = isinstance(request.method, str) and isinstance(request.target, str)
    if not text or not isinstance(request.body, bytes | None):
        raise OwnLogonError(
            "it yields a request whose method and target are not text, or its body not bytes"
        )
    request.session, request.account = number, account.address
    request.control, request.origin = settings.control, settings.origin
    request.step = request.step or "logon"
    if _carries(request, account):
        request.attempt = Attempt.FORM


def _carries(request: Request, account: Account) -> bool:
    """Whether the password is in it, as it stands or in one of the usual ways to write it."""
    word = account.password
    if not word:
        return False
    pair = base64.b64encode(f"{account.logon}:{word}".encode()).decode()
    headers = " ".join(str(value) for _, value in (*request.headers, *request.own))
    whole = f"{request.target} {headers} {(request.body or b'').decode('utf-8', 'replace')}"
    return any(
        one in whole for one in (word, quote(word), quote(word, safe=""), quote_plus(word), pair)
    )
