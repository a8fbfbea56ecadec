"""A front end of few words that keeps its own record: which request came, and when its answer had been sent.

It lets a browser log on and work, takes its time over every third call, and leaves every ninth unanswered.
"""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time

from tests.protocols.toy import BOOT, FORM

JSON = b'{"Body":{"ResponseMessages":{"Items":[{"ResponseCode":"NoError"}]}}}'
SLOW, NEVER = 3, 9
SLOWLY = 0.15  # seconds
_ID = re.compile(rb"^client-request-id: ([^\r]+)", re.MULTILINE | re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length: (\d+)", re.MULTILINE | re.IGNORECASE)
COOKIES = b"".join(
    b"Set-Cookie: %s=%s; path=/; HttpOnly\r\n" % (name, name * 4)
    for name in (b"cadata", b"cadataTTL", b"cadataKey", b"cadataIV", b"cadataSig")
)


def answer(head: bytes, target: bytes) -> bytes:
    """What the path deserves; without a logon's cookies it is the form."""
    path = target.partition(b"?")[0]
    status, more, body = b"200 OK", b"Content-Type: text/html\r\n", BOOT
    if path == b"/owa/auth.owa":
        status, more, body = b"302 Found", COOKIES + b"Location: /owa/\r\n", b""
    elif b"cadata=" not in head:
        body = FORM
    elif path not in (b"/owa/", b"/owa/logoff.owa"):
        more, body = b"Content-Type: application/json\r\n", JSON
    head = b"HTTP/1.1 %s\r\nX-FEServer: EX1\r\n%sContent-Length: %d\r\n\r\n" % (
        status,
        more,
        len(body),
    )
    return head + body


class CountingServer:
    """Up while its `with` lasts.  `came`: ids of requests; `answered`: id -> when its answer was sent."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.answered: dict[str, float] = {}
        self.calls = itertools.count(1)
        self.open: list[socket.socket] = []

    def __enter__(self) -> CountingServer:
        self.door = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self.door.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self.door, *self.open]:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.door.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    got = connection.recv(65536)
                    if not got:
                        return
                    data += got
                head, _, rest = data.partition(b"\r\n\r\n")
                length = _LENGTH.search(head)
                need = int(length[1]) if length else 0
                while len(rest) < need:
                    rest += connection.recv(65536)
                data = rest[need:]
                self._reply(connection, head)
        except OSError:
            return

    def _reply(self, connection: socket.socket, head: bytes) -> None:
        found = _ID.search(head)
        number = found[1].decode() if found else ""
        self.came.append(number)
        target = head.split(b" ", 2)[1]
        if b"service.svc" in target:
            call = next(self.calls)
            if call % NEVER == 0:
                return
            if call % SLOW == 0:
                time.sleep(SLOWLY)
        connection.sendall(answer(head, target))
        self.answered[number] = time.time()
