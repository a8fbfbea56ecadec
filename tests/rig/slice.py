"""A whole run in memory: presets, nodes, a balancer, browsers, the detector, and what the nodes confessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.org.confession import Confession
from exsim.org.node import Node
from exsim.org.settings import Organisation
from exsim.protocols import PROTOCOLS, Protocol
from exsim.protocols.agent import Account, Agent
from exsim.runs.dice import Source
from exsim.runs.organisation import certificate_names, organisation_nodes
from exsim.runs.sections import Lab
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop, Line, Mark
from exsim.session.records import Findings, Session
from tests.rig.balancers import PERSISTENCE_COOKIE, PerConnection, PerRequest
from tests.rig.memory import Network, request_ids

INCIDENT = [
    {"name": "EXCH16-SYD-01", "version": "2016"},
    {"name": "EXCH16-SYD-02", "version": "2016"},
    {"name": "EXCH13", "version": "2013"},
]


@cache
def certificate(name: str) -> str:
    """A real key; made once in a run of the tests, because it takes a tenth of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@dataclass
class Slice:
    """What one run in memory left."""

    lines: list[Line]
    confessions: list[Confession]
    findings: Findings
    live_incidents: list[str] = field(default_factory=list)

    @property
    def hops(self) -> list[Hop]:
        return [line for line in self.lines if isinstance(line, Hop)]

    @property
    def lost(self) -> list[Session]:
        return [session for session in self.findings.sessions if session.state == "lost"]


def farm(
    nodes: Sequence[Mapping[str, Any]] = INCIDENT,
    presets: Sequence[str] = ("authcert_asymmetry",),
    users: int = 6,
    homes: Sequence[str] | None = None,
    seed: int = 7,
) -> tuple[Organisation, list[Account]]:
    """An organisation with its presets applied, and accounts whose mailboxes live at `homes` in turn."""
    lab = msgspec.convert({"balancer": "none", "nodes": list(nodes), "preset": list(presets)}, Lab)
    made = organisation_nodes(lab)
    homes = homes or [node["name"] for node in made]
    versions = {node["name"]: node["version"] for node in made}
    accounts, mailboxes = [], []
    for number in range(users):
        name, home = f"user{number:02}", homes[number % len(homes)]
        address = f"{name}@isp.com.au"
        accounts.append(Account(address, f"LAB\\{name}", f"pass-{number}", versions[home]))
        mailboxes.append(
            {
                "address": address,
                "logon": f"LAB\\{name}",
                "password": f"pass-{number}",
                "home": home,
                "sid": f"S-1-5-21-1-2-3-{1100 + number}",
            }
        )
    document = {
        "nodes": made,
        "mailboxes": mailboxes,
        "certificates": {name: certificate(name) for name in certificate_names(made)},
        "seed": seed,
    }
    return msgspec.convert(document, Organisation), accounts


def user_mark(number: int, account: Account, protocol: str, authentication: str) -> Mark:
    """What a worker says of a client before it starts."""
    facts = {"account": account.address, "home": account.home, "protocol": protocol}
    return Mark("", 0.0, "user", number, {**facts, "authentication": authentication})


def words(plug: Protocol, said: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a client: a short life, as far as it knows the words of one, and what is said."""
    usual = {"polls": 6, "think": 2.0, "logons": 2, "relogin_after": 5.0}
    known = {one.name for one in fields(plug.settings)}
    return {**{key: value for key, value in usual.items() if key in known}, **said}


def observer(plug: Protocol, addresses: frozenset[str]) -> Callable[[Any, Any], Evidence]:
    return lambda request, response: plug.observe(request, response, addresses)


def driven(
    network: Network,
    who: Identity,
    observe: Callable[[Any, Any], Evidence],
    sink: Callable[[Line], None],
    ids: Any,
) -> Client:
    """A client of the driver's own, in virtual time."""
    hasher = CookieHasher(b"salt", frozenset({PERSISTENCE_COOKIE}))
    return Client(network.world, who, observe, sink, ids, hasher, stamper(network.world.wall()))


def run(
    organisation: Organisation,
    accounts: Sequence[Account],
    balancer: type[PerRequest] = PerConnection,
    settings: Mapping[str, Any] | None = None,
    seed: int = 7,
    connections: int = 6,
    prepare: Callable[[Network], None] = lambda network: None,
    detector: Detector | None = None,
    spawn: float = 0.5,
    until: float | None = None,
    protocol: str | Sequence[str] = "owa",
    each: Mapping[str, Mapping[str, Any]] | None = None,
) -> Slice:
    """Every account is one browser (or another client), begun `spawn` seconds after the other; all in virtual time.

    Several protocols are used in turn; `each`: settings of one of them.
    """
    source = Source(seed)
    dice = source.dice("network")
    names = [node.name for node in organisation.nodes]
    network = Network({}, balancer(names), lambda: dice.uniform(0.001, 0.01))
    confessions: list[Confession] = []
    for name in names:
        network.nodes[name] = Node(organisation, name, network.world.wall, confessions.append)
    prepare(network)
    if detector is None:
        detector = Detector(attribution=Attribution(lb_cookies=[PERSISTENCE_COOKIE]))
    result = Slice([], confessions, Findings([], [], 0, 0, 0))

    def sink(line: Line) -> None:
        result.lines.append(line)
        result.live_incidents += [incident.session for incident in detector.feed(line)]

    ids, addresses = request_ids(), frozenset(account.address for account in accounts)
    plugs = [PROTOCOLS[one] for one in ([protocol] if isinstance(protocol, str) else protocol)]
    for number, account in enumerate(accounts, 1):
        plug = plugs[(number - 1) % len(plugs)]
        opened = connections if len(plugs) == 1 else plug.connections
        who = Identity(number, plug.name, opened, allowed_writes=frozenset({"own-mailbox"}))
        client = driven(network, who, observer(plug, addresses), sink, ids)
        agent = Agent("exchange.isp.com.au", source.dice("user", number), account)
        own = plug.settings(**words(plug, {**(settings or {}), **(each or {}).get(plug.name, {})}))
        if plug.name != "owa":
            sink(user_mark(number, account, plug.name, own.authentication))
        network.world.later(number * spawn, client.run, plug.flow(agent, account, own), "user")
    network.world.run(until)
    result.findings = detector.finish()
    return result
