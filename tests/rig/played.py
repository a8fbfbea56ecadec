"""A scenario's file played in memory: its organisation, its balancer's kind, its users; what it left.

Users and logons are fewer than the scenario says, and time is Exchange's own: in memory both are free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import msgspec

from exsim.conduct.incident_runs import addresses
from exsim.conduct.observations import Watched
from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.org.node import Node
from exsim.org.settings import Organisation
from exsim.org.work import Hangup, Peer
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account as Login
from exsim.protocols.agent import Agent
from exsim.runs.accounts import Account
from exsim.runs.assignment import assign, make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import certificate_names, organisation_nodes
from exsim.runs.scenario import Scenario
from exsim.runs.sections import Population
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Line
from exsim.session.records import Findings
from exsim.wire.message import Answer, Headers, Request
from tests.rig.balancers import (
    PERSISTENCE_COOKIE,
    ByCookie,
    ByCookieButLast,
    EachAnew,
    PerConnection,
    PerRequest,
)
from tests.rig.memory import Network, request_ids
from tests.rig.slice import Slice, certificate, observer, user_mark

BALANCERS: dict[str, type[PerRequest]] = {
    "roundrobin.cfg": PerConnection,
    "roundrobin-today.cfg": PerRequest,
    "cookie.cfg": ByCookie,
    "cookie-late.cfg": ByCookieButLast,
    "closing.cfg": EachAnew,
}
USERS, LOGONS, SPAWN = 5, 3, 0.1
MONITORED = 4  # requests of each node's own health monitoring
HEALTH = "/owa/HealthCheck.htm"


def organisation_of(scenario: Scenario, accounts: Sequence[Account]) -> Organisation:
    """The scenario's organisation with these mailboxes, and real keys."""
    assert scenario.lab is not None
    nodes = organisation_nodes(scenario.lab)
    document = {
        "nodes": nodes,
        "mailboxes": [account.as_mailbox() for account in accounts],
        "certificates": {name: certificate(name) for name in certificate_names(nodes)},
        "seed": scenario.seed,
    }
    return msgspec.convert(document, Organisation)


def fewer(scenario: Scenario, users: int) -> Scenario:
    """The same with at most `users` in each population."""
    populations = tuple(
        msgspec.structs.replace(one, users=min(one.users, users)) for one in scenario.population
    )
    return msgspec.structs.replace(scenario, population=populations)


def login(account: Account) -> Login:
    return Login(account.address, account.logon, account.password, account.home)


def others_values(population: Population, more: dict[str, Any]) -> dict[str, Any]:
    """The same for a client that signs in by HTTP: what it has of a session, and its own table."""
    known = {one.name for one in fields(PROTOCOLS[population.protocol].settings)}
    said = {
        name: getattr(population.session, name) for name in population.session.__struct_fields__
    }
    said |= {
        "logons": population.session.logons or LOGONS,
        "origin": population.node or None,
        **more,
    }
    table = population.client
    own = {name: getattr(table, name) for name in table.__struct_fields__} if table else {}
    connections = {"connections": PROTOCOLS[population.protocol].connections}
    return {name: value for name, value in (said | connections).items() if name in known} | own


def values_of(population: Population, accounts: Sequence[Account]) -> dict[str, Any]:
    """What a population's flow is to do, with a few logons instead of a duration."""
    session = population.session
    if population.protocol != "owa":
        return others_values(population, {})
    return {
        "polls": session.polls,
        "think": session.think,
        "logons": session.logons or LOGONS,
        "relogin_after": session.relogin_after,
        "background": session.background,
        "hang_after": session.hang_after,
        "late_answers": session.late_answers,
        "boot_page_kept": session.boot_page_kept,
        "change_mailbox": tuple(map(login, accounts[1:])),
        "origin": population.node or None,
    }


def clients(
    scenario: Scenario, accounts: Sequence[Account]
) -> Iterator[tuple[Account, Population, dict[str, Any]]]:
    """Every client: its first account, its population, its settings; control sessions first."""
    given, first = assign(scenario, accounts), scenario.population[0]
    spare = iter(given.spare)
    for node in scenario.node_names:
        for _ in range(min(scenario.load.control, 1)):
            account = next(spare)
            values = {**values_of(first, [account]), "logons": 1, "origin": node, "control": True}
            yield account, first, values
    for population, users in zip(scenario.population, given.users, strict=True):
        for own in users:
            yield own[0], population, values_of(population, own)


def played(scenario: Scenario, users: int = USERS) -> tuple[Slice, Watched]:
    """Play `scenario`; what it left, and the same as observations ask for it."""
    scenario = fewer(scenario, users)
    assert scenario.lab is not None
    source = Source(scenario.seed)
    accounts = make_lab_accounts(scenario, source)
    organisation, dice = organisation_of(scenario, accounts), source.dice("network")
    balancer = BALANCERS[scenario.lab.balancer.rpartition("/")[2]]
    names = [node.name for node in organisation.nodes]
    network = Network({}, balancer(names), lambda: dice.uniform(0.001, 0.01))
    result = Slice([], [], Findings([], [], 0, 0, 0))
    confess = result.confessions.append
    for name in names:
        node = network.nodes[name] = Node(organisation, name, network.world.wall, confess)
        for turn in range(1, MONITORED + 1 if node.monitoring else 0):
            network.world.later(turn * node.monitoring, node.monitored)
    zero = network.world.wall()
    network.balancer = Checked(network.balancer, lambda path: unhealthy(network, names, path))
    detector = Detector(attribution=Attribution(lb_cookies=[PERSISTENCE_COOKIE]))
    _start(network, list(clients(scenario, accounts)), source, result, detector)
    network.world.run(None)
    result.findings = detector.finish()
    versions = {node.name: node.version for node in scenario.lab.nodes}
    asked = [name for name in names if not healthy(network, name)]
    failures: dict[str, list[float]] = {}
    for one in result.confessions:
        if one.class_ == "noise":
            moment = datetime.fromisoformat(one.utc.replace("Z", "+00:00")).timestamp()
            failures.setdefault(one.node, []).append(moment - zero)
    return result, Watched(
        result.findings, result.lines, versions, asked, addresses(scenario), failures=failures
    )


def _start(
    network: Network,
    browsers: Sequence[tuple[Account, Population, dict[str, Any]]],
    source: Source,
    result: Slice,
    detector: Detector,
) -> None:
    def sink(line: Line) -> None:
        result.lines.append(line)
        detector.feed(line)

    ids = request_ids()
    known = frozenset(account.address for account, _, _ in browsers)
    for number, (account, population, values) in enumerate(browsers, 1):
        protocol = PROTOCOLS[population.protocol]
        client = Client(
            network.world,
            Identity(
                user=number, protocol=protocol.name, connections=population.session.connections
            ),
            observer(protocol, known),
            sink,
            ids,
            CookieHasher(b"salt", frozenset({PERSISTENCE_COOKIE})),
            stamper(network.world.wall()),
        )
        if protocol.name != "owa":
            sink(user_mark(number, login(account), protocol.name, values["authentication"]))
        agent = Agent("exchange.isp.com.au", source.dice("user", number), login(account))
        flow = protocol.flow(agent, login(account), protocol.settings(**values))
        network.world.later(number * SPAWN, client.run, flow, "user")


class Checked:
    """A balancer with a health check for each virtual directory: who fails it is not asked."""

    def __init__(self, inner: PerRequest, red: Callable[[str], set[str]]) -> None:
        self.inner = inner
        self.red = red
        self.known: dict[str, set[str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def choose(self, line: Any, headers: Headers) -> str:
        vdir = line.target.split("/")[1].partition("?")[0].lower()
        if vdir not in self.known:
            self.known[vdir] = self.red(f"/{vdir}/HealthCheck.htm")
        node = self.inner.choose(line, headers)
        while node in self.known[vdir] and len(self.known[vdir]) < len(self.inner.nodes):
            line.server = None
            node = next(self.inner.ring)
        if line.server is None and isinstance(self.inner, PerConnection):
            line.server = node
        return node


def unhealthy(network: Network, names: Sequence[str], path: str) -> set[str]:
    return {name for name in names if not healthy(network, name, path)}


def healthy(network: Network, name: str, path: str = HEALTH) -> bool:
    """What a balancer's check of this node finds."""
    work = network.nodes[name].front(
        Request("GET", path, [("Host", network.host)], b"", network.scheme), Peer(0)
    )
    try:
        while True:
            next(work)
    except Hangup:
        return False
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer.status == 200 and b"200 OK" in answer.body
