"""One session with EWS: what the client knows, and how it asks.

A session lives until the client leaves, or until an answer says that it is over: credentials refused, or
the subscription gone.  Everything that a server answers is taken; nothing raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from exsim.protocols.agent import Account, Agent
from exsim.protocols.ews import bodies, evidence, reading
from exsim.protocols.ews.settings import Settings
from exsim.protocols.flow import UNAUTHORIZED, Channel, Flow, Request, Response
from exsim.protocols.negotiate import Signer, authenticated
from exsim.session.hop import Evidence
from exsim.wire import names

PATIENCE = 100.0  # seconds that a client waits for an answer (EWSMA)
LONGEST_BACK_OFF = 300.0  # seconds, whatever a server says (*assumed*)
KNOWN_AS = "ews_mailbox"  # what the client's memory calls its mailbox's id
USER_AGENT = ("User-Agent", "ExchangeServicesClient/15.00.0913.015")  # EWSMA
HEADERS = (
    USER_AGENT,
    ("Accept", "text/xml"),
    ("Content-Type", "text/xml; charset=utf-8"),
    (names.RETURN_CLIENT_REQUEST_ID, "true"),
)
STRANGERS_MAILBOX = "none"  # a stranger has no mailbox: whatever an id names is not his


@dataclass(slots=True)
class Session:
    """One session of `client`.  `ended`: "" while it lives, else refused, lost, unmeasured or left."""

    client: Agent
    account: Account
    settings: Settings
    signer: Signer
    number: int
    schema: str = bodies.OLDEST
    subscription: str = ""
    items: list[str] = field(default_factory=list)  # what the last list showed
    ended: str = ""
    accepted: bool = False
    back_off: float = 0.0  # seconds to wait before the next call
    stream: tuple[Channel, Callable[[], Evidence]] | None = (
        None  # the open one, and what came of it
    )

    @property
    def is_stranger(self) -> bool:
        return self.settings.authentication == "none"

    def request(
        self,
        inside: str,
        step: str,
        *,
        anchored: bool = False,
        affinity: bool = False,
        writes: str | None = None,
    ) -> Request:
        """One call.

        `anchored`: it names its mailbox for routing, which would hide whom the server takes it for.
        `affinity`: it belongs to a group of subscriptions that is to keep to one back end (EWS13).
        """
        settings = self.settings
        headers: tuple[tuple[str, str], ...] = HEADERS
        if anchored or affinity:
            headers = (*headers, (names.ANCHOR_MAILBOX, self.account.address))
        if affinity:
            headers = (*headers, (names.PREFER_AFFINITY, "true"))
        known = STRANGERS_MAILBOX if self.is_stranger else self.client.memory.get(KNOWN_AS, "")
        return Request(
            "POST",
            names.EWS,
            headers,
            bodies.envelope(inside, self.schema),
            step,
            self.number,
            self.account.address,
            origin=settings.origin,
            timeout=PATIENCE,
            writes=writes,
            control=settings.control,
            forced=settings.forced,
            mailbox=known,
        )

    def ask(self, request: Request) -> Flow[Response]:
        """Send it, signing in as far as that takes; what the answer says of the session is noted."""
        if self.back_off:
            wait, self.back_off = self.back_off, 0.0
            yield from self.client.rest(wait)
        response = yield from authenticated(self.client, request, self.signer)
        self.note(response)
        return response

    def note(self, response: Response) -> None:
        """What an answer means for the session, and what is to be learnt from it."""
        if response.status == UNAUTHORIZED:
            if self.signer.unmeasured:
                self.end("unmeasured")
            elif not self.is_stranger:
                self.end("refused")
            return
        if response.status is None or response.error is not None:
            return
        self.back_off = back_off_of(response)
        if response.status != 200 or not reading.is_envelope(response.body):
            return
        self.accepted = True
        if reading.code_in(response.body) == evidence.LOST:
            self.end("lost")
        self._learn(response.body)

    def end(self, why: str) -> None:
        """The session is over; the first reason counts."""
        self.ended = self.ended or why

    def _learn(self, body: bytes) -> None:
        """The mailbox's own id: from a list with its own marker, or from the first where none is planted."""
        if self.is_stranger:
            return
        found = reading.mailboxes_in(body)
        if len(found) != 1 or not reading.ids_in(body, "ItemId"):
            return
        (mailbox,) = found
        own = (names.MARKER + self.account.address).encode()
        if own in body:
            self.client.memory[KNOWN_AS] = mailbox
        elif names.MARKER.encode() not in body:
            self.client.memory.setdefault(KNOWN_AS, mailbox)


def back_off_of(response: Response) -> float:
    """The seconds that an answer tells the client to wait: throttled, or the node is too busy."""
    found = reading.back_off_in(response.body)
    if found is None and response.status == 503:
        text = (response.header(b"retry-after") or "").strip()
        found = float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
    return min(found or 0.0, LONGEST_BACK_OFF)
