"""Single clients of any protocol through a lab's balancers, and what each of them left."""

from collections import Counter

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import HubWorld, stamper
from exsim.drive.target import Target
from exsim.drive.tls import context
from exsim.protocols import PROTOCOLS
from exsim.protocols.agent import Account, Agent
from exsim.runs.dice import Source
from exsim.session.detector import Detector
from exsim.session.hop import Hop

SCALE = 0.05


class Left:
    """What one client left."""

    def __init__(self):
        self.lines, self.detector = [], Detector()

    def take(self, line):
        self.lines.append(line)
        self.detector.feed(line)

    def hops(self, step):
        return [line for line in self.lines if isinstance(line, Hop) and line.step == step]

    def hop(self, step):
        (hop,) = self.hops(step)
        return hop

    def finish(self):
        self.found = self.detector.finish()
        self.kinds = Counter(finding.kind for finding in self.found.findings)
        self.states = [session.state for session in self.found.sessions]


def start(lab, name, number, account, protocol, settings):
    """One client of `protocol` through the balancer `name`; back come what it leaves and its task."""
    host, _, port = lab.addresses[name].rpartition(":")
    world = HubWorld({None: Target(host, int(port), lab.host, context(insecure=True))}, scale=SCALE)
    left, spoken = Left(), PROTOCOLS[protocol]
    client = Client(
        world,
        Identity(number, protocol, connections=spoken.connections),
        lambda request, response: spoken.observe(request, response, {account.address}),
        left.take,
        Source(number).request_ids(),
        CookieHasher(b"salt"),
        stamper(world.started),
    )
    facts = {"account": account.address, "protocol": protocol, "population": 0}
    client.mark("user", facts)
    login = Account(account.address, account.logon, account.password, account.home)
    agent = Agent(lab.host, Source(7).dice("user", number), login)
    task = client.run(spoken.flow(agent, login, spoken.settings(**settings)))
    return left, task
