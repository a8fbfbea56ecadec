"""Forcing: one session is begun at a chosen node and then meets another chosen one, by GET and by POST.

The login node is the one that accepts the POST.  Ways, in order: its own address, the balancer's cookie,
the connection on which it answered a request without cookies; and when the balancer spreads the requests
of one connection: log on, look who accepted, log off, again.  Every hop is marked forced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Mark, Request, Response
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa import logon, opening
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings
from exsim.protocols.owa.way import Farm, Way, find, front_end_of, leave_way
from exsim.wire import names

ANY = Way("")  # the balancer spreads the requests of one connection: no way leads to a node


@dataclass(frozen=True, slots=True)
class Forced:
    """What came of it.  `met`: the wanted node answered this session's cookies; `kept`: it served them."""

    login: str
    serving: str
    accepted_by: str | None = None
    met: bool = False
    kept: bool = False
    logons: int = 0


def force(
    client: Agent, account: Account, settings: Settings, login: str, serving: str, farm: Farm
) -> Flow[Forced]:
    """Begin a session at `login`, let `serving` meet it, log off.  Marks "not_forced" when it cannot be."""
    yield from client.rest(0)
    settings = replace(settings, forced=True, wanted=settings.wanted or f"{login}>{serving}")
    result, spread = Forced(login, serving), False
    for attempt in range(1, farm.tries + 1):
        way = ANY if spread else (yield from find(farm, login, forced=True))
        if way is None:
            break
        _take(client, way, farm)
        page, response = yield from _log_on(client, account, settings, way)
        accepted_by = front_end_of(response, farm)
        result = replace(result, accepted_by=accepted_by, logons=attempt)
        if page is not None and accepted_by == login.upper():
            result = yield from _meet(page, way, farm, result)
        elif page is not None:
            yield from _log_off(page, way)
            yield from _shift(client, settings, farm)
        yield from leave_way(way)
        if page is None or accepted_by == login.upper():
            break  # refused: no password is tried twice; or all was done that could be
        spread = way.connection is not None or spread
    if not result.met:
        yield Mark("not_forced", {"number": client.number, "login": login, "serving": serving})
    return result


def _shift(client: Agent, settings: Settings, farm: Farm) -> Flow[None]:
    """A few requests without a session: a balancer that counts requests is not asked at the same count again."""
    for _ in range(client.dice.randrange(0, max(1, len(farm.nodes)))):
        yield Request("GET", names.LOGON_PAGE, lines.NAVIGATION, step="find", forced=True)


def _take(client: Agent, way: Way, farm: Farm) -> None:
    """From here on the balancer's cookie, where it has one, leads this browser along `way`."""
    if way.persistence is not None:
        client.jar.set(farm.lb_cookie, way.persistence)


def _log_on(
    client: Agent, account: Account, settings: Settings, way: Way
) -> Flow[tuple[Page | None, Response]]:
    settings = replace(settings, origin=way.origin)
    shown = yield from opening.open_owa(client, account, settings, client.number)
    if shown.form is None:
        return None, shown.response
    entry = yield from logon.post_form(client, account, settings, shown.form, on=way.connection)
    if entry.destination is None:
        return None, entry.response
    page = Page(client, account, settings, entry.number)
    page.legacy = shown.form.legacy
    return page, entry.response


def _meet(page: Page, way: Way, farm: Farm, result: Forced) -> Flow[Forced]:
    """The start page at the login node, then both requests at the wanted one, then log-off."""
    there: Way | None = way
    if way is not ANY:
        yield from _ask(page, way, "GET", "boot")
        if result.serving != result.login:
            there = yield from find(farm, result.serving, forced=True)
    if there is not None:
        _take(page.client, there, farm)
        result = yield from _show(page, there, farm, result)
        _take(page.client, way, farm)
    if still_in(page):
        yield from _log_off(page, way)
    if there is not way:
        yield from leave_way(there)
    return result


def _show(page: Page, way: Way, farm: Farm, result: Forced) -> Flow[Forced]:
    """Ask by GET and by POST; where any node may answer, until the wanted one did both."""
    wanted = result.serving.upper()
    for method, step in (("GET", "boot"), ("POST", "sessiondata")):
        for _ in range(farm.tries if way is ANY else 1):
            if not still_in(page):
                return result
            response = yield from _ask(page, way, method, step)
            if front_end_of(response, farm) == wanted:
                served = still_in(page) and response.status == 200
                result = replace(result, met=True, kept=served and (result.kept or not result.met))
                break
    return result


def still_in(page: Page) -> bool:
    """Whether the jar still holds logon cookies."""
    return page.client.jar.value(names.CADATA) is not None


def _ask(page: Page, way: Way, method: str, step: str) -> Flow[Response]:
    if method == "GET":
        request = page.request(method, names.OWA, step, lines.NAVIGATION)
    elif page.legacy:
        request = page.event("Monitoring", "Ping", step, user=True)
    else:
        target = f"{names.SESSION_DATA}?appcacheclient=0"
        request = page.request(method, target, step, lines.SCRIPT_CALL, b"")
    return (yield from page.client.send(_by(request, way)))


def _by(request: Request, way: Way) -> Request:
    request.origin, request.on = way.origin, way.connection
    return request


def _log_off(page: Page, way: Way) -> Flow[None]:
    page.left = "logged_off"
    yield session_mark.logoff(page.number, page.account)
    request = _by(page.request("GET", names.LOGOFF, "logoff", lines.NAVIGATION), way)
    yield from page.client.send(request)
