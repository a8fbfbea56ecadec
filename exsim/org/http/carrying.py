"""One work on its way: steps a node's generator over one client's connection.  Sans-IO.

The rig (`exsim.org.serve`) says what the connection is and calls back; here is what each ask of
`exsim.org.work` means in HTTP.  Steps run straight from the rig's callbacks, without a task a request.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

from exsim.org.http.incoming import Message
from exsim.org.http.onward import Call
from exsim.org.http.outgoing import LAST_CHUNK, answer_head, asks_to_close, chunk
from exsim.org.work import Begin, Forward, Hangup, Piece, Read, Wait, Work
from exsim.wire.message import Answer, Request


class Timer(Protocol):
    """Something that was to happen later."""

    def cancel(self) -> None: ...


class Client(Protocol):
    """The connection that an answer goes to."""

    blocked: bool  # it does not read as fast as it is answered

    def write(self, data: bytes) -> None: ...
    def finished(self, keep: bool) -> None: ...
    def forward(self, node: str, request: Request) -> Call: ...
    def later(self, seconds: float, call: Callable[[Any], None]) -> Timer: ...
    def date(self) -> str: ...


class Carrying:
    """One work on its way: steps the generator, and does what it asks for."""

    def __init__(self, client: Client, message: Message, work: Work) -> None:
        self._client = client
        self._message = message
        self._keep = message.keep_alive
        self._begun = False
        self._piece_waits = False
        self._call: Call | None = None
        self._timer: Timer | None = None
        self._work = work

    def step(self, value: object) -> None:
        """Send `value` to the work, and go on until it has to wait for something.

        When the node itself breaks, the client gets a bare 500 and the error goes on to the event loop,
        which writes it to standard error.
        """
        broke = True
        try:
            self._go_on(value)
            broke = False
        finally:
            if broke:
                self._fail()

    def _go_on(self, value: object) -> None:
        while True:
            try:
                ask = self._work.send(value)
            except StopIteration as stop:
                return self._finish(stop.value)
            except Hangup:
                return self._cut()
            value = None
            if isinstance(ask, Wait):
                self._timer = self._client.later(ask.seconds, self.step)
                return None
            if isinstance(ask, Forward):
                return self._forward(ask)
            if isinstance(ask, Read):
                if self._call is None:
                    continue
                if not self._call.ready:
                    return self._call.when_ready(self._read_on)
                value = self._call.take()
                if value is None and self._call.cut:
                    return self._cut()
            elif not self._stream(ask):
                return None

    def _forward(self, ask: Forward) -> None:
        self._drop_call()
        self._call = self._client.forward(ask.node, ask.request)
        self._call.when_headed(self.step)

    def _read_on(self) -> None:
        assert self._call is not None
        piece = self._call.take()
        if piece is None and self._call.cut:  # torn behind us, so torn before the client as well
            self._cut()
        else:
            self.step(piece)

    def _stream(self, ask: Begin | Piece) -> bool:
        """Write a head or a piece; False when the client must read first."""
        if isinstance(ask, Begin):
            self._begun = True
            if not self._message.chunks or ask.answer.close or asks_to_close(ask.answer.headers):
                self._keep = False
            self._write(self._head(ask.answer, None))
        elif ask.data and self._message.request.method != "HEAD":
            self._write(chunk(ask.data) if self._message.chunks else ask.data)
        self._piece_waits = self._client.blocked
        return not self._piece_waits

    def unblocked(self) -> None:
        """The client reads again."""
        if self._piece_waits:
            self._piece_waits = False
            self.step(None)

    def _finish(self, answer: Answer | None) -> None:
        self._drop_call()
        if answer is not None and not self._begun:
            if answer.close or asks_to_close(answer.headers):
                self._keep = False
            bodiless = self._message.request.method == "HEAD" or answer.status in (204, 304)
            head = self._head(answer, len(answer.body))
            self._write(head if bodiless else head + answer.body)
        elif answer is None and self._begun:
            if self._message.chunks and self._message.request.method != "HEAD":
                self._write(LAST_CHUNK)
        else:
            print(f"{self._what}: ended without an answer, or with two", file=sys.stderr)
            return self._fail()
        self._client.finished(self._keep)
        return None

    def _head(self, answer: Answer, length: int | None) -> bytes:
        return answer_head(
            answer,
            length,
            method=self._message.request.method,
            chunked=self._message.chunks,
            close=not self._keep,
            date=self._client.date(),
        )

    def _write(self, data: bytes) -> None:
        self._client.write(data)

    @property
    def _what(self) -> str:
        return f"{self._message.request.method} {self._message.request.path}"

    def _fail(self) -> None:
        self._drop_call()
        self._keep = False
        if self._begun:
            return self._cut()
        self._write(self._head(Answer(500, "Internal Server Error"), 0))
        return self._client.finished(False)

    def _cut(self) -> None:
        """End the connection without an end of the answer."""
        self.abandon()
        self._client.finished(False)

    def abandon(self) -> None:
        """Nobody waits for this answer any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._drop_call()
        self._work.close()

    def _drop_call(self) -> None:
        if self._call is not None:
            self._call.drop()
            self._call = None
