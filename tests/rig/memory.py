"""Lines without sockets: a request goes through a balancer in memory into a node's own generators.

The node's work is driven on the virtual world's heap exactly as the node process drives it on asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Protocol

from exsim.drive.driver import Client
from exsim.drive.exchange import Exchange
from exsim.drive.virtual import VirtualWorld
from exsim.org.work import (
    Begin,
    Forward,
    Hangup,
    Now,
    Peer,
    Piece,
    Read,
    Signal,
    Take,
    Until,
    Upstream,
    Wait,
    Work,
)
from exsim.wire.message import Answer, Headers
from exsim.wire.message import Request as OrgRequest


class Balancer(Protocol):
    def choose(self, line: Any, headers: Headers) -> str: ...
    def answered(self, line: Any, headers: Headers, node: str, answer: Answer) -> None: ...


class Node(Protocol):
    def front(self, request: OrgRequest, peer: Peer) -> Work: ...
    def back(self, request: OrgRequest, peer: Peer) -> Work: ...


class Network:
    """All nodes behind one balancer.  `delay()` gives the seconds one way."""

    def __init__(
        self,
        nodes: dict[str, Node],
        balancer: Balancer,
        delay: Callable[[], float] = lambda: 0.002,
        host: str = "exchange.isp.com.au",
        scheme: str = "http",
    ) -> None:
        self.nodes = nodes
        self.balancer = balancer
        self.delay = delay
        self.host = host
        self.scheme = scheme
        self.world = VirtualWorld(self.connect)
        self.numbers = count(1)
        self.down: set[str] = set()
        self.server_timeout = (
            0.0  # seconds that a node may be silent before the balancer's 504; 0: any
        )

    def connect(self, client: Client, origin: str | None) -> MemoryLine:
        line = MemoryLine(self, client, origin, next(self.numbers))
        self.world.later(0.0, client.connected, line)
        return line


class MemoryLine:
    """One client connection."""

    def __init__(self, network: Network, client: Client, origin: str | None, number: int) -> None:
        self.network = network
        self.number = number
        self.note: Any = None
        self.origin = origin
        self.user = client.identity.user
        self.source = f"127.0.9.{client.identity.user % 250}:{40000 + number}"
        self.address = "127.0.0.1:443"
        self.alpn = ""
        self.certificate = b""
        self.alive = True
        self.used = 0
        self.exchange: Exchange | None = None
        self.server: str | None = None  # the balancer's own note
        self.target = ""  # of the request that it is choosing for
        self.peers: dict[str, Peer] = {}
        self.running: Running | None = None
        self.body = Body(b"", 0)
        self.ready = 0.0

    def begin(self, exchange: Exchange, client_request_id: str, length: int | None) -> None:
        request = exchange.request
        headers: Headers = [("Host", self.network.host), *request.lines]
        if request.cookies.line:
            headers.append(("Cookie", request.cookies.line))
        headers.append(("client-request-id", client_request_id))
        self.body = Body(request.body or b"", length)
        if self.body.length is not None:
            headers.append(("Content-Length", str(self.body.length)))
        incoming = OrgRequest(
            request.method, request.target, headers, request.body or b"", self.network.scheme
        )
        if request.method.startswith("RPC_"):
            incoming.body = b""
        elif length:
            self.body.when_whole = lambda: self._whole(exchange, incoming)
            return
        self._later(self._arrived, exchange, incoming)

    def _later(self, call: Callable[..., None], *arguments: Any) -> None:
        """A delay from now, and not before what was sent earlier."""
        world = self.network.world
        self.ready = max(self.ready, world.now() + self.network.delay())
        world.later(self.ready - world.now(), call, *arguments)

    def _whole(self, exchange: Exchange, request: OrgRequest) -> None:
        request.body = b"".join(self.body.pieces)
        self._arrived(exchange, request)

    def _arrived(self, exchange: Exchange, request: OrgRequest) -> None:
        if exchange.ended is not None:
            return
        network = self.network
        self.target = request.target
        node = self.origin or network.balancer.choose(self, request.headers)
        carry = getattr(network.balancer, "carry", None)  # not every balancer shares connections
        peer: Peer | None = carry(self, node) if carry and not self.origin else None
        if peer is None:
            peer = self.peers.setdefault(node, Peer(self.number * 100 + len(self.peers)))
        if node in network.down:
            refusal = Answer(503, "Service Unavailable", [("Content-Type", "text/html")], b"503")
            ToClient(self, exchange, request, node).whole(refusal)
            return
        work = network.nodes[node].front(request, peer)
        to = ToClient(self, exchange, request, node)
        self.running = Running(network, work, to, self.body)
        if network.server_timeout and self.origin is None:
            network.world.later(network.server_timeout, to.give_up)
        self.running.go()

    def write(self, data: bytes) -> None:
        self._later(self.body.add, data)

    def drop(self) -> None:
        self.alive = False
        if self.running is not None:
            self.running.abandon()


class Body:
    """A request's body on its way: what came of it, and who waits for more."""

    def __init__(self, whole: bytes, length: int | None) -> None:
        self.length = length if length is not None else len(whole) or None
        self.left = self.length or 0
        self.pieces: list[bytes] = []
        self.when_fed: Callable[[], None] | None = None
        self.when_whole: Callable[[], None] | None = None
        if whole:
            self.add(whole)

    def add(self, data: bytes) -> None:
        self.left -= len(data)
        assert self.left >= 0, "more than was promised"
        self.pieces.append(data)
        if not self.left and self.when_whole is not None:
            self.when_whole()
        if self.when_fed is not None:
            fed, self.when_fed = self.when_fed, None
            fed()

    def take(self) -> bytes | None:
        """The next piece; empty: none is here yet; None: that was all."""
        if self.pieces:
            return self.pieces.pop(0)
        return b"" if self.left else None


class ToClient:
    """Where a front end's answer goes: through the balancer, a delay later, to the exchange."""

    def __init__(
        self, line: MemoryLine, exchange: Exchange, request: OrgRequest, node: str
    ) -> None:
        self.line, self.exchange, self.request, self.node = line, exchange, request, node
        self.ready = 0.0  # pieces keep their order
        self.left: int | None = None  # of an answer that says its length and comes in pieces
        self.begun = False
        self.given_up = False

    def give_up(self) -> None:
        """`timeout server` of HAProxy: its own 504; the node does not hear of it, and goes on."""
        if not self.begun:
            headers = [("Content-Type", "text/html")]
            self.whole(Answer(504, "Gateway Time-out", headers, b"<html>504</html>"))
            self.given_up = True

    def _later(self, call: Callable[..., None], *arguments: Any) -> None:
        if self.given_up:
            return
        world = self.line.network.world
        self.ready = max(self.ready, world.now() + self.line.network.delay())
        world.later(self.ready - world.now(), self._deliver, call, arguments)

    def _deliver(self, call: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if self.exchange.ended is None:
            call(*arguments)

    def head(self, answer: Answer) -> None:
        self.begun = True
        if self.line.origin is None and not self.given_up:
            self.line.network.balancer.answered(self.line, self.request.headers, self.node, answer)
        length = answer.header("Content-Length")
        self.left = int(length) if length is not None else None
        headers = [(key.lower().encode(), value.encode("latin-1")) for key, value in answer.headers]
        self._later(self.exchange.on_head, answer.status, answer.reason, headers)

    def piece(self, data: bytes) -> None:
        if self.left is not None:
            self.left -= len(data)
        self._later(self.exchange.on_piece, data)

    def end(self) -> None:
        torn = bool(self.left)  # less than was promised
        self._later(self.exchange.on_end, "truncated" if torn else None, torn)

    def whole(self, answer: Answer) -> None:
        self.head(answer)
        self.left = None
        if answer.body and self.request.method != "HEAD":
            self.piece(answer.body)
        self.end()

    def hangup(self) -> None:
        self._later(self.exchange.on_end, "closed", True)


CUT = b"(torn)"  # instead of a piece: the back end's answer ended in the middle


class Running:
    """One generator of a node on the heap: it asks, the world answers."""

    def __init__(self, network: Network, work: Work, to: Any, body: Body) -> None:
        self.network = network
        self.work = work
        self.to = to
        self.body = body
        self.waits = 0  # so often has the work waited for one of several things
        self.upstream: FromBackEnd | None = None
        self.over = False

    def go(self, value: Any = None) -> None:
        while not self.over:
            if value is CUT:
                self.over = True
                self.work.close()
                self.to.hangup()
                return
            try:
                ask = self.work.send(value)
            except StopIteration as stop:
                self.over = True
                if stop.value is None:
                    self.to.end()
                else:
                    self.to.whole(stop.value)
                return
            except Hangup:
                self.over = True
                self.to.hangup()
                return
            value = None
            if isinstance(ask, Wait):
                self.network.world.later(ask.seconds, self.go)
                return
            if isinstance(ask, Begin):
                self.to.head(ask.answer)
            elif isinstance(ask, Piece):
                self.to.piece(ask.data)
            elif isinstance(ask, Forward):
                self.forward(ask)
                return
            elif isinstance(ask, Read):
                assert self.upstream is not None
                if not self.upstream.read(self.go):
                    return
                value = self.upstream.taken
            elif isinstance(ask, Take):
                value = self.body.take()
                if value == b"":
                    self.body.when_fed = self.first(ask.signal, b"", lambda: self.body.take())
                    return
            elif isinstance(ask, Now):
                value = self.network.world.now()
            elif isinstance(ask, Until):
                woken = self.first(ask.signal, True, lambda: False)
                self.network.world.later(ask.seconds, woken)
                return

    def first(
        self, signal: Signal | None, rung: Any, otherwise: Callable[[], Any]
    ) -> Callable[[], None]:
        """Go on with `rung` at the signal, or with `otherwise` when what is returned is called first."""
        self.waits += 1
        number = self.waits

        def wake(value: Callable[[], Any]) -> None:
            if self.waits == number and not self.over:
                self.waits += 1
                self.go(value())

        if signal is not None:
            signal.listen(lambda: self.network.world.later(0.0, wake, lambda: rung))
        return lambda: wake(otherwise)

    def forward(self, ask: Forward) -> None:
        if ask.node in self.network.down:
            self.network.world.later(self.network.delay(), self.go, None)
            return
        self.upstream = FromBackEnd(self.network, self.go)
        request, body = ask.request, Body(ask.request.body, None)
        if ask.body:
            body = self.body
            request.headers.append(("Content-Length", str(body.length or 0)))
        work = self.network.nodes[ask.node].back(request, Peer(0))
        self.upstream.running = Running(self.network, work, self.upstream, body)
        self.network.world.later(self.network.delay(), self.upstream.running.go)

    def abandon(self) -> None:
        if self.over:
            return
        self.over = True
        if self.upstream is not None and self.upstream.running is not None:
            self.upstream.running.abandon()
        self.work.close()


class FromBackEnd:
    """Where a back end's answer goes: to the front end that forwarded."""

    def __init__(self, network: Network, go: Callable[[Any], None]) -> None:
        self.network = network
        self.go = go
        self.running: Running | None = None
        self.pieces: list[bytes | None] = []
        self.reader: Callable[[Any], None] | None = None
        self.taken: bytes | None = None
        self.begun = False

    def _later(self, call: Callable[..., None], *arguments: Any) -> None:
        self.network.world.later(0.0, call, *arguments)

    def head(self, answer: Answer) -> None:
        self.begun = True
        self._later(self.go, Upstream(answer, streaming=True))

    def whole(self, answer: Answer) -> None:
        self._later(self.go, Upstream(answer))

    def piece(self, data: bytes) -> None:
        self._push(data)

    def end(self) -> None:
        self._push(None)

    def hangup(self) -> None:
        if self.begun:
            self._push(CUT)  # torn behind the front end, so torn before the client as well
        else:
            self._later(self.go, None)

    def _push(self, data: bytes | None) -> None:
        if self.reader is not None:
            reader, self.reader = self.reader, None
            self._later(reader, data)
        else:
            self.pieces.append(data)

    def read(self, reader: Callable[[Any], None]) -> bool:
        if self.pieces:
            self.taken = self.pieces.pop(0)
            return True
        self.reader = reader
        return False


def request_ids() -> Iterator[str]:
    """GUIDs in order, for tests."""
    return (f"00000000-0000-4000-8000-{number:012x}" for number in count(1))
