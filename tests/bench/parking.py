"""A target that parks: it takes every long request and answers when told to; for the benchmark of idle users.

    python -m tests.bench.parking PLAIN_PORT TLS_PORT CERTIFICATE ADMIN_SOCKET

A logon of OWA is accepted.  A Ping of ActiveSync is held and answered with status 1 (nothing changed), its other commands with nothing; a GET of OWA's notification channel is
answered with its head at once, and with a piece whenever it is woken; anything else is answered at once.  On
the admin socket a line of digits sets how many are woken a second; each line is answered with how many are parked,
how many were woken, and how many connections stand.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections import deque
from itertools import count
from pathlib import Path
from typing import ClassVar

from exsim.wire.wbxml import Element, encode
from tests.bench.parking_tls import Tls, context_of
from tests.bench.target import CANARY, COOKIES

PAUSE = 0.02  # seconds between two rounds of waking
HEAD = (
    "HTTP/1.1 {status}\r\nX-FEServer: EX16-01\r\nX-CalculatedBETarget: ex16-01.isp.com.au\r\n"
    "X-BEServer: EX16-01\r\nrequest-id: {number:08x}-0000-0000-0000-000000000000\r\n"
)
QUIET = encode(Element("Ping:Ping", (Element("Ping:Status", ("1",)),)))
PIECE = b'[{"id":"hierarchyNotification","EventType":"RowModified"}]'


class Parking(asyncio.Protocol):
    """One connection."""

    parked: ClassVar[deque[Parking]] = deque()
    woken = 0
    connections = 0
    numbers = count()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport, self.data, self.stream, self.here = transport, b"", False, True
        Parking.connections += 1

    def connection_lost(self, error: Exception | None) -> None:
        self.here = False
        Parking.connections -= 1

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, whole, body = self.data.partition(b"\r\n\r\n")
        if not whole:
            return
        low = head.lower()
        _, found, length = low.partition(b"content-length:")
        wanted = int(length.split(b"\r\n")[0]) if found else 0
        if len(body) < wanted:
            return
        self.data = body[wanted:]
        self._answer(low.partition(b"\r\n")[0])

    def _answer(self, line: bytes) -> None:
        if b"cmd=ping" in line or b"pendingnotificationrequest" in line:
            self.stream = b"cmd=ping" not in line
            if self.stream:
                self._write("Transfer-Encoding: chunked\r\nContent-Type: text/plain\r\n", b"")
                self._piece()
            Parking.parked.append(self)
        elif b"auth.owa" in line:
            self._write(f"Location: /owa/\r\nContent-Length: 0\r\n{_cookies()}", b"", "302 Found")
        elif b"cmd=" in line:
            self._write("Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: 0\r\n", b"")
        else:
            self._write("Content-Type: text/html\r\nContent-Length: 7\r\n", b"{cid:1}")

    def wake(self) -> None:
        if self.stream:
            self._piece()
            Parking.parked.append(self)
        else:
            more = (
                f"Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: {len(QUIET)}\r\n"
            )
            self._write(more, QUIET)

    def _write(self, more: str, body: bytes, status: str = "200 OK") -> None:
        head = HEAD.format(number=next(Parking.numbers), status=status) + more + "\r\n"
        self.transport.write(head.encode() + body)

    def _piece(self) -> None:
        self.transport.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))


def _cookies() -> str:
    """Those of an accepted logon and the canary, of their real sizes, and nobody else's."""
    own = f"{next(Parking.numbers):08x}"
    return "".join(
        f"Set-Cookie: {name}={own}{value[len(own) :]}; path=/; secure{_hidden(name)}\r\n"
        for name, value in (*COOKIES.items(), ("X-OWA-CANARY", CANARY))
    )


def _hidden(name: str) -> str:
    return "" if name == "X-OWA-CANARY" else "; HttpOnly"


class Admin(asyncio.Protocol):
    """How fast to wake, and how it goes."""

    rate = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        Admin.rate = int(data)
        told = {
            "parked": len(Parking.parked),
            "woken": Parking.woken,
            "connections": Parking.connections,
        }
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(json.dumps(told).encode() + b"\n")


async def waking() -> None:
    """Wake the longest parked ones, so many a second."""
    loop = asyncio.get_running_loop()
    last, owed = loop.time(), 0.0
    while True:
        # Who wakes does not sleep between his rounds: a client would pay for waking him with each of its requests.
        await asyncio.sleep(0 if Admin.rate else PAUSE)
        now = loop.time()
        if now - last < PAUSE:
            continue
        owed += Admin.rate * (now - last)
        last = now
        for _ in range(min(int(owed), len(Parking.parked))):
            owed -= 1
            one = Parking.parked.popleft()
            if one.here:
                one.wake()
                Parking.woken += 1


async def main(plain: int, covered: int, certificate: Path, admin: str) -> None:
    loop = asyncio.get_running_loop()
    context = context_of(certificate)
    await loop.create_server(Parking, "127.0.0.1", plain, backlog=4096)
    await loop.create_server(lambda: Tls(context, Parking), "127.0.0.1", covered, backlog=4096)
    await loop.create_unix_server(Admin, admin)
    await waking()


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
