"""The stream of notifications: one answer that lasts for minutes, alone on its connection.

It is a series of whole SOAP documents.  A heartbeat is expected each 45 s, and after 90 s of silence the
client gives up and opens another (EWSMA).  A stream that breaks off is opened again: that repairs it, and
the broken one stays in the history.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.ews import bodies, calls, evidence, reading
from exsim.protocols.ews.session import Session
from exsim.protocols.flow import (
    Channel,
    Close,
    End,
    Flow,
    Head,
    Mark,
    Receive,
    Release,
    Request,
    Response,
)
from exsim.protocols.negotiate import signed_in
from exsim.protocols.owner import worst
from exsim.session.hop import Evidence

SILENCE = 90.0  # seconds: twice the heartbeat that a client counts on (EWSMA)
RECONNECT = 5.0  # seconds before a broken stream is opened again; doubled each time (*assumed*)
LONGEST_RECONNECT = 60.0
AT_ONCE = 1.0  # seconds: a stream that is over sooner was none; not opened again without a pause
MOST_HELD = 1_000_000  # bytes of one document
MOST_PIECES = 100_000  # of one answer: a hostile server may never end
MOST_READ = 5  # new items that are read after one document (*assumed*)


@dataclass(slots=True)
class Heard:
    """What came of one stream.  `code`: the first error, or NoError; `closed`: it said so itself."""

    status: int | None = None
    octets: int = 0
    code: str | None = None
    build: str | None = None
    owner: str | None = None
    closed: bool = False
    readable: bool = True
    refusal: Evidence | None = None  # of an answer that is no stream
    held: bytes = b""  # what is not a whole document yet

    def evidence(self) -> Evidence:
        """What the pieces say."""
        if self.refusal is not None:
            return self.refusal
        kind = "notifications" if self.octets else "empty"
        if self.code == evidence.LOST:
            kind = "lost_context"
        elif not self.readable:
            kind = "unreadable"
        return Evidence(self.octets, kind, self.code, self.owner, self.build)


def listen(session: Session) -> Flow[None]:
    """Keep the stream up for as long as the session lives."""
    wait = RECONNECT
    while not session.ended and session.subscription:
        began = yield from session.client.rest(0)
        heard = yield from once(session)
        if heard is None or session.ended:
            return
        lasted = (yield from session.client.rest(0)) - began
        if heard.closed and lasted > AT_ONCE:
            wait = RECONNECT
            continue
        pause, session.back_off = max(wait, session.back_off), 0.0
        yield from session.client.rest(pause)
        wait = min(2 * wait, LONGEST_RECONNECT)


def once(session: Session) -> Flow[Heard | None]:
    """One stream from its request to its end; None when no last leg was reached."""
    settings = session.settings
    inside = bodies.streaming_events(session.subscription, settings.stream_minutes)
    request = session.request(inside, "stream", anchored=True, affinity=settings.affinity)
    request.headers = calls.with_override(session, request.headers)
    signed = yield from signed_in(session.client, request, session.signer)
    if signed.response is not None:
        session.note(signed.response)
        return None
    channel, head = yield from session.client.open(signed.request)
    signed.heard(head)
    heard = Heard()
    session.stream = (channel, heard.evidence)
    if isinstance(head, Head) and head.status == 200:
        yield from _hear(session, request, channel, heard)
    else:
        yield from _refused(session, request, channel, head, heard)
    session.stream = None
    yield Close(channel, heard.evidence())
    if signed.connection is not None:
        yield Release(signed.connection)
    if heard.code == evidence.LOST:
        session.end("lost")
    return heard


def _hear(session: Session, request: Request, channel: Channel, heard: Heard) -> Flow[None]:
    """Read until the end, a long silence, or nonsense."""
    heard.status, error = 200, None
    for _ in range(MOST_PIECES):
        piece: Head | bytes | End = yield Receive(channel, SILENCE)
        if isinstance(piece, End):
            error = piece.error
            break
        if isinstance(piece, bytes):
            heard.octets += len(piece)
            heard.held += piece
            yield from _documents(session, request, heard)
            if len(heard.held) > MOST_HELD or not heard.readable:
                heard.readable = False
                break
    if error is None and heard.held.strip():
        heard.readable = False  # it ended in the middle of a document, or was none
    if error == "timeout":
        facts = {"number": session.number, "step": request.step, "silent": SILENCE}
        yield Mark("stream_silent", facts)


def _documents(session: Session, request: Request, heard: Heard) -> Flow[None]:
    """Take in the whole documents that are held."""
    over = 0
    for end, document in reading.documents(heard.held):
        over = end
        _take(request, heard, document)
        if b"NewMailEvent" in document and not session.ended:
            for identity in reading.ids_in(document, "ItemId")[:MOST_READ]:
                yield from calls.read_item(session, identity)
    heard.held = heard.held[over:]


def _take(request: Request, heard: Heard, document: bytes) -> None:
    found = evidence.observe(request, Response(heard.status, [], document, None))
    heard.build = heard.build or found.build
    heard.owner = worst((heard.owner, found.owner))
    if heard.code in (None, reading.NO_ERROR):
        heard.code = found.code
    heard.readable = heard.readable and found.is_ != "unreadable"
    if reading.text_in(document, "ConnectionStatus") == "Closed":
        heard.closed = True


def _refused(
    session: Session, request: Request, channel: Channel, head: Head | End, heard: Heard
) -> Flow[None]:
    """An answer that is no stream: throttled, refused, an error of anybody's; or none at all."""
    if isinstance(head, End):
        heard.refusal = Evidence(is_="empty")
        return
    body = b""
    for _ in range(MOST_PIECES):
        piece: Head | bytes | End = yield Receive(channel, SILENCE)
        if not isinstance(piece, bytes) or len(body) > MOST_HELD:
            break
        body += piece
    response = Response(head.status, head.headers, body, None, reason=head.reason)
    heard.status, heard.octets = head.status, len(body)
    heard.refusal = evidence.observe(request, response)
    heard.code = heard.refusal.code
    session.note(response)
