"""One request on its way and its answer on the way back, whole or piece by piece.

The line reports what arrives; the exchange hands it to the flow that waits, and asks the client to write
the hop before the flow hears of it: history first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from exsim.drive.world import Line
from exsim.protocols.flow import End, Head, Request, Response
from exsim.protocols.head import RawHeaders
from exsim.session.hop import Evidence

if TYPE_CHECKING:
    from exsim.drive.answer import Ordinary
    from exsim.drive.task import Task

WHOLE = End()


class Exchange(msgspec.Struct, eq=False):
    """One hop in the making.  Piecewise ones are what a flow knows as a Channel."""

    task: Task
    request: Request
    connection: Line
    piecewise: bool
    deadline: float | None  # of the whole answer; of a piece, where a flow waits for one
    seq: int = 0
    client_request_id: str = ""
    sent_at: float = 0.0
    late: float = 0.0
    pause: float = 0.0
    first_byte: float | None = None  # when the head was complete
    over_at: float = 0.0
    ended: End | None = None
    recorded: bool = False
    error: str | None = None
    arrivals: Sequence[float] = ()  # of the pieces; kept for piecewise exchanges only
    # Of answers that do not come whole
    status: int | None = None
    reason: str = ""
    headers: RawHeaders | tuple[()] = ()
    body: Sequence[bytes] = ()
    inbox: Any = ()  # of Head and bytes
    evidence: Evidence | None = None  # set by the flow: what it made of the pieces so far
    waiting: bool = False  # a flow stands in Receive

    def by_pieces(self) -> None:
        """From now on the answer is kept piece by piece."""
        self.inbox = []  # short: a flow that waits is handed its piece; an empty deque is 760 bytes
        self.arrivals = []

    # What the line reports ------------------------------------------------------------------
    def on_head(self, status: int, reason: str, headers: RawHeaders) -> None:
        """The head of the answer is complete."""
        self.status, self.reason, self.headers = status, reason, headers
        self.first_byte = self.task.client.world.now()
        if self.piecewise:
            gate = self.task.client.gate
            if gate is not None:
                gate.head(self)
            self._deliver(Head(status, headers, reason))

    def on_piece(self, data: bytes) -> None:
        """A piece of the body."""
        if not self.piecewise:
            self.body = body = self.body or []
            cast("list[bytes]", body).append(data)
            return
        arrivals = cast("list[float]", self.arrivals)
        if len(arrivals) < 10_000:  # bounded: hours of heartbeats keep their first gaps only
            arrivals.append(self.task.client.world.now())
        self._deliver(data)

    def on_answer(self, now: float, answer: Ordinary) -> None:
        """The whole answer at once; its connection stays open.  Never called for a piecewise exchange."""
        task, request, line = self.task, self.request, self.connection
        head, request_id, body = answer
        client = task.client
        self.first_byte = self.over_at = now
        self.ended = WHOLE
        line.exchange = None  # what `Client.release` does with a line that goes on
        line.used = used = line.used + 1
        if request.on is None:
            line.pool.give(line)
        del task.owned[self]
        response = Response(
            head.status,
            head.headers,
            body,
            line,
            None,
            used > 1,
            now,
            head.reason,
            head.facts,
            request_id,
        )
        client.write(self, response, client.observe(request, response))
        task.step(response)

    def on_end(self, error: str | None, close: bool) -> None:
        """The answer is complete, or will never be: `error` says why.  `close`: the line is spent."""
        if self.ended is not None:
            return
        client = self.task.client
        self.over_at = client.world.now()
        self.error = error
        self.ended = End(error)
        client.release(self, close or error is not None)
        if self.piecewise:
            if self.waiting and not self.inbox:
                self.waiting = False
                self.task.step(self.ended)
            return
        self.task.owned.pop(self, None)
        response = self.response()
        client.record(self, response, None)
        self.task.step(response)

    def on_deadline(self) -> None:
        """The time allowed has passed."""
        if self.ended is not None:
            return
        if self.piecewise and self.waiting:
            self.waiting = False
            self.deadline = None
            self.task.step(End("timeout"))  # the channel stays open: the flow decides
        elif not self.piecewise:
            self.connection.drop()
            self.on_end("timeout", True)

    # What the flow asks -----------------------------------------------------------------------
    def receive(self, timeout: float) -> Head | bytes | End | None:
        """The next piece; None: the flow must wait, and is stepped when one comes."""
        if self.inbox:
            piece: Head | bytes = self.inbox.pop(0)
            return piece
        if self.ended is not None:
            return self.ended
        self.waiting = True
        self.deadline = self.task.client.world.now() + timeout
        self.task.client.world.watch(self)
        return None

    def close(self, evidence: Evidence | None, how: str = "closed") -> None:
        """The flow (how "closed") or the end of its task ("abandoned") is done with this exchange."""
        client = self.task.client
        self.task.owned.pop(self, None)
        early = self.ended is None
        if early:
            self.ended = End(how)
            self.over_at = client.world.now()
            self.connection.drop()
            client.release(self, True)
        if not self.recorded:
            client.record(self, self.response(), evidence or self.evidence, how if early else None)

    def response(self) -> Response:
        """What a flow is sent, and what the hop is made from."""
        return Response(
            self.status,
            self.headers or [],
            self.body[0] if len(self.body) == 1 else b"".join(self.body),
            self.connection,
            self.error,
            self.connection.used > 1,
            self.over_at,
            self.reason,
        )

    def _deliver(self, piece: Head | bytes) -> None:
        inbox = self.inbox
        inbox.append(piece)
        if self.waiting:
            self.waiting = False
            self.deadline = None
            self.task.step(inbox.pop(0))
