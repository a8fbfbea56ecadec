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
from exsim.org.http.outgoing import LAST_CHUNK, answer_head, asks_to_close, chunk, declared
from exsim.org.work import (
    Begin,
    Forward,
    Hangup,
    Now,
    Piece,
    Read,
    Signal,
    Take,
    Until,
    Wait,
    Work,
)
from exsim.wire.message import Answer, Request


class Timer(Protocol):
    """Something that was to happen later."""

    def cancel(self) -> None: ...


class Client(Protocol):
    """The connection that an answer goes to."""

    blocked: bool  # it does not read as fast as it is answered

    @property
    def spent(self) -> bool:
        """Whether too much of the request is unread for the connection to go on after its answer."""

    def body(self) -> bytes | None:
        """The next piece of the request's body; empty: none is here yet; None: it is at its end."""

    def write(self, data: bytes) -> None: ...
    def headed(self) -> None:
        """The head of the answer goes out: no interim answer may follow it."""

    def finished(self, keep: bool) -> None: ...
    def forward(self, node: str, request: Request, length: int | None) -> Call: ...
    def later(self, seconds: float, call: Callable[[Any], None]) -> Timer: ...
    def now(self) -> float: ...
    def date(self) -> str: ...


class Carrying:
    """One work on its way: steps the generator, and does what it asks for."""

    def __init__(self, client: Client, message: Message, work: Work) -> None:
        self._client = client
        self._message = message
        self._keep = message.keep_alive
        self._begun = False
        self._left: int | None = None  # of an answer that says its length and comes in pieces
        self._piece_waits = False
        self._taking = False
        self._listening: tuple[Signal, Callable[[], None]] | None = None
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
            if isinstance(ask, Until):
                self._listen(ask.signal, True)
                self._timer = self._client.later(ask.seconds, lambda _: self._wake(False))
                return None
            if isinstance(ask, Now):
                value = self._client.now()
                continue
            if isinstance(ask, Take):
                value = self._client.body()
                if value == b"":
                    self._taking = True
                    return self._listen(ask.signal, b"")
                continue
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
        length = self._message.length if ask.body else None
        self._call = self._client.forward(ask.node, ask.request, length)
        self._call.when_headed(self.step)
        if length:
            self._call.when_writable(self._pass_body)

    def _pass_body(self) -> None:
        """Send on what is here of the body, as far as the back end takes it."""
        while self._call is not None and self._call.writable:
            piece = self._client.body()
            if not piece:
                return
            self._call.send_on(piece)

    def fed(self) -> None:
        """More of the request's body is here."""
        if self._taking:
            piece = self._client.body()
            if piece != b"":
                self._wake(piece)
        else:
            self._pass_body()

    def _listen(self, signal: Signal | None, value: object) -> None:
        """Go on with `value` when the signal rings: a moment later, for it is another work that rings."""
        if signal is None:
            return

        def rung() -> None:
            self._listening = None
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._client.later(0.0, lambda _: self._wake(value))

        signal.listen(rung)
        self._listening = (signal, rung)

    def _wake(self, value: object) -> None:
        """Go on with `value`; whatever else was waited for comes to nothing."""
        self._leave()
        self.step(value)

    def _leave(self) -> None:
        self._taking = False
        if self._listening is not None:
            signal, rung = self._listening
            signal.forget(rung)
            self._listening = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

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
            self._left = declared(ask.answer)
            framed = self._message.chunks or self._left is not None
            if not framed or ask.answer.close or asks_to_close(ask.answer.headers):
                self._keep = False
            self._write(self._head(ask.answer, self._left))
            self._client.headed()
        elif ask.data and self._message.request.method != "HEAD":
            self._write(self._framed(ask.data))
        self._piece_waits = self._client.blocked
        return not self._piece_waits

    def _framed(self, data: bytes) -> bytes:
        if self._left is None:
            return chunk(data) if self._message.chunks else data
        data = data[: self._left]
        self._left -= len(data)
        return data

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
            if self._left:  # less than was promised
                return self._cut()
            if (
                self._left is None
                and self._message.chunks
                and self._message.request.method != "HEAD"
            ):
                self._write(LAST_CHUNK)
        else:
            print(f"{self._what}: ended without an answer, or with two", file=sys.stderr)
            return self._fail()
        self._client.finished(self._keep)
        return None

    def _head(self, answer: Answer, length: int | None) -> bytes:
        if self._client.spent:
            self._keep = False
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
        self._leave()
        self._drop_call()
        self._work.close()

    def _drop_call(self) -> None:
        if self._call is not None:
            self._call.drop()
            self._call = None
