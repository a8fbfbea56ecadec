"""The rig that carries a node over real sockets: an HTTP/1.1 server, and the hop to the back ends.

One process is one node.  It listens three times: `front` (plain HTTP, for TLS ended at the balancer),
`front_tls`, and `back`.  The back listener speaks plain HTTP where Exchange's back end site has TLS on
port 444: a stand-in, because nothing under test looks at that hop's encryption.

A node's work is a generator (`exsim.org.work`); `Carrying` steps it straight from the callbacks of the
event loop, without a task for each request.  What HTTP itself asks for is in
`exsim.org.http`; here are the sockets, the clock and the signals.  Decides nothing about Exchange.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Protocol

import msgspec

from exsim.org.confession import Confession
from exsim.org.doors import Dates, Doors, certificate_hash, tls_context
from exsim.org.http.carrying import Carrying, Timer
from exsim.org.http.incoming import Incoming, Refused
from exsim.org.http.onward import READ_AHEAD, Call
from exsim.org.http.outgoing import answer_head
from exsim.org.serve_onward import Onward
from exsim.org.windows import CERTIFICATE
from exsim.org.work import Peer, Work
from exsim.wire.message import Answer, Request

LINGER = 1.0  # seconds in which a refused client may still be sending


class Served(Protocol):
    """What this rig asks of a node."""

    def front(self, request: Request, peer: Peer) -> Work: ...
    def back(self, request: Request, peer: Peer) -> Work: ...
    @property
    def monitoring(self) -> float: ...
    def monitored(self) -> None: ...
    def recycle(self) -> None: ...
    def change_passwords(self) -> None: ...


class Listener:
    """What the connections of one listening socket have in common."""

    def __init__(
        self,
        handle: Callable[[Request, Peer], Work],
        onward: Onward,
        *,
        scheme: str = "http",
        date: Callable[[], str],
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.handle = handle
        self.onward = onward
        self.scheme = scheme
        self.date = date
        self.facts = facts or {}  # what is true of every connection from its start
        self.open: set[Connection] = set()

    def accept(self) -> Connection:
        """The protocol of a connection that just came in."""
        connection = Connection(self)
        self.open.add(connection)
        return connection


class Connection(asyncio.Protocol):
    """One client's TCP connection: one request after another, answered in order."""

    numbers = count(1)

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.incoming = Incoming(listener.scheme)
        self.carrying: Carrying | None = None
        self.blocked = False  # the client does not read as fast as it is answered
        self.ending = False
        self._pumping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        address = f"{peer[0]}:{peer[1]}" if peer else ""
        self.peer = Peer(next(self.numbers), address, dict(self.listener.facts))

    def data_received(self, data: bytes) -> None:
        if self.ending:
            return
        self.incoming.feed(data)
        if self.carrying is None:
            self.pump()
            return
        self.carrying.fed()
        if self.carrying is not None and self.incoming.waiting > READ_AHEAD:
            self.transport.pause_reading()

    def pump(self) -> None:
        """Answer what has come in, until something has to be waited for."""
        if self._pumping:  # an answer that was ready at once; the loop below goes on
            return
        self._pumping = True
        try:
            while self.carrying is None and not self.blocked and not self.ending:
                message = self.incoming.take()
                if message is None:
                    break
                work = self.listener.handle(message.request, self.peer)
                self.carrying = Carrying(self, message, work)
                self.carrying.step(None)
            self._want_more()
        except Refused as refusal:
            self._refuse(refusal)
        finally:
            self._pumping = False

    def _want_more(self) -> None:
        if self.carrying is None and not self.ending:
            self._read_on()

    def _read_on(self) -> None:
        """More bytes are wanted, also of a client that waits to be told so."""
        if self.incoming.wants_continue:
            self.incoming.wants_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self.transport.is_reading() and not self.transport.is_closing():
            self.transport.resume_reading()

    @property
    def spent(self) -> bool:
        return self.incoming.spent

    def headed(self) -> None:
        self.incoming.wants_continue = False

    def body(self) -> bytes | None:
        """What is here of the body of the request that is being answered."""
        piece = self.incoming.piece()
        if piece is not None and self.incoming.waiting <= READ_AHEAD:
            self._read_on()
        return piece

    def _refuse(self, refusal: Refused) -> None:
        answer = Answer(refusal.status, refusal.reason)
        self.transport.write(
            answer_head(answer, 0, method="", chunked=False, close=True, date=self.date())
        )
        self._linger()

    def _linger(self) -> None:
        """Closed at once, the rest of what the client still sends would reset the answer away."""
        self.ending = True
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        if not self.transport.is_reading() and not self.transport.is_closing():
            self.transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER, self.transport.close)

    def finished(self, keep: bool) -> None:
        """The answer is out; the connection goes on, or (`keep` False) ends."""
        self.carrying = None
        if keep:
            self.pump()
        elif self.incoming.spent:
            self._linger()
        else:
            self.end()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def forward(self, node: str, request: Request, length: int | None) -> Call:
        return self.listener.onward.send(node, request, length)

    def later(self, seconds: float, call: Callable[[Any], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, call, None)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def date(self) -> str:
        return self.listener.date()

    def end(self) -> None:
        """Close the connection, once what was written is out."""
        self.ending = True
        self.transport.close()

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False
        if self.carrying is not None:
            self.carrying.unblocked()
        else:
            self.pump()

    def connection_lost(self, error: Exception | None) -> None:
        self.listener.open.discard(self)
        self.ending = True
        carrying, self.carrying = self.carrying, None
        if carrying is not None:
            carrying.abandon()


class ConfessionFile:
    """A node's confessions as JSON lines.  Each is in the file before its answer goes out, so that a node
    that is killed has confessed whatever anybody heard of it."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._encode = msgspec.json.Encoder().encode

    def add(self, confession: Confession) -> None:
        data = self._encode(confession) + b"\n"
        while data:
            data = data[os.write(self._file, data) :]


async def serve(
    node: Served,
    doors: Doors,
    back_ends: Mapping[str, str],
    *,
    until: asyncio.Event,
    ready: Callable[[], None],
    clock_offset: float = 0.0,
) -> None:
    """Carry `node` until `until` is set.  `back_ends`: node -> host:port, this node's own included."""
    loop = asyncio.get_running_loop()
    onward = Onward(back_ends)
    front, back = Dates(time.time, clock_offset), Dates(time.time)
    plain = Listener(node.front, onward, date=front)
    shown = {CERTIFICATE: certificate_hash(doors.certificate)} if doors.front_tls else None
    secure = Listener(node.front, onward, scheme="https", date=front, facts=shown)
    behind = Listener(node.back, onward, date=back)
    context = tls_context(doors.certificate) if doors.front_tls else None
    servers = [
        await loop.create_server(listener.accept, sock=door, ssl=tls, backlog=1024)
        for listener, door, tls in (
            (plain, doors.front, None),
            (secure, doors.front_tls, context),
            (behind, doors.back, None),
        )
        if door is not None
    ]
    ready()
    await until.wait()
    for server in servers:
        server.close()
    for listener in (plain, secure, behind):
        for connection in list(listener.open):
            connection.transport.abort()
    await asyncio.sleep(0)  # lets the connections learn that they are lost, and close their work


def run(
    make: Callable[[Callable[[], float], Callable[[Confession], None]], Served],
    doors: Doors,
    back_ends: Mapping[str, str],
    *,
    confession: str,
    lifeline: int,
    clock_offset: float = 0.0,
) -> None:
    """The whole life of a node process: until SIGTERM, or until `lifeline` (a pipe) ends.

    `make(clock, confess)` makes the node.  SIGUSR1 recycles it, SIGUSR2 changes passwords.  A line `{"ready": true}` goes to
    standard output once everything listens.
    """
    asyncio.run(_live(make, doors, back_ends, confession, lifeline, clock_offset))


async def _live(
    make: Callable[[Callable[[], float], Callable[[Confession], None]], Served],
    doors: Doors,
    back_ends: Mapping[str, str],
    confession: str,
    lifeline: int,
    clock_offset: float,
) -> None:
    loop = asyncio.get_running_loop()
    until = asyncio.Event()
    confessions = ConfessionFile(confession)
    node = make(time.time, confessions.add)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)
    loop.add_signal_handler(signal.SIGUSR1, node.recycle)
    loop.add_signal_handler(signal.SIGUSR2, node.change_passwords)

    def lifeline_moved() -> None:
        if not os.read(lifeline, 4096):
            loop.remove_reader(lifeline)
            until.set()

    def ready() -> None:
        print('{"ready": true}', flush=True)

    loop.add_reader(lifeline, lifeline_moved)
    watching = asyncio.create_task(_monitor(node))
    await serve(node, doors, back_ends, until=until, ready=ready, clock_offset=clock_offset)
    watching.cancel()


async def _monitor(node: Served) -> None:
    """The server's own health monitoring, for as long as it lives."""
    while node.monitoring:
        await asyncio.sleep(node.monitoring)
        node.monitored()
