"""A doctor's visit in memory: an organisation with its presets, a balancer or none, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

from exsim.conduct.doctor_chart import Budget
from exsim.conduct.doctor_visit import Visit
from exsim.conduct.doctor_ways import Addresses, Balancer, Ways
from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.judgement.evidence import DoctorFacts
from exsim.org.node import Node
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account, Agent
from exsim.protocols.owa.way import Farm
from exsim.runs.dice import Source
from exsim.session.hop import Hop, Line
from tests.rig.balancers import PerConnection, PerRequest
from tests.rig.memory import Network, request_ids
from tests.rig.slice import INCIDENT, farm

E14 = [{"name": f"EXCH10-0{number}", "version": "2010"} for number in (1, 2)]


class Dated:
    """A node whose answers carry its own Date, as the node process adds it."""

    def __init__(self, node: Node, clock: Any, offset: float) -> None:
        self._node, self._clock, self._offset = node, clock, offset
        self.back = node.back

    def front(self, request: Any, peer: Any) -> Any:
        made = yield from self._node.front(request, peer)
        if made is not None:
            date = formatdate(int(self._clock() + self._offset), usegmt=True)
            made.headers.append(("Date", date))
        return made


@dataclass
class Visited:
    """What one visit left."""

    facts: DoctorFacts
    visit: Visit
    hops: list[Hop]

    def cell(self, from_: str, to: str, public: bool = False) -> tuple[str, str]:
        found = next(
            one
            for one in self.facts.cookie_matrix
            if (one.from_, one.to, one.public) == (from_, to, public)
        )
        return found.get, found.post

    def node(self, name: str) -> Any:
        return next(one for one in self.facts.nodes if one.name == name)


@dataclass
class Theatre:
    """An organisation in memory, one client, and what it sent."""

    network: Network
    client: Client
    people: list[Account]
    versions: dict[str, str]
    hops: list[Hop]
    source: Source

    def browser(self, account: Account) -> Agent:
        """A new browser of `account`."""
        return Agent("exchange.isp.com.au", self.source.dice("browser"), account)

    def run(self, flow: Any) -> Any:
        """Run a flow to its end; what it returned."""
        task = self.client.run(flow, "theatre")
        self.network.world.run()
        return task.result


def theatre(
    *presets: str,
    nodes: Sequence[Mapping[str, Any]] = INCIDENT,
    balancer: type[PerRequest] = PerConnection,
    accounts: int = 3,
    prepare: Any = lambda network: None,
) -> Theatre:
    """Everything that a flow needs to be run against an organisation."""
    organisation, people = farm(nodes, presets or ("healthy",), accounts)
    names = [node.name for node in organisation.nodes]
    network = Network({}, balancer(names), scheme="https")
    for node in organisation.nodes:
        made = Node(organisation, node.name, network.world.wall, lambda confession: None)
        network.nodes[node.name] = Dated(made, network.world.wall, node.front_end.clock_offset)
    prepare(network)
    hops: list[Hop] = []

    def sink(line: Line) -> None:
        if isinstance(line, Hop):
            hops.append(line)

    client = Client(
        network.world,
        Identity(user=1, protocol="owa"),
        lambda request, response: PROTOCOLS["owa"].observe(request, response, ()),
        sink,
        request_ids(),
        CookieHasher(b"salt"),
        stamper(network.world.wall()),
    )
    versions = {node.name: node.version for node in organisation.nodes}
    return Theatre(network, client, people, versions, hops, Source(7))


def visited(
    *presets: str,
    nodes: Sequence[Mapping[str, Any]] = INCIDENT,
    balancer: type[PerRequest] | None = None,
    accounts: int = 3,
    budget: int = 40,
    passwords: Mapping[int, str] | None = None,
    strip: Sequence[str] = (),
    prepare: Any = lambda network: None,
) -> Visited:
    """Visit an organisation: at its nodes' addresses, or through `balancer` alone.

    `passwords`: number of an account -> what is typed instead.  `strip`: headers that the balancer drops.
    """
    kind = stripping(balancer or PerConnection, strip)
    made = theatre(*presets, nodes=nodes, balancer=kind, accounts=accounts, prepare=prepare)
    for number, password in (passwords or {}).items():
        made.people[number] = replace(made.people[number], password=password)
    names = list(made.versions)
    ways: Ways = Addresses(Farm(names, names), made.versions)
    if balancer is not None:
        ways = Balancer(Farm(()), made.versions, made.source.dice("doctor"))
    visit = Visit(ways, made.people, Budget(budget), made.browser, lambda: len(made.hops))
    made.run(visit.flow())
    return Visited(visit.facts(), visit, made.hops)


def stripping(kind: type[PerRequest], headers: Sequence[str]) -> type[PerRequest]:
    """A balancer that removes some headers of every answer."""
    unwanted = {name.lower() for name in headers}

    class Stripping(kind):  # type: ignore[misc,valid-type]
        def answered(self, line: Any, asked: Any, node: str, answer: Any) -> None:
            super().answered(line, asked, node, answer)
            answer.headers[:] = [it for it in answer.headers if it[0].lower() not in unwanted]

    return Stripping
