"""One client over the hub, and what is kept of it: its hops, its session, the cookies it showed.

The same driver, flows and detector as a load has; no Locust and no file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.probe_target import Place
from exsim.conduct.tale import ToldHop
from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.exchange import Exchange
from exsim.drive.gate import Gate
from exsim.drive.hub import HubWorld, run_until, stamper
from exsim.drive.pace import pace_a_minute, pace_of
from exsim.protocols import PROTOCOLS
from exsim.protocols.flow import CookieLine, Flow, Request, Response
from exsim.runs.dice import Source
from exsim.runs.sections import Limits
from exsim.session.attempts import MOST, Attempts
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop, Line, Mark
from exsim.session.meaning import DEFINITE
from exsim.session.records import Incident
from exsim.session.signs import read

USER = 1
NO_LIMITS = Limits()
KEPT_COOKIES = 200  # requests whose cookies are at hand for a proof
Show = Callable[[ToldHop], None]


class ProbeClient:
    """One browser.  `show` is called with each hop as its answer arrives.

    `mailbox`: the address whose marker its answers are to bear; without it answers are not asked whose
    they are, because a name that is typed to log on is not an address.  `attempts`: of one account's password
    that are refused or not yet confirmed; a copy of cookies is one.  `limits`: the pace that it keeps.
    """

    def __init__(
        self,
        place: Place,
        show: Show,
        mailbox: str = "",
        attempts: int = MOST,
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.place = place
        self.show = show
        self.mailbox = mailbox
        self.source = Source(0)
        cookies = [place.lb_cookie] if place.lb_cookie else []
        self.detector = Detector(
            hosts=[place.host], attribution=Attribution(place.lb_servers, lb_cookies=cookies)
        )
        self.hops: list[Hop] = []
        self.marks: list[Mark] = []
        self.incident: Incident | None = None
        self.shown: dict[int, CookieLine] = {}
        self.crash: Exception | None = None
        self._account = ""  # who logged on last
        self.world = HubWorld(place.targets, on_crash=self._crashed)
        protocol = PROTOCOLS["owa"]
        self.client = Client(
            self.world,
            Identity(USER, protocol.name, protocol.connections),
            self._observe,
            self._take,
            self.source.request_ids(),
            CookieHasher(bytes.fromhex(self.source.salt()), frozenset(cookies)),
            stamper(self.world.started),
        )
        self.gate = Gate(
            self.world,
            Attempts(attempts),
            pace_of(limits.requests_per_second),
            pace_a_minute(limits.logons_per_minute),
        )
        self.gate.follow(self.client)
        self.client.listeners.append(self._remember)

    def run(self, flow: Flow[Any], seconds: float) -> tuple[bool, Any]:
        """Run `flow`: whether it ended within `seconds`, and what it returned.

        What a flow of ours raised is raised again.
        """
        task = self.client.run(flow, "probe")
        over = run_until(task, seconds)
        if self.crash is not None:
            raise self.crash
        return over, task.result

    def close(self) -> None:
        """Abandon what is on its way, and close every connection."""
        self.client.stop()

    def marked(self, what: str) -> list[Mark]:
        """The marks called `what`, in order."""
        return [mark for mark in self.marks if mark.what == what]

    def unreachable(self) -> EnvironmentProblem | None:
        """The problem, when no request was answered at all."""
        if any(hop.status is not None for hop in self.hops):
            return None
        said = [str(mark.facts.get("error")) for mark in self.marked("tls")]
        why = said or [hop.error or hop.ended for hop in self.hops] or ["no request was sent"]
        return EnvironmentProblem(f"{self.place.address} ({self.place.host}): {why[-1]}")

    def _observe(self, request: Request, response: Response) -> Evidence:
        evidence = PROTOCOLS["owa"].observe(request, response, ())
        if self.mailbox or evidence.owner is None:
            return evidence
        return msgspec.structs.replace(evidence, owner=None)

    def _take(self, line: Line) -> None:
        incidents = self.detector.feed(line)
        if incidents:
            self.gate.attempts.lost(self._account)
        if isinstance(line, Mark):
            self.marks.append(line)
            self._account = str(line.facts.get("account") or self._account)
        elif isinstance(line, Hop):
            self.hops.append(line)
            self.show(ToldHop(line, self.front_end(line), self._mark(line, incidents)))

    def _mark(self, hop: Hop, incidents: list[Incident]) -> str:
        if incidents and self.incident is None:
            self.incident = incidents[0]
            return "culprit"
        if hop.control:
            return "control" if hop.step == "proof" else ""
        lost = self.incident is not None and read(hop) in DEFINITE
        return "aftermath" if lost else ""

    def front_end(self, hop: Hop) -> str:
        """Who answered, "" when nothing says."""
        return self.detector.attribution.front_end(hop)[0] or ""

    def _remember(self, exchange: Exchange, hop: Hop) -> None:
        self.shown[hop.seq] = exchange.request.cookies
        if len(self.shown) > KEPT_COOKIES:
            del self.shown[next(iter(self.shown))]

    def _crashed(self, error: Exception) -> None:
        self.crash = self.crash or error
        self.world.later(0, self.client.stop)
