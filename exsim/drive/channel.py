"""A channel between a run's master and a worker on another machine: frames, after both have shown that they share a secret.

An order holds passwords, so nobody gets one who does not know the secret, and over a network the channel is TLS: the
worker checks the master's certificate.  Without TLS it may only lead over this machine's own loopback (a tunnel ends
there, too).  Plain sockets and blocking calls: used from threads, never in the load.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

HEAD = 5  # bytes: what kind of frame, and how long
LONGEST = 64 << 20  # bytes of a frame; a batch of history has some hundred kilobytes
LONGEST_GREETING = 1024
NONCE = 32  # bytes
LIMIT = 10.0  # seconds for each step of a greeting
SILENCE = 30.0  # seconds without a frame, after which the other side is gone; a load tells its news each second
# Options of TCP: milliseconds for what was sent; seconds to the first question whether anybody is there, between two, and how many
DEATH = {
    "TCP_USER_TIMEOUT": int(SILENCE * 1000),
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
}
MASTER, WORKER = b"exsim master", b"exsim worker"
Tls = ssl.SSLContext
Entropy = Callable[[int], bytes]


class ChannelError(Exception):
    """The other side is not there, is not who it should be, or went away.  One line."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What crosses a channel."""

    kind: str
    body: bytes = b""


class Channel:
    """Frames over a connection.  Sending is safe from several threads; receiving is one thread's."""

    def __init__(self, connection: socket.socket, limit: float = SILENCE) -> None:
        self._connection = connection
        self._sending = Lock()
        self.silent = False  # it was waited for longer than its limit
        connection.settimeout(limit)
        _notice_death(connection)

    def send(self, kind: str, body: bytes = b"") -> None:
        """Raises ChannelError when nobody is there any more."""
        data = kind.encode() + len(body).to_bytes(4, "big") + body
        with self._sending:
            try:
                self._connection.sendall(data)
            except OSError as problem:
                raise ChannelError(f"the connection ended: {problem}") from None

    def receive(self) -> Frame | None:
        """The next frame; None when the other side is gone, or silent for too long."""
        head = self._exactly(HEAD)
        if head is None:
            return None
        length = int.from_bytes(head[1:], "big")
        if length > LONGEST:
            return None
        body = self._exactly(length)
        return None if body is None else Frame(chr(head[0]), body)

    def receive_at_last(self) -> Frame | None:
        """The next frame, however long it takes."""
        self._connection.settimeout(None)
        return self.receive()

    def stirs(self) -> bool:
        """Whether there is anything to receive now: a frame, or the end.  Takes nothing and does not wait."""
        try:
            return bool(select.select([self._connection], [], [], 0)[0])
        except (OSError, ValueError):  # it is closed
            return True

    def _exactly(self, length: int) -> bytes | None:
        found = bytearray()
        while len(found) < length:
            try:
                piece = self._connection.recv(min(1 << 20, length - len(found)))
            except OSError as problem:
                self.silent = isinstance(problem, TimeoutError)
                return None
            if not piece:
                return None
            found += piece
        return bytes(found)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._connection.close()


def _notice_death(connection: socket.socket) -> None:
    """A machine that is gone says nothing: it is noticed within `SILENCE`, also by one who has nothing to hear.

    Where the system has no such option it takes its own time: tcp(7) says 13 to 30 minutes for what was sent, two hours for who waits.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in DEATH.items():
        if hasattr(socket, name):
            with contextlib.suppress(OSError):  # no TCP
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


# The two ends ---------------------------------------------------------------------------------------
def listening(host: str, port: int) -> socket.socket:
    """A door for workers.  Raises ChannelError."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=64)
    except OSError as problem:
        raise ChannelError(f"{host}:{port}: {problem.strerror}") from None


def accepted(
    door: socket.socket, secret: bytes, entropy: Entropy, tls: ssl.SSLContext | None
) -> Channel:
    """The next worker that knows the secret.  Raises ChannelError for one that does not, OSError when the door is shut."""
    connection, (host, *_) = door.accept()
    try:
        connection.settimeout(LIMIT)
        if tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        channel = Channel(connection, LIMIT)
        mine = entropy(NONCE)
        channel.send("n", mine)
        said = _greeting(channel, "w")
        theirs, proof = said[:NONCE], said[NONCE:]
        if not hmac.compare_digest(proof, _proof(secret, WORKER, mine, theirs)):
            raise ChannelError(f"{host}: does not know the secret")
        channel.send("m", _proof(secret, MASTER, theirs, mine))
        connection.settimeout(SILENCE)
        return channel
    except (OSError, ChannelError) as problem:
        connection.close()
        raise ChannelError(f"a worker at {host}: {problem}") from None


def connected(
    host: str, port: int, secret: bytes, entropy: Entropy, tls: ssl.SSLContext | None
) -> Channel:
    """A channel to the master.  Raises ChannelError when it knows another secret, OSError when nobody listens."""
    connection = socket.create_connection((host, port), timeout=LIMIT)
    try:
        if tls is not None:
            connection = tls.wrap_socket(connection, server_hostname=host)
        channel = Channel(connection)
        theirs = _greeting(channel, "n")
        mine = entropy(NONCE)
        channel.send("w", mine + _proof(secret, WORKER, theirs, mine))
        if not hmac.compare_digest(_greeting(channel, "m"), _proof(secret, MASTER, mine, theirs)):
            raise ChannelError(f"{host}:{port} knows another secret")
        return channel
    except (OSError, ChannelError) as problem:
        connection.close()
        raise ChannelError(f"{host}:{port}: {problem}") from None


def _greeting(channel: Channel, kind: str) -> bytes:
    frame = channel.receive()
    if frame is None or frame.kind != kind or len(frame.body) > LONGEST_GREETING:
        raise ChannelError("it is no exsim, or knows another secret")
    return frame.body


def _proof(secret: bytes, who: bytes, theirs: bytes, mine: bytes) -> bytes:
    return hmac.digest(secret, who + theirs + mine, "sha256")


# TLS ------------------------------------------------------------------------------------------------
def master_tls(certificate: str, key: str) -> ssl.SSLContext:
    """For the master: its certificate and key, in PEM.  Raises OSError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key or None)
    return made


def worker_tls(ca: str) -> ssl.SSLContext:
    """For a worker: who vouches for the master; its name is checked, too.  Raises OSError."""
    made = ssl.create_default_context(cafile=ca)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def is_loopback(host: str) -> bool:
    """Whether `host` leads to this machine itself and nowhere else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
