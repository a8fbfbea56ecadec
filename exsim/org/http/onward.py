"""One request at a back end, and what has come of it.  Sans-IO: `exsim.org.serve` has the sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from exsim.org.http.outgoing import Reply
from exsim.org.work import Upstream
from exsim.wire.message import Request

READ_AHEAD = 256 * 1024  # bytes held for a reader that is busy, before the sender is told to wait


class Cancels(Protocol):
    """A connection that is being made."""

    def cancel(self) -> bool: ...


class Carrier(Protocol):
    """A kept connection to a back end.  `call`: whose answer it is reading."""

    call: Call | None
    blocked: bool  # the back end does not read as fast as it is sent to

    def carry(self, call: Call) -> None: ...
    def write(self, data: bytes) -> None: ...
    def alive(self) -> bool: ...
    def read_on(self) -> None: ...
    def rest(self, idle: list[Carrier]) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Call:
    """One request at a back end, and what has come of it.

    `length`: of a body that is sent on piece by piece; `rest` of it is still to come.
    """

    def __init__(self, request: Request, idle: list[Carrier], length: int | None = None) -> None:
        self.request = request
        self.length = length
        self.rest = length or 0
        self.reply = Reply(request.method)
        self.connecting: Cancels | None = None
        self.connection: Carrier | None = None
        self.cut = False  # the connection ended in the middle of the answer
        self.over = False
        self._idle = idle
        self._headed: Callable[[object], None] | None = None
        self._wake: Callable[[], None] | None = None
        self._sender: Callable[[], None] | None = None

    def when_writable(self, send: Callable[[], None]) -> None:
        """Call `send` whenever pieces of the body may be given to `send_on` (again)."""
        self._sender = send
        if self.writable:
            send()

    @property
    def writable(self) -> bool:
        """Whether the back end takes a piece of the body now."""
        connection = self.connection
        return bool(self.rest) and connection is not None and not connection.blocked

    def send_on(self, piece: bytes) -> None:
        """A piece of the body goes to the back end."""
        assert self.connection is not None
        self.rest -= len(piece)
        self.connection.write(piece)

    def go_on(self) -> None:
        """The connection stands, or takes bytes again."""
        if self._sender is not None and self.writable:
            self._sender()

    def when_headed(self, tell: Callable[[object], None]) -> None:
        """Call `tell` once, with an Upstream, or None when the back end cannot be reached."""
        self._headed = tell

    @property
    def ready(self) -> bool:
        """Whether `take` has something to give."""
        return bool(self.reply.pieces) or self.over

    def when_ready(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def take(self) -> bytes | None:
        """The next piece of the body, or None after the last."""
        if not self.reply.pieces:
            return None
        piece = self.reply.take()
        if self.connection is not None and self.reply.held < READ_AHEAD:
            self.connection.read_on()
        return piece

    def advance(self) -> None:
        """Bytes of the answer came in: tell whoever waits for them."""
        reply = self.reply
        if reply.done and not self.over:
            self._give_back()
        if self._headed is not None and reply.head is not None:
            if reply.streaming:
                self._tell(Upstream(reply.head, streaming=True))
            elif reply.done:
                reply.head.body = b"".join(reply.pieces)
                reply.pieces.clear()
                self._tell(Upstream(reply.head))
        elif self._wake is not None and self.ready:
            wake, self._wake = self._wake, None
            wake()

    def _tell(self, upstream: Upstream | None) -> None:
        headed, self._headed = self._headed, None
        if headed is not None:
            headed(upstream)

    def _give_back(self) -> None:
        self.over = True
        connection, self.connection = self.connection, None
        if connection is None:
            return
        connection.call = None
        if self.reply.keep_alive and connection.alive() and not self.rest:
            connection.rest(self._idle)
        else:
            connection.close()

    def lost(self) -> None:
        """The connection ended, or never came up."""
        if self.over:
            return
        if self.reply.end():
            self.advance()
            return
        self.over = True
        self.connection = None
        self.cut = self.reply.head is not None
        if self._headed is not None:
            self._tell(None)
        elif self._wake is not None:
            wake, self._wake = self._wake, None
            wake()

    def drop(self) -> None:
        """Nobody reads this answer any more; a connection in the middle of one is of no further use."""
        self._headed = self._wake = self._sender = None
        if self.connecting is not None:
            self.connecting.cancel()
        if not self.over:
            self.over = True
            if self.connection is not None:
                self.connection.call = None
                self.connection.abort()
