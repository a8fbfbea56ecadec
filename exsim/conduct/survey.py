"""Before any verdict on a balancer that is not ours: what does it keep, and may X-FEServer be believed?

A few dozen GETs without a cookie, one after the other; what was seen stands in the run's history like
anything else, and is judged again from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from exsim.conduct.probe_target import Place
from exsim.conduct.rig_place import rig_place
from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.gate import Gate
from exsim.drive.hub import HubWorld, run_until, stamper
from exsim.drive.pace import pace_of
from exsim.drive.target import Resumption
from exsim.drive.tls import resumable
from exsim.protocols import PROTOCOLS
from exsim.protocols.flow import Flow, Response
from exsim.protocols.owa import survey
from exsim.runs.addresses import places
from exsim.runs.dice import Source
from exsim.runs.history import HistoryWriter
from exsim.runs.rig import Rig
from exsim.session import keeping as steps
from exsim.session.attempts import Attempts
from exsim.session.attribution import Attribution
from exsim.session.hop import Evidence, Hop, Line
from exsim.session.keeping import Keeping, is_foreign, keeping, seen
from exsim.session.trust import Trust, trust_in
from exsim.wire import names

LIMIT = 120.0  # seconds for all of it
MOST_SOURCES = 24  # addresses that are tried
USER = 0  # in the history: nobody's
FILE = "w0-survey.jsonl"
REQUEST_IDS = 900  # the survey's own stream of ids


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What was found, and the lines that show it."""

    kept: Keeping
    trust: Trust
    values: dict[str, str] = field(default_factory=dict)  # of the balancer's cookie -> node
    lines: tuple[Line, ...] = ()


def most_requests(sources: Sequence[str], nodes: int = 0) -> int:
    """How many requests a survey sends at most, from so many addresses, and to so many nodes by themselves."""
    return survey.MOST_REQUESTS + 2 * len(sources[:MOST_SOURCES]) + nodes


class _Foreign:
    """The names of cookies that are not Exchange's: nobody is logged on, so their values are no secrets yet."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and is_foreign(name)


class Surveyor:
    """Clients of one world, one for each source address, and what they were answered."""

    def __init__(
        self, place: Place, seed: int, zero: float | None = None, per_second: float | None = None
    ) -> None:
        self.place = place
        self.pace = pace_of(per_second)  # one for all its clients: it is the target that is spared
        self.lines: list[Line] = []
        self.source = Source(seed)
        self.ids = self.source.request_ids(REQUEST_IDS)
        self.salt = bytes.fromhex(self.source.salt())
        self.crash: Exception | None = None
        self.world = HubWorld(place.targets, zero, on_crash=self._crashed)
        self.clients: list[Client] = []

    def client(self, source: str = "", world: HubWorld | None = None) -> Client:
        """A client that connects from `source`; "" leaves that to the system."""
        protocol = PROTOCOLS["owa"]
        here = world or self.world
        made = Client(
            here,
            Identity(USER, protocol.name, 1, source),
            self._observe,
            self.lines.append,
            self.ids,
            CookieHasher(self.salt, _Foreign()),
            stamper(self.world.started),
        )
        if self.pace is not None:
            Gate(here, Attempts(), self.pace).follow(made)
        self.clients.append(made)
        return made

    def run(self, client: Client, flow: Flow[Any]) -> Any:
        """Run one experiment to its end; what a flow of ours raised is raised again."""
        task = client.run(flow, "survey")
        run_until(task, LIMIT)
        if self.crash is not None:
            raise self.crash
        return task.result

    def close(self) -> None:
        for client in self.clients:
            client.stop()

    @property
    def hops(self) -> list[Hop]:
        return [line for line in self.lines if isinstance(line, Hop)]

    def _observe(self, request: Any, response: Response) -> Evidence:
        return PROTOCOLS["owa"].observe(request, response, ())

    def _crashed(self, error: Exception) -> None:
        self.crash = self.crash or error
        self.world.later(0, self.close)


def survey_of(
    rig: Rig,
    path: Path,
    sources: Sequence[str],
    seed: int,
    zero: float | None = None,
    run: str = "survey",
    per_second: float | None = None,
) -> Surveyed:
    """Ask the balancer of `rig`, and each node by itself.  Raises what `rig_place` raises.

    `run`: whose requests these are, as they say themselves; `per_second`: how many of them at most.
    """
    surveyor = Surveyor(rig_place(rig, path, run=run), seed, zero, per_second)
    try:
        for node in rig.nodes:
            surveyor.run(surveyor.client(), survey.node_by_itself(node))
        _ask_balancer(surveyor, rig, sources)
    finally:
        surveyor.close()
    return _told(surveyor.lines, rig, surveyor.salt)


def _ask_balancer(surveyor: Surveyor, rig: Rig, sources: Sequence[str]) -> None:
    ours = surveyor.client()
    first: Response | None = surveyor.run(ours, survey.first_look())
    if first is None or first.status is None:
        return
    found = dict(survey.cookies_in(first))
    named = bool(first.header(b"x-feserver") or first.header(b"x-diaginfo"))
    if trust_in(surveyor.lines, Attribution()).distrusted:
        named = False  # a header that cannot be believed names nobody
    path = names.OWA if named or found else survey.HEALTH
    surveyor.run(ours, survey.one_connection(path))
    surveyor.run(ours, survey.new_connections(path, steps.ON_NEW, survey.ON_NEW))
    for name, value in _cookies(surveyor.hops):
        surveyor.run(ours, survey.cookie_shown(path, name, value, named))
    if not found and rig.url.startswith("https:"):
        _resume(surveyor, rig, path)
    _from_sources(surveyor, sources, path)


def _cookies(hops: Iterable[Hop]) -> list[tuple[str, str]]:
    """The first values of the first cookies that were set and are not Exchange's."""
    found: dict[str, dict[str, None]] = {}
    for hop in hops:
        for name, value in hop.set_cookies.items():
            if value and is_foreign(name) and not hop.origin:
                found.setdefault(name, {})[value] = None
    return [
        (name, value)
        for name, values in list(found.items())[: survey.COOKIES]
        for value in list(values)[: survey.VALUES]
    ]


def _resume(surveyor: Surveyor, rig: Rig, path: str) -> None:
    """New connections that resume one TLS session, where the balancer lets them."""
    resumption = Resumption()
    insecure = rig.insecure and not rig.lb_ca
    tls = resumable(rig.lb_ca or (None if rig.ca == "system" else rig.ca), insecure)
    target = replace(surveyor.place.targets[None], tls=tls, resumption=resumption)
    world = HubWorld({None: target}, surveyor.world.started, on_crash=surveyor._crashed)
    client = surveyor.client(world=world)
    before = len(surveyor.lines)
    surveyor.run(client, survey.new_connections(path, steps.RESUMED, survey.RESUMED))
    if resumption.resumed < survey.RESUMED - 1:  # it was not tried, so that nothing is said of it
        del surveyor.lines[before:]


def _from_sources(surveyor: Surveyor, sources: Sequence[str], path: str) -> None:
    """Each address twice, in an order that is not theirs: in order, two ways of choosing look alike."""
    wanted = list(sources)[:MOST_SOURCES]
    if len(wanted) < 2:
        return
    surveyor.source.dice("survey").shuffle(wanted)
    clients = {source: surveyor.client(source) for source in wanted}
    for _ in range(2):
        for source in wanted:
            surveyor.run(clients[source], survey.from_source(path))


def _told(lines: Sequence[Line], rig: Rig, salt: bytes) -> Surveyed:
    """What the lines show; cookies that turned out not to be the balancer's are no longer in clear."""
    hops = [line for line in lines if isinstance(line, Hop)]
    kept, trust = read_survey(hops, rig.nodes, rig.lb_servers)
    values = {value: node for node, value in kept.values.items()} if kept.named else {}
    return Surveyed(kept, trust, values, tuple(_covered(line, kept.cookie, salt) for line in lines))


def read_survey(
    hops: Sequence[Hop], nodes: Mapping[str, str], lb_servers: Mapping[str, str]
) -> tuple[Keeping, Trust]:
    """The same from a history: what the balancer keeps, and which names are not believed."""
    cookies = list(
        dict.fromkeys(name for hop in hops for name in hop.set_cookies if is_foreign(name))
    )
    around = places(nodes)
    trust = trust_in(hops, Attribution(lb_servers, None, cookies, addresses=around))
    attribution = Attribution(
        lb_servers, None, cookies, addresses=around, distrusted=trust.distrusted
    )
    for hop in hops:  # what a later answer teaches holds for the earlier ones too
        attribution.front_end(hop)
    answered = [hop for hop in hops if hop.status is not None]
    return keeping([seen(hop, attribution.front_end(hop)[0] or "") for hop in answered]), trust


def _covered(line: Line, cookie: str, salt: bytes) -> Line:
    if not isinstance(line, Hop):
        return line
    hide = CookieHasher(salt, frozenset([cookie]))
    sent = {name: _hashed(hide, name, value) for name, value in line.cookies.items()}
    set_ = {
        name: value if value is None else _hashed(hide, name, value)
        for name, value in line.set_cookies.items()
    }
    return msgspec.structs.replace(line, cookies=sent, set_cookies=set_)


def _hashed(hasher: CookieHasher, name: str, value: str) -> str:
    return hasher.hash(name, value) if is_foreign(name) else value


def write_survey(done: Surveyed, folder: Path) -> None:
    """Into the run's history."""
    with HistoryWriter(folder / FILE) as writer:
        for line in done.lines:
            writer.append(line)
