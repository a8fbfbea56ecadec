"""One client of Autodiscover: it looks for its mailbox in the usual order, and asks again now and then.

A place that does not answer is left for the next one, as clients do silently: each is marked
"autodiscover_fallback", which is a finding.  A place that this client may not ask is marked "not_asked".
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent, other_end
from exsim.protocols.autodiscover import evidence
from exsim.protocols.autodiscover.evidence import Found
from exsim.protocols.autodiscover.places import Place, places, question
from exsim.protocols.autodiscover.settings import Settings
from exsim.protocols.flow import UNAUTHORIZED, Flow, Mark, Request, Response
from exsim.protocols.negotiate import Signer, authenticated
from exsim.protocols.succession import visits
from exsim.wire import names

PATIENCE = 25.0  # seconds that a client waits for one place (*assumed*)
MOST_REDIRECTS = 10  # EXLIB
MOVED = (301, 302)
KNOWN_AS = "autodiscover"  # what the client's memory calls the path that answered last
HEADERS = (("Content-Type", "text/xml; charset=utf-8"), ("Accept", "text/xml"))
CAPABLE = ((names.MAPI_CAPABILITY, "1"), ("X-ClientCanHandle", "Negotiate, ExHttpInfo"))


@dataclass(slots=True)
class Search:
    """One session's search.  `address` is the one asked for, which a redirect may change."""

    client: Agent
    account: Account
    settings: Settings
    signer: Signer
    address: str
    redirects: int = 0
    ended: str = ""  # refused, unmeasured

    @property
    def facts(self) -> dict[str, str | int]:
        return {"number": self.client.number, "account": self.account.address}


def live(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """What one client does, session after session.  Never raises for what a server answers."""

    def one(signer: Signer) -> Flow[str]:
        search = Search(client, account, settings, signer, account.address)
        yield from _session(search)
        return search.ended

    yield from visits(client, account, settings, one)


def _session(search: Search) -> Flow[None]:
    client, settings = search.client, search.settings
    client.number += 1
    yield session_mark.logon(client.number, search.account, settings)
    if settings.form == "pox":
        yield from _smoke(search)
    for turn in range(settings.polls):
        if turn:
            yield from client.rest(settings.think * client.dice.uniform(0.5, 1.5))
        if search.ended:
            return
        search.address, search.redirects = search.account.address, 0
        yield from look(search)
    if settings.logoff and not search.ended:
        yield session_mark.logoff(client.number, search.account)


def _smoke(search: Search) -> Flow[None]:
    """A plain GET: an administrator's first look, and error 600 when all is well.

    Of the other forms' clients none sends it; and behind a balancer that has another group of servers for the
    SOAP form's path it would be what signs their connection in at the wrong place.
    """
    request = _request(search, "GET", names.AUTODISCOVER_POX, "smoke")
    yield from _ask(search, request)


def look(search: Search) -> Flow[Found | None]:
    """One search through the places, the last known one first; what was found."""
    for place in _ordered(search):
        if search.ended:
            return None
        if not place.path or place.host not in _hosts(search):
            why = "this client asks only the scenario's hosts, by TLS"
            yield Mark("not_asked", {**search.facts, "step": place.step, "url": place.url, "why": why})  # fmt: skip
            continue
        found, why = yield from _at(search, place)
        if found is not None:
            search.client.memory[KNOWN_AS] = place.url
            return found
        if not search.ended and search.settings.authentication != "none":
            facts = {**search.facts, "step": place.step, "url": place.url, "why": why}
            yield Mark("autodiscover_fallback", facts)
    return None


def _ordered(search: Search) -> list[Place]:
    settings, host = search.settings, search.client.host
    found = list(places(search.address, host, settings.form, settings.joined))
    known = search.client.memory.get(KNOWN_AS)
    return sorted(found, key=lambda place: place.url != known)


def _hosts(search: Search) -> frozenset[str]:
    return frozenset(name.partition(":")[0] for name in search.client.hosts)


def _at(search: Search, place: Place) -> Flow[tuple[Found | None, str]]:
    """Ask one place, and whoever it sends on to; what was found, or why nothing was."""
    path, step = place.path, place.step
    while True:
        request = _question(search, path, step)
        response = yield from _ask(search, request)
        found = evidence.read(response.body) if response.status == 200 else None
        if response.status in MOVED:
            target = response.header(b"location") or ""
        elif found is not None and found.url:
            target = found.url
        elif found is not None and found.address:
            again = found.address.lower() == search.address.lower()
            search.address, target = found.address, path if not again else ""
        elif found is not None and evidence.kind_of(request, found) == "answer":
            return found, ""
        else:
            return None, _why(response, found)
        search.redirects += 1
        if not target or search.redirects > MOST_REDIRECTS:
            yield Mark("redirect_loop", {**search.facts, "step": step})
            return None, "redirects without end"
        way = search.client.target_of(target, path)
        if way is None:
            yield Mark("other_host", {**search.facts, "step": step, "location": other_end(target)})
            return None, "leads to another host"
        path, step = way, "redirect"


def _why(response: Response, found: Found | None) -> str:
    if found is not None:
        return f"error {found.code}"
    if response.status is None:
        return response.error or "no answer"
    return f"status {response.status}" if response.status != 200 else "unreadable"


def _ask(search: Search, request: Request) -> Flow[Response]:
    """Send it, signing in as far as that takes.  Refused credentials are not tried at the next place."""
    response = yield from authenticated(search.client, request, search.signer)
    if search.signer.unmeasured:
        search.ended = "unmeasured"
    elif response.status == UNAUTHORIZED and search.settings.authentication != "none":
        search.ended = "refused"
    return response


def _question(search: Search, path: str, step: str) -> Request:
    request = _request(search, "POST", path, step)
    url = f"https://{search.client.host}{path}"
    plain = path.partition("?")[0]
    request.body = question(plain, search.address, search.settings.form, url)
    return request


def _request(search: Search, method: str, target: str, step: str) -> Request:
    settings = search.settings
    headers = HEADERS + CAPABLE if settings.mapi_http else HEADERS
    return Request(
        method,
        target,
        headers if method == "POST" else (),
        step=step,
        session=search.client.number,
        account=search.account.address,
        origin=settings.origin,
        timeout=PATIENCE,
        control=settings.control,
        forced=settings.forced,
    )
