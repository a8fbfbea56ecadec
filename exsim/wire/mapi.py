"""Bodies of MAPI over HTTP (MS-OXCMAPIHTTP 2.2.4, 2.2.5, 2.2.7): requests, answers, and the frame of an answer.

Little-endian.  Each body ends in an auxiliary buffer with its size before it, which is empty here.  An
answer's frame is PROCESSING at once, PENDING as long as it takes, then DONE, headers, a blank line, the body.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from exsim.wire.errors import WireError

PROCESSING, PENDING, DONE = b"PROCESSING\r\n", b"PENDING\r\n", b"DONE\r\n"
CONNECT, EXECUTE, DISCONNECT = "Connect", "Execute", "Disconnect"
WAIT, PING, BIND, UNBIND = "NotificationWait", "PING", "Bind", "Unbind"
MOST_OUT = 0x40000  # bytes of operations that a client takes in one answer
PLAIN = 3  # Execute's flags: its answer neither compressed nor masked
STATE = 36  # bytes of the state that a Bind may carry

# X-ResponseCode (MS-OXCMAPIHTTP 2.2.3.3.3)
OK, UNKNOWN_FAILURE, INVALID_VERB, INVALID_PATH, INVALID_HEADER, INVALID_TYPE = range(6)
INVALID_CONTEXT_COOKIE, MISSING_HEADER, ANONYMOUS, TOO_LARGE, NO_CONTEXT = range(6, 11)
NO_PRIVILEGE, INVALID_BODY, MISSING_COOKIE, RESERVED, INVALID_SEQUENCE = range(11, 16)
DISABLED, INVALID_RESPONSE, SHUTTING_DOWN = range(16, 19)


class Failed(WireError):
    """A body of failure (2.2.4.1.3): a status that is not zero, and nothing of the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status:#x} in place of an answer")
        self.status = status


class _Reader:
    """Takes values off the front of a body.  Raises WireError where it ends too soon."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) != size:
            raise WireError("a body of MAPI over HTTP is cut off")
        self._at += size
        return piece

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "little")

    def sized(self) -> bytes:
        """Bytes with their size before them."""
        return self.take(self.number())

    def text(self) -> str:
        """One byte a character, to a zero."""
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise WireError("a text without an end")
        return self.take(end + 1 - self._at)[:-1].decode("latin-1")

    def wide_text(self) -> str:
        """Two bytes a character, to two zeros."""
        found = b""
        while (unit := self.take(2)) != b"\0\0":
            found += unit
        return found.decode("utf-16-le", "replace")

    def end(self) -> None:
        if self._at != len(self._data):
            raise WireError("a body of MAPI over HTTP goes on after its end")


def _numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}L", *values)


def _sized(data: bytes) -> bytes:
    return _numbers(len(data)) + data


def _text(text: str) -> bytes:
    return text.encode("latin-1", "replace") + b"\0"


# Requests ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Connect:
    """`user` is a distinguished name; code page and locales as Outlook's in English."""

    user: str
    flags: int = 0
    code_page: int = 1252
    sort_locale: int = 0x409
    locale: int = 0x409
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        numbers = _numbers(self.flags, self.code_page, self.sort_locale, self.locale)
        return _text(self.user) + numbers + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Connect:
        reader = _Reader(data)
        user = reader.text()
        flags, page, sort, locale = (reader.number() for _ in range(4))
        found = cls(user, flags, page, sort, locale, reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Execute:
    """`data` is a buffer of ROPs with its frame (see `rop`)."""

    data: bytes
    flags: int = PLAIN
    most: int = MOST_OUT
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        return _numbers(self.flags) + _sized(self.data) + _numbers(self.most) + _sized(self.auxiliary)  # fmt: skip

    @classmethod
    def decode(cls, data: bytes) -> Execute:
        reader = _Reader(data)
        flags = reader.number()
        found = cls(reader.sized(), flags, reader.number(), reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Flagged:
    """NotificationWait (`flags` 0) and Unbind (reserved)."""

    flags: int = 0
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        return _numbers(self.flags) + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Flagged:
        reader = _Reader(data)
        found = cls(reader.number(), reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Nothing but the auxiliary buffer."""

    auxiliary: bytes = b""

    def encode(self) -> bytes:
        return _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Disconnect:
        reader = _Reader(data)
        found = cls(reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Bind:
    """To the address book.  `state`: 36 bytes, or none."""

    state: bytes = bytes(STATE)
    flags: int = 0
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        there = bytes([bool(self.state)]) + self.state
        return _numbers(self.flags) + there + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Bind:
        reader = _Reader(data)
        flags = reader.number()
        state = reader.take(STATE) if reader.number(1) else b""
        found = cls(state, flags, reader.sized())
        reader.end()
        return found


# Answers ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Connected:
    """Times in milliseconds."""

    display_name: str = ""
    prefix: str = ""
    error: int = 0
    most_polls: int = 60000
    retries: int = 6
    retry_delay: int = 10000
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        numbers = _numbers(0, self.error, self.most_polls, self.retries, self.retry_delay)
        name = self.display_name.encode("utf-16-le") + b"\0\0"
        return numbers + _text(self.prefix) + name + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Connected:
        reader = _answered(data)
        error, polls, retries, delay = (reader.number() for _ in range(4))
        prefix, name = reader.text(), reader.wide_text()
        found = cls(name, prefix, error, polls, retries, delay, reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Executed:
    """`data` is a buffer of ROPs' answers."""

    data: bytes = b""
    error: int = 0
    flags: int = 0
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        return _numbers(0, self.error, self.flags) + _sized(self.data) + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Executed:
        reader = _answered(data)
        error, flags = reader.number(), reader.number()
        found = cls(reader.sized(), error, flags, reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Waited:
    """The answer to NotificationWait."""

    pending: bool = False
    error: int = 0
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        return _numbers(0, self.error, self.pending) + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Waited:
        reader = _answered(data)
        error = reader.number()
        found = cls(bool(reader.number()), error, reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Bound:
    """The answer to Bind."""

    guid: bytes = bytes(16)
    error: int = 0
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        return _numbers(0, self.error) + self.guid + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Bound:
        reader = _answered(data)
        error = reader.number()
        found = cls(reader.take(16), error, reader.sized())
        reader.end()
        return found


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer to Disconnect and to Unbind."""

    error: int = 0
    auxiliary: bytes = b""

    def encode(self) -> bytes:
        return _numbers(0, self.error) + _sized(self.auxiliary)

    @classmethod
    def decode(cls, data: bytes) -> Ended:
        reader = _answered(data)
        found = cls(reader.number(), reader.sized())
        reader.end()
        return found


def _answered(data: bytes) -> _Reader:
    """A reader behind StatusCode, which says that nothing but an auxiliary buffer follows when it is not 0."""
    reader = _Reader(data)
    status = reader.number()
    if status:
        raise Failed(status)
    return reader


# The frame --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Framed:
    """`pendings`: how often the server said that it is not done.  Names of headers in lower case."""

    body: bytes
    pendings: int = 0
    headers: dict[str, str] = field(default_factory=dict)


def done(body: bytes, elapsed: int, started: str, code: int = OK) -> bytes:
    """The last piece of an answer; `elapsed` in milliseconds.

    A `code` that is not 0 is the one that counts (4.3); of success nothing is said here, and the order is the
    one seen (MAPISE).
    """
    said = f"X-ResponseCode: {code}\r\n" if code else ""
    told = f"{said}X-StartTime: {started}\r\nX-ElapsedTime: {elapsed}\r\n\r\n"
    return DONE + told.encode() + body


def unframe(data: bytes) -> Framed:
    """The answer in its frame.  Raises WireError when DONE has not come, or something else."""
    rest = data.removeprefix(PROCESSING)
    pendings = 0
    while rest.startswith(PENDING):
        rest, pendings = rest[len(PENDING) :], pendings + 1
    head, blank, body = rest.partition(b"\r\n\r\n")
    first, _, lines = (head + b"\r\n").partition(b"\r\n")
    if not blank or first + b"\r\n" != DONE:
        raise WireError("an answer of MAPI over HTTP without its DONE")
    headers = {}
    for line in lines.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return Framed(body, pendings, headers)
