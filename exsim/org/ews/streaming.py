"""GetStreamingEvents: one answer made of whole SOAP documents, for as long as the client asked.

The first says OK at once; then a document for each batch of events, and one with OK alone when nothing
happened for a heartbeat's time; the last says Closed (EWS13, EWSMA).  Its period is assumed: 30 s, below
the 45 s that EWSMA expects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from exsim.org.back_request import Asked
from exsim.org.contents import Box
from exsim.org.ews.soap import SPACES, Refused, Writer, failure, response, success, text_of
from exsim.org.ews.subscription import Subscription, Subscriptions, event, unknown
from exsim.org.outcome import Stream
from exsim.org.settings import EwsFaults
from exsim.org.work import Hangup, Piece, Wait

OPERATION = "GetStreamingEvents"
LOOK = 5.0  # seconds between two looks for events (assumed)
HANGING = {"2013": 3}  # HangingConnectionLimit; later 10 (EWS13), for 2010 assumed
MOST_SUBSCRIPTIONS = 200  # on one connection (EWS13)


def minutes_of(body: Element) -> int:
    """How long the answer is to last.  Refused when that is not 1 to 30 minutes."""
    text = text_of(body, "m:ConnectionTimeout")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 30:
        raise Refused("ErrorSchemaValidation", "A connection lasts 1 to 30 minutes.")
    return int(text)


def names_of(body: Element) -> list[str]:
    elements = body.iterfind("m:SubscriptionIds/t:SubscriptionId", SPACES)
    return [(element.text or "").strip() for element in elements]


class Streams:
    """The open streams of one node, counted by user."""

    def __init__(self, writer: Writer, known: Subscriptions, limit: int, faults: EwsFaults) -> None:
        self._writer = writer
        self._known = known
        self._limit = faults.connections or limit
        self._faults = faults
        self._open: Counter[str] = Counter()

    def begin(self, asked: Asked, body: Element) -> str | Stream:
        """The stream; or, where there is none to be had, the answer that says why."""
        minutes, wanted, sid = minutes_of(body), names_of(body), asked.mailbox.sid
        if not 1 <= len(wanted) <= MOST_SUBSCRIPTIONS:
            raise Refused("ErrorSchemaValidation", "A connection is for 1 to 200 subscriptions.")
        found = [self._known.find(name, sid, asked.when) for name in wanted]
        held = [one for one in found if one is not None and not one.pull]
        if len(held) < len(wanted):
            missing = set(wanted) - {one.name for one in held}
            return unknown(OPERATION, sorted(map(escape, missing)))
        if self._open[sid] >= self._limit:
            text = "You have too many open connections."
            return failure(OPERATION, "ErrorExceededConnectionCount", text)
        return self._stream(asked.box, held, sid, minutes * 60.0)

    def _stream(self, box: Box, held: Sequence[Subscription], sid: str, lasts: float) -> Stream:
        """`lasts` in Exchange's seconds."""
        self._open[sid] += 1
        try:
            yield from self._pieces(box, held, lasts)
        finally:
            self._open[sid] -= 1

    def _pieces(self, box: Box, held: Sequence[Subscription], lasts: float) -> Stream:
        scale, sent = self._known.scale, 1
        yield Piece(self._document("", "OK"))
        passed, quiet = 0.0, 0.0
        while passed < lasts:
            if self._faults.truncate and sent >= self._faults.truncate:
                raise Hangup
            step = min(LOOK, lasts - passed)
            yield Wait(step * scale)
            passed, quiet = passed + step, quiet + step
            gone = [one.name for one in held if one.name not in self._known.held]
            if gone:
                yield Piece(self._error(unknown(OPERATION, gone)))
                return
            for one in held:
                one.until += step * scale  # a subscription with a connection lives on
            news = "".join(self._news(box, one) for one in held)
            if news or quiet >= self._faults.heartbeat:
                yield Piece(self._document(news, "OK"))
                quiet, sent = 0.0, sent + 1
        yield Piece(self._document("", "Closed"))

    def _news(self, box: Box, one: Subscription) -> str:
        changes = one.news(box, one.seen)
        one.seen = box.version
        if not changes:
            return ""
        inside = "".join(event(box, one, change) for change in changes)
        return (
            f"<m:Notification><t:SubscriptionId>{one.name}</t:SubscriptionId>"
            f"<t:MoreEvents>false</t:MoreEvents>{inside}</m:Notification>"
        )

    def _document(self, notifications: str, status: str) -> bytes:
        told = f"<m:Notifications>{notifications}</m:Notifications>" if notifications else ""
        inside = f"{told}<m:ConnectionStatus>{status}</m:ConnectionStatus>"
        return self._writer.envelope(response(OPERATION, success(OPERATION, inside)))

    def _error(self, message: str) -> bytes:
        return self._writer.envelope(response(OPERATION, message))
