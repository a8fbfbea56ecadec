"""The parked NotificationWait: one answer that lasts for minutes, alone on its connection.

It is kept alive by PENDING; after a silence of several periods, or when it breaks off, the client gives its
context up and connects anew (MS-OXCMAPIHTTP 3.1.5.6).
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.flow import Channel, Close, End, Flow, Head, Mark, Receive, Release, Response
from exsim.protocols.mapi_http import evidence
from exsim.protocols.mapi_http.session import Session
from exsim.protocols.negotiate import signed_in
from exsim.session.hop import Evidence
from exsim.wire import mapi

SILENCE = 120.0  # seconds: four of the usual PENDING periods (*assumed*)
MOST_PIECES = 10_000  # of one answer: a hostile server may never end
MOST_HELD = 100_000  # bytes of one answer
PAUSE = 1.0  # seconds between two waits that were over at once (*assumed*)


@dataclass(slots=True)
class Heard:
    """What came of one wait so far."""

    head: Head | End | None = None
    body: bytes = b""
    error: str | None = None
    found: Evidence | None = None

    def response(self) -> Response:
        if not isinstance(self.head, Head):
            return Response(None, [], b"", None, self.error or "closed")
        return Response(self.head.status, self.head.headers, self.body, None, self.error)

    def evidence(self) -> Evidence:
        """Of a wait that the client itself ends nothing but the beginning is here."""
        return self.found or Evidence(len(self.body), "notifications", evidence.OK)


def park(session: Session) -> Flow[None]:
    """Keep a wait parked for as long as the session lives."""
    while not session.ended:
        began = yield from session.client.rest(0)
        yield from once(session)
        lasted = (yield from session.client.rest(0)) - began
        if lasted < PAUSE and not session.ended:
            yield from session.client.rest(PAUSE)


def once(session: Session) -> Flow[None]:
    """One wait from its request to its end."""
    request = session.request("wait", mapi.Flagged().encode())
    signed = yield from signed_in(session.client, request, session.signer)
    if signed.response is not None:
        session.note("wait", signed.response)
        return
    channel, head = yield from session.client.open(signed.request)
    signed.heard(head)
    heard = Heard(head)
    session.wait = (channel, heard.evidence)
    if isinstance(head, Head):
        yield from _hear(session, heard, channel)
    else:
        heard.error = head.error or "closed"
    session.wait = None
    response = heard.response()
    if response.status is not None:
        heard.found = evidence.observe(request, response)
    yield Close(channel, heard.found or Evidence(is_="empty"))
    if signed.connection is not None:
        yield Release(signed.connection)
    if not session.ended:
        session.note("wait", response)


def _hear(session: Session, heard: Heard, channel: Channel) -> Flow[None]:
    for _ in range(MOST_PIECES):
        piece: Head | bytes | End = yield Receive(channel, SILENCE)
        if isinstance(piece, End):
            heard.error = piece.error
            break
        if isinstance(piece, bytes):
            heard.body += piece
        if len(heard.body) > MOST_HELD:
            break
    if heard.error == "timeout":
        facts = {"number": session.number, "step": "wait", "silent": SILENCE}
        yield Mark("stream_silent", facts)
