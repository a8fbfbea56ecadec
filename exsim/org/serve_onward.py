"""The hop from a front end to the back ends: sockets, and connections kept for the next request.

What comes of one request is in its `Call` (`exsim.org.http.onward`); here are the connections alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httptools

from exsim.org.http.onward import READ_AHEAD, Call, Carrier
from exsim.org.http.outgoing import forwarded
from exsim.wire.message import Request

CONNECT_LIMIT = (
    5.0  # seconds to a back end; assumed: on loopback it is there at once, or not at all
)


class Onward:
    """The hop from the front end to a back end: real HTTP, over connections kept for the next request."""

    def __init__(self, back_ends: Mapping[str, str]) -> None:
        self._back_ends = back_ends
        self._idle: dict[str, list[Carrier]] = {}

    def send(self, node: str, request: Request, length: int | None = None) -> Call:
        """Send `request` to the back end of `node`; what comes of it is in the call.

        `length`: of a body that is given to the call piece by piece.
        """
        call = Call(request, self._idle.setdefault(node, []), length)
        idle = self._idle[node]
        while idle:
            connection = idle.pop()
            if connection.alive():
                connection.carry(call)
                return call
        address = self._back_ends.get(node)
        call.connecting = asyncio.get_running_loop().create_task(_connect(address, call))
        return call


async def _connect(address: str | None, call: Call) -> None:
    host, _, port = (address or "").rpartition(":")
    try:
        if not host:
            raise ConnectionRefusedError
        loop = asyncio.get_running_loop()
        making = loop.create_connection(BackConnection, host, int(port))
        _, connection = await asyncio.wait_for(making, CONNECT_LIMIT)
    except OSError:  # TimeoutError is one
        call.lost()
        return
    connection.carry(call)


class BackConnection(asyncio.Protocol):
    """One kept connection to a back end."""

    def __init__(self) -> None:
        self.call: Call | None = None
        self.blocked = False
        self.idle: list[Carrier] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def carry(self, call: Call) -> None:
        """Send the call's request, and read its answer."""
        self.call, self.idle = call, None
        call.connection, call.connecting = self, None
        self.transport.write(forwarded(call.request, call.length))
        call.go_on()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False
        if self.call is not None:
            self.call.go_on()

    def alive(self) -> bool:
        return not self.transport.is_closing()

    def read_on(self) -> None:
        self.transport.resume_reading()

    def rest(self, idle: list[Carrier]) -> None:
        """Wait in `idle` for the next request."""
        self.idle = idle
        idle.append(self)
        self.read_on()

    def close(self) -> None:
        self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        call = self.call
        if call is None:  # nobody asked
            self.transport.abort()
            return
        try:
            call.reply.feed(data)
        except httptools.HttpParserError:
            self.transport.abort()
            return
        if call.reply.held > READ_AHEAD and call.reply.streaming:
            self.transport.pause_reading()
        call.advance()

    def connection_lost(self, error: Exception | None) -> None:
        if self.idle is not None and self in self.idle:
            self.idle.remove(self)
        if self.call is not None:
            call, self.call = self.call, None
            call.lost()
