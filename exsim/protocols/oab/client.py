"""One Outlook and its offline address book: where is it, and what is new in it?

Its manifest is fetched as Outlook does once a day; the files that it names are not.  An address elsewhere is
marked "not_asked": credentials go to the scenario's hosts alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent
from exsim.protocols.autodiscover import places
from exsim.protocols.flow import Flow, Mark, Request, Response
from exsim.protocols.negotiate import Signer, authenticated
from exsim.protocols.oab import evidence
from exsim.protocols.oab.settings import Settings
from exsim.protocols.succession import anew, visits
from exsim.wire import names

PATIENCE = 30.0  # seconds for one answer (*assumed*)
KNOWN_AS = "oab"  # what the client's memory calls the directory of its address book
ASKING = (("Content-Type", "text/xml; charset=utf-8"), ("Accept", "text/xml"))
FETCHING = (("Accept", "*/*"), ("User-Agent", names.OAB_AGENT))


@dataclass(slots=True)
class Visit:
    """One session.  `ended`: "" while it goes on, else refused or unmeasured."""

    client: Agent
    account: Account
    settings: Settings
    signer: Signer
    ended: str = ""


def live(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """What one client does, session after session.  Never raises for what a server answers."""

    def one(signer: Signer) -> Flow[str]:
        visit = Visit(client, account, settings, signer)
        yield from _session(visit)
        return visit.ended

    yield from visits(client, account, settings, one)


def _session(visit: Visit) -> Flow[None]:
    client, settings = visit.client, visit.settings
    client.number += 1
    yield session_mark.logon(client.number, visit.account, settings)
    for turn in range(settings.polls):
        if turn:
            yield from client.rest(settings.think * client.dice.uniform(0.5, 1.5))
        place = settings.path or client.memory.get(KNOWN_AS) or (yield from _locate(visit))
        if place and not visit.ended:
            target = f"{place.rstrip('/')}/{names.OAB_MANIFEST}"
            yield from _ask(visit, _request(visit, "GET", target, "manifest", FETCHING))
        if visit.ended:
            return
    if settings.logoff:
        yield session_mark.logoff(client.number, visit.account)


def _locate(visit: Visit) -> Flow[str]:
    """The address book's directory, as Autodiscover tells it at the scenario's own host."""
    client, path = visit.client, names.AUTODISCOVER_POX
    request = _request(visit, "POST", path, evidence.LOCATE, ASKING)
    url = f"https://{client.host}{path}"
    request.body = places.question(path, visit.account.address, "pox", url)
    response = yield from _ask(visit, request)
    told = evidence.place_in(response.body) if response.status == 200 else ""
    if not told:
        return ""
    target = client.target_of(told, path)
    if target is None:
        why = "this client asks only the scenario's hosts, by TLS"
        facts = {"number": client.number, "account": visit.account.address, "step": "manifest"}
        yield Mark("not_asked", {**facts, "url": told, "why": why})
        return ""
    found = target.partition("?")[0]
    client.memory[KNOWN_AS] = found
    yield from anew(client)  # Outlook asks Autodiscover itself, and has Windows (BITS) fetch files
    return found


def _ask(visit: Visit, request: Request) -> Flow[Response]:
    response = yield from authenticated(visit.client, request, visit.signer)
    if visit.signer.unmeasured:
        visit.ended = "unmeasured"
    elif response.status == evidence.UNAUTHORIZED and visit.settings.authentication != "none":
        visit.ended = "refused"
    return response


def _request(
    visit: Visit, method: str, target: str, step: str, headers: tuple[tuple[str, str], ...]
) -> Request:
    settings = visit.settings
    return Request(
        method,
        target,
        headers,
        step=step,
        session=visit.client.number,
        account=visit.account.address,
        origin=settings.origin,
        timeout=PATIENCE,
        control=settings.control,
        forced=settings.forced,
    )
