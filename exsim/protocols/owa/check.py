"""One account, logged on once and off again: is its password good, and where does its mailbox live?

What stands in the way of a test is told apart here, before anything is called lost or wrong: another
logon page than Exchange's, no logon cookies, a second factor, the page of a first logon, a client access
rule.  All hops are marked control.
"""

from __future__ import annotations

from dataclasses import replace

from exsim.protocols.agent import REDIRECTS, Account, Agent, other_end
from exsim.protocols.checked import (
    ACCEPTED,
    BLOCKED,
    ELSEWHERE,
    ERROR,
    EXPIRED,
    LANGUAGE,
    NO_COOKIES,
    NO_FORM,
    NOT_SENT,
    REFUSED,
    Checked,
)
from exsim.protocols.flow import Flow, Request, Response
from exsim.protocols.owa import brought, leave, logon, opening
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.actions import ACTIONS
from exsim.protocols.owa.evidence import build_in, observe
from exsim.protocols.owa.markup import is_logon_page, is_start_page, read_boot_page
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings
from exsim.wire import names
from exsim.wire.builds import version_of_build

BLOCKING = frozenset((names.REASON_BLOCKED, names.REASON_EAC_BLOCKED))
CALL = "FindItem"  # its answer says the back end's build (CAP16)
SERVER_ERRORS = 500


def check(client: Agent, account: Account) -> Flow[Checked]:
    """Log on once, look where the mailbox lives, log off.  No password is ever sent twice."""
    yield from client.rest(0)
    if brought.is_brought(account):
        return (yield from _brought(client, account))
    settings = Settings(control=True, notifications=False)
    shown = yield from opening.open_owa(client, account, settings, client.number)
    if shown.form is None:
        return _no_form(account, shown)
    entry = yield from logon.post_form(client, account, settings, shown.form)
    checked = _entry(account, client, entry)
    if checked.status != ACCEPTED or entry.destination is None:
        return checked
    page = Page(client, account, settings, entry.number)
    page.legacy = shown.form.legacy
    checked = yield from _look(page, entry.destination, checked)
    yield from leave.give_back(client, account, settings)
    return checked


def _brought(client: Agent, account: Account) -> Flow[Checked]:
    """The same where exsim does not log on itself; a browser's session is never logged off."""
    checked, page, target = yield from brought.check(client, account)
    if page is None:
        return checked
    checked = yield from _look(page, target, checked)
    if page.settings.logoff:
        yield from leave.give_back(client, account, page.settings)
    return checked


def _no_form(account: Account, shown: opening.Shown) -> Checked:
    response = shown.response
    if shown.is_start_page and is_start_page(response.body):
        return Checked(account.address, NO_COOKIES)
    if response.status is None or response.status >= SERVER_ERRORS:
        return Checked(account.address, ERROR, _said(response))
    return Checked(account.address, NO_FORM, _said(response))


def _get(target: str) -> Request:
    return Request("GET", target)


def _said(response: Response) -> str:
    return str(response.status or response.error or "no answer")


def _entry(account: Account, client: Agent, entry: logon.Entry) -> Checked:
    """What the answer to the form says."""
    response, address = entry.response, account.address
    said = Checked(address, ERROR, _said(response), response.header(b"x-feserver") or "")
    if response.error == "not_allowed":
        return replace(said, status=NOT_SENT)
    if entry.refused:
        status = BLOCKED if entry.reason in BLOCKING else REFUSED
        return replace(said, status=status, detail=entry.reason)
    if entry.destination is None:
        location = response.header(b"location")
        if response.status in REDIRECTS and location and not client.target_of(location, "/"):
            return replace(said, status=ELSEWHERE, detail=other_end(location))
        return said
    if entry.destination.partition("?")[0].lower() == names.EXPIRED_PASSWORD:
        return replace(said, status=EXPIRED)
    jar = client.jar
    if jar.value(names.CADATA) is None and jar.value(names.E14_SESSION) is None:
        return replace(said, status=NO_COOKIES)
    return replace(said, status=ACCEPTED)


def _look(page: Page, destination: str, checked: Checked) -> Flow[Checked]:
    """The start page, and one call that says which build stands behind it."""
    request = page.request("GET", destination, "boot", lines.NAVIGATION)
    landing = yield from page.client.visit(request)
    response = landing.response
    location = response.header(b"location")
    if response.status in REDIRECTS and location:  # nobody followed it: it leads away
        return replace(checked, status=ELSEWHERE, detail=other_end(location))
    path = landing.target.partition("?")[0].lower()
    kind = observe(_get(landing.target), response).is_
    if path == names.LANGUAGE_PAGE or kind == "language_page":
        return replace(checked, status=LANGUAGE)
    if is_logon_page(landing.target) or response.status != 200:
        return checked  # the password is good; who throws sessions out is for the run to find
    checked = replace(checked, back_end=_back_end(response))
    said = read_boot_page(response.body)
    page.build, page.client_id = said.build, said.client_id
    if page.legacy:
        return replace(checked, home="2010")
    answer = yield from page.client.send(page.service(ACTIONS[CALL], "service"))
    build = build_in(answer.body) or ""
    return replace(
        checked,
        back_end=_back_end(answer) or checked.back_end,
        home=version_of_build(build),
    )


def _back_end(response: Response) -> str:
    said = response.header(b"x-calculatedbetarget") or response.header(b"x-beserver") or ""
    return said.partition(".")[0].strip().upper()
