"""Keeps a balancer's log: one datagram, one line of the file.

The lines come over a loopback datagram socket, because a datagram keeps its borders where the text of a
line has none (a raw TLS session id may hold a line end).  What is no printable ASCII is written `\\xNN`.
Lines that came faster than they were kept are gone; how many, the file's own last line says.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Redact = Callable[[bytes], bytes]
RECEIVE_BUFFER = 8 * 1024 * 1024  # bytes asked for; the system may give less
FLUSH_EVERY = 0.2  # seconds that a line may wait for the file
_MISSING = re.compile(rb"exsim: (\d+) lines are missing from this log")
_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")


def printable(line: bytes) -> bytes:
    """`line` with every byte that is no printable ASCII as `\\xNN`."""
    return _UNPRINTABLE.sub(lambda match: b"\\x%02x" % match[0][0], line)


def missing_by(line: bytes) -> int:
    """How many lines the file lacks, where `line` is the one that says so; else 0."""
    found = _MISSING.match(line)
    return int(found[1]) if found else 0


class LogCapture:
    """Listens from the start, writes to `path` in a thread of its own, until `close`.

    `address` is where the balancer sends its lines.  `redact` sees each line first.  `lost`: datagrams
    that the system threw away because they came faster than they were read.
    """

    def __init__(self, path: Path, redact: Redact) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._enlarge()
        self._socket.settimeout(FLUSH_EVERY)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.lines = 0
        self.lost = 0
        self._redact = redact
        self._file = path.open("ab")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="balancer log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is still on its way, and end.  Call it when the balancer has ended.

        Raises OSError when something of it could not be written.
        """
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        self.lost = self._dropped()
        self._socket.close()
        try:
            if self.lost:
                self._file.write(b"exsim: %d lines are missing from this log\n" % self.lost)
            self._file.close()
        except OSError as problem:
            problem.filename = problem.filename or self._file.name  # a full disk names nobody
            raise

    def _enlarge(self) -> None:
        # The second is for root alone and goes beyond the system's limit (socket(7)): SO_RCVBUFFORCE.
        for name in (socket.SO_RCVBUF, 33):
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, name, RECEIVE_BUFFER)
            except OSError:
                return

    def _work(self) -> None:
        with suppress(OSError):  # a full disk: `close` says so to whoever can be told
            self._keep()

    def _keep(self) -> None:
        while True:
            try:
                line = self._socket.recv(65535)
            except TimeoutError:
                self._file.flush()
                if self._over.is_set():
                    return
                continue
            self.lines += 1
            self._file.write(printable(self._redact(line.rstrip(b"\n"))) + b"\n")

    def _dropped(self) -> int:
        """The kernel's own count, by the socket's inode (proc(5), net/udp: the last column)."""
        inode = str(os.fstat(self._socket.fileno()).st_ino)
        try:
            rows = Path("/proc/net/udp").read_text().splitlines()[1:]
        except OSError:
            return 0
        return next((int(row.split()[-1]) for row in rows if row.split()[9] == inode), 0)
