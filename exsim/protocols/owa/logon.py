"""The logon itself: what the form's script sets, the POST, and where it leads.

It does not judge: whether a logon was accepted is read from its hop.  The flow only has to know where the
browser stands afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols import session_mark
from exsim.protocols.agent import REDIRECTS, Account, Agent
from exsim.protocols.flow import Connection, Flow, Request, Response
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.markup import LogonForm, is_logon_page, reason_of
from exsim.protocols.owa.settings import Settings
from exsim.session.attempts import Attempt
from exsim.wire import names

FORTNIGHT = 14 * 86400.0  # life of the cookies that the page's script sets (LOGON)


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a POST of the form.  `destination`: path and query to go to; None: not let in."""

    number: int
    response: Response
    destination: str | None = None
    refused: bool = False  # the form was shown again: name or password are wrong
    reason: str = ""  # of the redirect to it


def script_cookies(client: Agent, logon: str, private: bool) -> None:
    """What the page's script keeps before it submits the form (LOGON)."""
    jar, until = client.jar, client.clock + FORTNIGHT
    jar.set(names.COOKIE_TEST, "1", "/owa/auth")
    jar.set("logondata", f"acc=0&lgn={logon}" if private else "acc=0", "/owa/auth", until)
    if private:
        jar.set(names.PRIVATE_COMPUTER, "true", "/", until)
    jar.set(names.POST_BACK, "0", "/")


def post_form(
    client: Agent,
    account: Account,
    settings: Settings,
    form: LogonForm,
    again: bool = False,
    on: Connection | None = None,
) -> Flow[Entry]:
    """Fill the form in and submit it: one logon, with its "logon" mark before it.

    `again`: it was refused, or the user comes back.  `on`: the connection that it must use (forcing).
    """
    client.number += 1
    number, client.account = client.number, account
    script_cookies(client, account.logon or account.address, settings.private)
    yield session_mark.logon(number, account, settings)
    request = Request(
        "POST",
        action_of(client, form),
        lines.LOGON_FORM,
        form.encode(account.logon or account.address, account.password, settings.private),
        "logon_again" if again else "logon",
        number,
        account.address,
        origin=settings.origin,
        on=on,
        control=settings.control,
        forced=settings.forced,
        attempt=Attempt.FORM,
    )
    response = yield from client.send(request)
    return (yield from _read(client, request, response))


def action_of(client: Agent, form: LogonForm) -> str:
    """Where the form posts to: never away from our hosts, whatever it says."""
    return client.target_of(form.action, names.LOGON_PAGE) or names.LOGON_POST


def _read(client: Agent, request: Request, response: Response) -> Flow[Entry]:
    number = request.session
    location = response.header(b"location")
    if response.status not in REDIRECTS or not location:
        return Entry(number, response)
    target = client.target_of(location, request.target)
    if target is None:
        yield from client.follow(request, response)  # marks it, and follows nothing
        return Entry(number, response)
    if is_logon_page(target):
        landing = yield from client.follow(request, response)
        return Entry(number, landing.response, refused=True, reason=reason_of(target))
    if target.partition("?")[0].lower() == names.ERROR_PAGE:
        yield from client.follow(request, response)
        return Entry(number, response)
    return Entry(number, response, target)
