"""Where every line of a worker's history passes: to the file first, then to the live detector.

What hangs on this and not on a Locust event is everything that matters: Locust swallows a listener's
exception and loses requests at the end of a run.  Locust is told afterwards, for its own display.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exsim.drive.driver import Client
from exsim.drive.exchange import Exchange
from exsim.protocols.flow import CookieLine
from exsim.runs.history import HistoryWriter
from exsim.session.detector import Detector
from exsim.session.hop import Hop, Line
from exsim.session.records import Incident
from exsim.session.signs import Sign, read
from exsim.session.tally import Counts, Tally

Losses = Callable[["Loss"], None]
LOGON_STEPS = frozenset({"logon", "logon_again"})


class Loss:
    """A session that was just lost: the incident, its client, and the cookies its culprit was shown."""

    __slots__ = ("account", "client", "cookies", "incident")

    def __init__(
        self, incident: Incident, client: Client, cookies: CookieLine, account: str
    ) -> None:
        self.incident = incident
        self.account = account
        self.client = client
        self.cookies = cookies


class Recorder:
    """One worker's history, its live detector, and what Locust is told."""

    def __init__(self, history: HistoryWriter, detector: Detector) -> None:
        self.history = history
        self.detector = detector
        self.tally = Tally()  # brought up to date when it is told
        detector.changed()  # from now on: a session may be over before the first look
        self.hops = 0
        self.lost = 0
        self.fire: Callable[..., None] | None = None  # Locust's request event
        self.note: Callable[[Hop], None] | None = (
            None  # what Locust counts, where nobody else listens
        )
        self.on_loss: Losses | None = None
        self.on_refusal: Callable[[str], None] | None = (
            None  # an account whose password was refused
        )
        # a user whose logon was accepted, and the account that it was
        self.on_logon: Callable[[int, str], None] | None = None
        self.on_lost: Callable[[str], None] | None = None  # an account whose session was lost
        self.on_hop: Callable[[Hop], None] | None = None
        self._found: list[Incident] = []  # by the hop that is being written

    def follow(self, client: Client) -> None:
        """Let a client's losses be heard of while the cookies are still at hand."""
        client.hop_sink, client.on_more = self.hop, self._after

    def _after(self, exchange: Exchange, hop: Hop) -> None:
        """Called by the driver where `hop` said that there is more: the exchange still has its cookies in clear."""
        if hop.step in LOGON_STEPS:
            self._logon(exchange, hop)
        if not self._found:
            return
        found, self._found = self._found, []
        for incident in found:
            if self.on_lost is not None:
                self.on_lost(exchange.request.account)
            # A late answer of an older session carried that one's cookies, not those that were lost.
            # What is shown is a copy of cookies, and only OWA's say who somebody is.
            known = incident.of_session is None and hop.protocol == "owa"
            if self.on_loss and known and not hop.control:
                request = exchange.request
                self.on_loss(Loss(incident, exchange.task.client, request.cookies, request.account))

    def _logon(self, exchange: Exchange, hop: Hop) -> None:
        sign = read(hop)
        if sign is Sign.LOGON_REFUSED and self.on_refusal is not None:
            self.on_refusal(exchange.request.account)
        elif sign is Sign.ACCEPTED and self.on_logon is not None:
            self.on_logon(hop.user, exchange.request.account)

    def take(self, line: Line) -> None:
        """The sink of every client's lines; its hops come by `hop`."""
        if type(line) is Hop:
            self.hop(line)
        else:
            self.history.append(line)
            self.detector.feed(line)

    def hop(self, hop: Hop) -> object:
        """The sink of every client's hops.  What it answers is true where there is more to it: see `_after`."""
        self.history.append(hop)
        incidents = self.detector.hop(hop)
        self.hops += 1
        if incidents:
            self._lose(incidents)
        if self.on_hop is not None:
            self.on_hop(hop)
        if self.note is None or incidents or hop.error is not None or hop.control:
            self._fire(hop, incidents)
        else:
            self.note(hop)
        return incidents or hop.step in LOGON_STEPS

    def _lose(self, incidents: list[Incident]) -> None:
        self.lost += len(incidents)
        self._found = incidents
        for incident in incidents:
            self.history.lost(incident.session)

    def counts(self) -> Counts:
        """The live matrix as it stands now."""
        self.tally.update(self.detector.changed())
        self.tally.forget(self.detector.sessions.let_go())
        return self.tally.counts

    def _fire(self, hop: Hop, incidents: list[Incident]) -> None:
        """Locust's own statistics: a request is a failure when it lost a session or had no answer."""
        if self.fire is None or hop.control:
            return
        failure: Exception | None = None
        if incidents:
            failure = SessionLost(
                f"{incidents[0].front_end or 'unattributed'}: {incidents[0].sign}"
            )
        elif hop.error:
            failure = NoAnswer(hop.error)
        context: dict[str, Any] = {
            "user": hop.user,
            "session": hop.session,
            "front_end": hop.headers.get("x-feserver"),
        }
        self.fire(
            request_type=hop.protocol.upper(),
            name=hop.step,
            response_time=hop.took * 1000,
            response_length=hop.body.bytes,
            response=None,
            context=context,
            exception=failure,
        )


class SessionLost(Exception):
    """What Locust shows for the request that lost a session."""


class NoAnswer(Exception):
    """What Locust shows for a request without an answer."""
