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
from exsim.session.tally import Counts, Tally

Losses = Callable[["Loss"], None]
KEEP_COOKIES = 40  # requests of a client whose cookies are at hand for a proof


class Loss:
    """A session that was just lost: the incident, its client, and the cookies its culprit was shown."""

    __slots__ = ("client", "cookies", "incident")

    def __init__(self, incident: Incident, client: Client, cookies: CookieLine) -> None:
        self.incident = incident
        self.client = client
        self.cookies = cookies


class Recorder:
    """One worker's history, its live detector, and what Locust is told."""

    def __init__(self, history: HistoryWriter, detector: Detector) -> None:
        self.history = history
        self.detector = detector
        self.tally = Tally()  # brought up to date when it is told
        self.hops = 0
        self.lost = 0
        self.fire: Callable[..., None] | None = None  # Locust's request event
        self.on_loss: Losses | None = None
        self._clients: dict[int, Client] = {}
        self._shown: dict[int, dict[int, CookieLine]] = {}  # user -> seq -> cookies of that request
        self._pending: list[Incident] = []

    def follow(self, client: Client) -> None:
        """Keep the cookies of a client's last requests, which a proof needs a copy of."""
        self._clients[client.identity.user] = client
        self._shown[client.identity.user] = {}
        client.listeners.append(self._remember)

    def _remember(self, exchange: Exchange, hop: Hop) -> None:
        """Called by the driver right after `take`: the exchange still has its cookies in clear."""
        if hop.control or not exchange.request.cookies.values:
            return
        shown = self._shown[hop.user]
        shown[hop.seq] = exchange.request.cookies
        if len(shown) > KEEP_COOKIES:
            del shown[next(iter(shown))]
        for incident in self._pending:
            self._tell(incident)
        self._pending.clear()

    def take(self, line: Line) -> None:
        """The sink of every client."""
        self.history.append(line)
        incidents = self.detector.feed(line)
        if isinstance(line, Hop):
            self.hops += 1
            if incidents:
                self.lost += len(incidents)
                self._pending = list(incidents)
            if self.fire is not None and not line.control:
                self._fire(self.fire, line, incidents)

    def counts(self) -> Counts:
        """The live matrix as it stands now."""
        self.tally.update(self.detector.changed())
        return self.tally.counts

    def _tell(self, incident: Incident) -> None:
        cookies = self._shown.get(incident.user, {}).get(incident.seq)
        if cookies is not None and self.on_loss is not None:
            self.on_loss(Loss(incident, self._clients[incident.user], cookies))

    def _fire(self, fire: Callable[..., None], hop: Hop, incidents: list[Incident]) -> None:
        """Locust's own statistics: a request is a failure when it lost a session or had no answer."""
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
        fire(
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
