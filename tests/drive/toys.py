"""A toy node for the memory rig and a raw server for loopback: both say exactly what a test tells them."""

from __future__ import annotations

import contextlib
import socket
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import stamper
from exsim.org.work import Begin, Peer, Piece, Wait, Work
from exsim.protocols.flow import Flow, Request, Response
from exsim.session.hop import Evidence, Hop, Line
from exsim.wire.message import Answer
from exsim.wire.message import Request as OrgRequest
from tests.rig.memory import request_ids


class ToyNode:
    """Answers 200 with its name; paths tell it to be slow, to stream, to set a cookie, to close."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[tuple[int, str]] = []

    def front(self, request: OrgRequest, peer: Peer) -> Work:
        self.seen.append((peer.number, request.target))
        if request.path.startswith("/slow"):
            yield Wait(float(request.query["seconds"]))
        headers = [("X-FEServer", self.name)]
        if request.path == "/stream":
            yield Begin(Answer(200, "OK", headers))
            for _ in range(3):
                yield Wait(40.0)
                yield Piece(b"alive")
            return None
        if request.path == "/cookie":
            headers.append(("Set-Cookie", "cadata=secret-value; path=/"))
        return Answer(200, "OK", headers, self.name.encode(), close=request.path == "/close")

    def back(self, request: OrgRequest, peer: Peer) -> Work:
        raise NotImplementedError


class Recorded:
    """A client whose lines land in a list."""

    def __init__(self, world: Any, **identity: Any) -> None:
        self.lines: list[Line] = []
        self.client = Client(
            world,
            Identity(user=1, protocol="toy", **identity),
            lambda request, response: Evidence(bytes=len(response.body)),
            self.lines.append,
            request_ids(),
            CookieHasher(b"salt", frozenset({"LB01"})),
            stamper(0.0),
        )

    @property
    def hops(self) -> list[Hop]:
        return [line for line in self.lines if isinstance(line, Hop)]


def get(target: str, **more: Any) -> Request:
    return Request("GET", target, step=target.strip("/").partition("?")[0], **more)


def measured(request: Request, times: int, taken: list[int]) -> Flow[None]:
    """The request, `times` over; `taken`: bytes that were allocated at once for each (tracemalloc must run)."""
    for _ in range(times):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        yield from request
        taken.append(tracemalloc.get_traced_memory()[1] - before)


def bodies(responses: list[Response]) -> list[bytes]:
    return [response.body for response in responses]


class RawServer:
    """Plays one script a connection: a callable that is handed the socket."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.script = script
        self.connections = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, contextlib.suppress(OSError):
            self.script(connection)

    def __enter__(self) -> RawServer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    """One request without a body, to its empty line; b"" when the client went away."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        more = connection.recv(4096)
        if not more:
            return b""
        data += more
    return data


def answering(*answers: bytes) -> Callable[[socket.socket], None]:
    """A script: read a request, send the next of `answers`, and close after the last."""

    def script(connection: socket.socket) -> None:
        for answer in answers:
            if not read_request(connection):
                return
            connection.sendall(answer)

    return script
