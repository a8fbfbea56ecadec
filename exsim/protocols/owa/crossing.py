"""One logon at one node, and copies of its cookies shown to others: who can read whose logon?

A copy holds the logon cookies and what else came with them (a second factor's), and no answer ever reaches it.  Each showing is a password
attempt where the front end can read the copy, because it then logs on with what the cookie holds (E13);
whoever calls counts them.  All hops are marked control.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exsim.protocols.agent import REDIRECTS, Account, Agent, other_end
from exsim.protocols.flow import CookieLine, Flow, Request, Response
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa import logon, opening
from exsim.protocols.owa.evidence import observe
from exsim.protocols.owa.fingerprint import TIMEOUT, Issued, issued
from exsim.protocols.owa.markup import reason_of
from exsim.protocols.owa.page import XML_CALL
from exsim.protocols.owa.settings import Settings
from exsim.protocols.owa.way import Farm, Way, front_end_of
from exsim.session import attempts
from exsim.session.signs import host_of
from exsim.wire import names

BY_BACK_END = ", turned down by back end "  # of a refusal that came after the cookies were read
READABLE, LOGIN_TIMEOUT, ELSEWHERE, ERROR = "readable", "login_timeout", "elsewhere", "error"
REASONS = {
    names.REASON_NONE: "reason_0",
    names.REASON_CREDENTIALS: "reason_2",
    names.REASON_TIMEOUT: "reason_3",
}
COPIED = frozenset((*names.LOGON_COOKIES, *names.E14_LOGON_COOKIES))
# Statuses of a back end about the request itself: the front end had let it pass (E13).
PASSED_ON = frozenset(
    (names.PING_OK, names.CANARY_REFUSED, names.VERSION_MISMATCH, names.LANGUAGE_NEEDED)
)
STEP = "crossing"


@dataclass(frozen=True, slots=True)
class Copy:
    """The cookies of one logon, as they were issued.  `legacy`: of 2010's form.  `hosts`: the service's own."""

    issuer: str
    account: Account
    private: bool
    legacy: bool = False
    session: int = 0
    hosts: frozenset[str] = frozenset()
    cookies: CookieLine = field(default_factory=lambda: CookieLine({}))
    issued: Issued = field(default_factory=Issued)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one logon.  `status`: accepted, refused, no_form, or error with what `detail` says."""

    status: str
    front_end: str | None
    detail: str = ""
    copy: Copy | None = None
    tried: bool = True  # a password was sent


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer to a copy.  `says`: readable, reason_0, reason_2, reason_3, login_timeout, elsewhere or error.

    `back_end`: who stood behind it, in capitals; `version`: what that one says of its build.
    """

    front_end: str | None
    method: str
    says: str
    detail: str = ""
    back_end: str = ""
    version: str = ""


def log_on(client: Agent, account: Account, private: bool, way: Way, farm: Farm) -> Flow[Attempt]:
    """One logon by `way`, never a second one: from the logon page to the answer to the form."""
    settings = Settings(private=private, origin=way.origin, control=True)
    yield from client.rest(0)
    if way.persistence is not None and farm.lb_cookie:
        client.jar.set(farm.lb_cookie, way.persistence)
    shown = yield from opening.open_owa(client, account, settings, client.number, on=way.connection)
    if shown.form is None:
        status = shown.response.status
        kind = "no_form" if status is not None and status < 500 else "error"
        what = f"{status} without a logon form" if status else shown.response.error or "no answer"
        return Attempt(kind, _who(shown.response, way, farm), what, tried=False)
    entry = yield from logon.post_form(client, account, settings, shown.form, on=way.connection)
    who = _who(entry.response, way, farm)
    if entry.refused:
        return Attempt("refused", who)
    given = issued(entry.response)
    values = _logon_cookies(client, _beside(entry.response, farm.lb_cookie))
    if entry.destination is None or not values:
        status = entry.response.status
        return Attempt("error", who, str(status) if status else entry.response.error or "no answer")
    copy = Copy(
        who or way.node,
        account,
        private,
        shown.form.legacy,
        entry.number,
        client.hosts,
        CookieLine(values),
        given,
    )
    return Attempt("accepted", who, copy=copy)


def _logon_cookies(client: Agent, beside: frozenset[str]) -> dict[str, str]:
    """What a copy holds; nothing where there are no logon cookies of Exchange's."""
    held = client.jar.line(names.OWA, client.clock).values
    found = {name: value for name, value in held.items() if name in COPIED | beside}
    return found if COPIED & found.keys() else {}


def _beside(response: Response, lb_cookie: str) -> frozenset[str]:
    """The cookies that the answer to the form sets; the balancer's own leads to nodes, and is left out."""
    lines = response.headers_named(b"set-cookie")
    return frozenset(line.partition("=")[0].strip() for line in lines) - {lb_cookie}


def _who(response: Response, way: Way, farm: Farm) -> str | None:
    """Who answered: the node that was asked by itself, else what the answer says."""
    return way.origin or front_end_of(response, farm)


def show(copy: Copy, method: str, way: Way, farm: Farm) -> Flow[Reply]:
    """Show a copy by `way`, as a GET of the start page or as a POST of the page's scripts."""
    request = _showing(copy, method, way, farm)
    response = yield from request
    return reply(request, response, _who(response, way, farm), copy.hosts)


def _showing(copy: Copy, method: str, way: Way, farm: Farm) -> Request:
    target, headers, body = names.OWA, lines.NAVIGATION, None
    if method == "POST":
        headers = lines.SCRIPT_CALL
        target, body = f"{names.SESSION_DATA}?appcacheclient=0", b""
        if copy.legacy:
            headers = (*lines.SCRIPT_CALL, lines.XML)
            target = f"{names.E14_EVENTS}?oeh=1&ns=Monitoring&ev=Ping"
            body = XML_CALL.format(canary="").encode()
    return Request(
        method,
        target,
        headers,
        body,
        STEP,
        copy.session,
        copy.account.address,
        cookies=way.cookies(copy.cookies, farm.lb_cookie),
        origin=way.origin,
        on=way.connection,
        timeout=TIMEOUT,
        control=True,
        attempt=attempts.Attempt.REPLAY,
    )


def reply(
    request: Request, response: Response, who: str | None, hosts: frozenset[str] = frozenset()
) -> Reply:
    """What an answer to a copy says; `hosts`: those of the service."""
    says, detail = _read(request, response, hosts)
    behind = (response.header(b"x-beserver") or "").partition(".")[0].strip().upper()
    version = (response.header(b"x-owa-version") or "") if behind else ""
    return Reply(who, request.method, says, detail, behind, version)


def _read(request: Request, response: Response, hosts: frozenset[str]) -> tuple[str, str]:
    status = response.status
    if status is None:
        return ERROR, response.error or "no answer"
    behind = response.header(b"x-beserver")
    if status in PASSED_ON or (status == names.LOGIN_TIMEOUT and behind):
        # No copy carries a canary, so that 449 is our own doing.
        return READABLE, "" if status == names.CANARY_REFUSED else str(status)
    if status == names.LOGIN_TIMEOUT:
        turned = _turned_down(response)
        return (READABLE, f"{status}{turned}") if turned else (LOGIN_TIMEOUT, "")
    if status in REDIRECTS:
        return _read_redirect(response, status, bool(behind), hosts)
    if status == 200:
        kind = observe(request, response).is_
        if kind == "logon_page":
            return REASONS[names.REASON_NONE], "the logon page, as a 200"
        if kind in ("error_page", "foreign_logon", "auto_submit"):
            return ERROR, f"200, {kind.replace('_', ' ')}"
        return READABLE, ""
    return ERROR, f"{status}{_behind(response)}"


def _read_redirect(
    response: Response, status: int, passed: bool, hosts: frozenset[str]
) -> tuple[str, str]:
    location = response.header(b"location") or ""
    page = location.partition("?")[0].lower()
    if page.endswith(names.LOGON_PAGE):
        if turned := _turned_down(response):
            return READABLE, f"{status} to the logon page{turned}"
        reason = reason_of(location)
        return REASONS.get(reason, ERROR), "" if reason in REASONS else f"reason={reason}"
    if page.endswith(names.ERROR_PAGE):
        return ERROR, f"{status} to the error page"
    if hosts and host_of(location) not in {"", *(name.partition(":")[0] for name in hosts)}:
        return ELSEWHERE, f"{status} to {other_end(location)}"
    return READABLE if passed else ERROR, f"{status}"


def _turned_down(response: Response) -> str:
    """By which back end: a front end's own refusal names none, because it asked none (E13)."""
    target = response.header(b"x-calculatedbetarget") or response.header(b"x-beserver") or ""
    return f"{BY_BACK_END}{target.partition('.')[0].upper()}" if target else ""


def _behind(response: Response) -> str:
    """Whose answer an error was, as far as it says."""
    target = response.header(b"x-calculatedbetarget")
    if response.header(b"x-beserver"):
        return f" of back end {response.header(b'x-beserver')}"
    if target:
        return f", for back end {target.partition('.')[0].upper()}"
    if response.header(b"x-feserver") or response.header(b"x-diaginfo"):
        return " of the front end"
    return ", not of a node"
