"""Outlook Anywhere's clients against real nodes in memory: what a run left."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.org.node import Node
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Agent
from exsim.runs.dice import Source
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Hop, Mark
from exsim.session.signs import read
from tests.org.farm import behind
from tests.rig import slice as memory
from tests.rig.balancers import PERSISTENCE_COOKIE, PerConnection
from tests.rig.memory import Network, request_ids

NODES = (
    {"name": "EXCH16-SYD-01", "version": "2016"},
    {"name": "EXCH16-SYD-02", "version": "2016"},
    {"name": "EXCH13", "version": "2013"},
)


@dataclass
class Played:
    """What one run in memory left."""

    lines: list = field(default_factory=list)
    confessions: list = field(default_factory=list)
    findings: object = None
    network: object = None

    @property
    def hops(self):
        return [line for line in self.lines if isinstance(line, Hop)]

    def marks(self, what):
        return [line.facts for line in self.lines if isinstance(line, Mark) and line.what == what]

    def of(self, step):
        return [hop for hop in self.hops if hop.step == step]

    def signs(self, step):
        return Counter(read(hop).value for hop in self.of(step))

    @property
    def states(self):
        return Counter(session.state for session in self.findings.sessions)


def organisation(users=3, scale=1.0, **back_end):
    made, accounts = memory.farm(nodes=NODES, presets=(), users=users)
    made = msgspec.structs.replace(made, time_scale=scale)
    return behind(made, "*", **back_end), accounts


def play(
    made, accounts, balancer=PerConnection, prepare=lambda network: None, until=None, **settings
):
    """Every account is one Outlook, begun half a second after the other; in virtual time."""
    source = Source(7)
    dice = source.dice("network")
    names = [node.name for node in made.nodes]
    network = Network({}, balancer(names), lambda: dice.uniform(0.001, 0.01))
    played = Played(network=network)
    for name in names:
        network.nodes[name] = Node(made, name, network.world.wall, played.confessions.append)
    prepare(network)
    detector = Detector(attribution=Attribution(lb_cookies=[PERSISTENCE_COOKIE]))

    def sink(line):
        played.lines.append(line)
        detector.feed(line)

    ids, addresses = request_ids(), frozenset(account.address for account in accounts)
    protocol = PROTOCOLS["outlook_anywhere"]
    values = {"authentication": "basic", "polls": 2, "think": 2.0, **settings}
    for number, account in enumerate(accounts, 1):
        client = Client(
            network.world,
            Identity(user=number, protocol="outlook_anywhere", connections=4),
            lambda request, response: protocol.observe(request, response, addresses),
            sink,
            ids,
            CookieHasher(b"salt", frozenset({PERSISTENCE_COOKIE})),
            stamper(network.world.wall()),
        )
        facts = {"account": account.address, "home": account.home, "protocol": "outlook_anywhere",
                 "population": 0, "private": True,
                 "authentication": values["authentication"]}  # fmt: skip
        client.mark("user", facts)
        agent = Agent("exchange.isp.com.au", source.dice("user", number), account)
        flow = protocol.flow(agent, account, protocol.settings(**values))
        network.world.later(number * 0.5, client.run, flow, "user")
    network.world.run(until)
    played.findings = detector.finish()
    return played
