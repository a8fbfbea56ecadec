"""RTS packets of RPC over HTTP v2 (MS-RPCH 2.2.3 and 2.2.4): values to bytes and back.

Strict both ways: whatever `decode` accepts, `encode` writes again byte for byte.  The packets of a virtual
connection that clients and servers here send stand below, by the names of the document.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from exsim.wire.errors import WireError

# Flags
PING, OTHER, RECYCLE, IN_CHANNEL, OUT_CHANNEL, EOF, ECHO = 1, 2, 4, 8, 0x10, 0x20, 0x40
# Commands
RECEIVE_WINDOW, FLOW_ACK, CONNECTION_TIMEOUT, COOKIE, LIFETIME, KEEP_ALIVE, VERSION = range(7)
EMPTY, PADDING, NEGATIVE_ANCE, ANCE, CLIENT_ADDRESS, ASSOCIATION_GROUP, DESTINATION, PING_SENT = (
    range(7, 15)
)
# Destinations
CLIENT, IN_PROXY, SERVER, OUT_PROXY = range(4)

PACKET_TYPE = 20
HEADER = struct.Struct("<BBBB4sHHLHH")  # version 5.0, type, both fragments, little endian, …
FIXED = (5, 0, PACKET_TYPE, 3, b"\x10\0\0\0")
MOST_COMMANDS = 64  # in one packet; the longest of the document has seven

_NUMBERS = frozenset(
    (RECEIVE_WINDOW, CONNECTION_TIMEOUT, LIFETIME, KEEP_ALIVE, VERSION, DESTINATION, PING_SENT)
)
_COOKIES = frozenset((COOKIE, ASSOCIATION_GROUP))
_BARE = frozenset((EMPTY, NEGATIVE_ANCE, ANCE))
_LONG = struct.Struct("<L")
_ACK = struct.Struct("<LL16s")


@dataclass(frozen=True, slots=True)
class Ack:
    """What of a channel's RPC packets was received (bytes, RTS packets not counted), and what room is left."""

    received: int
    window: int
    cookie: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """One command.  `value` is a number, 16 bytes of a cookie, an Ack, an address's 4 or 16 bytes, or None."""

    kind: int
    value: int | bytes | Ack | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTS packet."""

    flags: int
    commands: tuple[Command, ...] = ()

    @property
    def kinds(self) -> tuple[int, ...]:
        """The kinds of its commands, by which the packets of the document are told apart."""
        return tuple(command.kind for command in self.commands)

    def number(self, kind: int) -> int | None:
        """The number of the first command of `kind`, or None."""
        found = next((c.value for c in self.commands if c.kind == kind), None)
        return found if isinstance(found, int) else None

    @property
    def cookies(self) -> tuple[bytes, ...]:
        """The cookies in the order in which they stand; the virtual connection's is always the first."""
        return tuple(
            c.value for c in self.commands if c.kind == COOKIE and isinstance(c.value, bytes)
        )


def encode(packet: Packet) -> bytes:
    """The bytes of `packet`."""
    body = b"".join(_written(command) for command in packet.commands)
    head = HEADER.pack(*FIXED, HEADER.size + len(body), 0, 0, packet.flags, len(packet.commands))
    return head + body


def decode(data: bytes) -> Packet:
    """The packet in `data`, which must be one whole packet.  Raises WireError."""
    if len(data) < HEADER.size:
        raise WireError(f"an RTS packet has {HEADER.size} bytes or more, not {len(data)}")
    *fixed, length, auth, call, flags, count = HEADER.unpack_from(data)
    if tuple(fixed) != FIXED or auth or call:
        raise WireError("not the header of an RTS packet")
    if length != len(data):
        raise WireError(f"the RTS packet says {length} bytes and has {len(data)}")
    if count > MOST_COMMANDS:
        raise WireError(f"{count} commands in one RTS packet")
    commands, at = [], HEADER.size
    for _ in range(count):
        command, at = _read(data, at)
        commands.append(command)
    if at != len(data):
        raise WireError(f"{len(data) - at} bytes after the last RTS command")
    return Packet(flags, tuple(commands))


def _written(command: Command) -> bytes:
    kind, value = command.kind, command.value
    start = _LONG.pack(kind)
    if isinstance(value, int):
        return start + _LONG.pack(value)
    if isinstance(value, Ack):
        return start + _ACK.pack(value.received, value.window, value.cookie)
    if value is None:
        return start
    if kind == PADDING:
        return start + _LONG.pack(len(value)) + value
    if kind == CLIENT_ADDRESS:
        return start + _LONG.pack(0 if len(value) == 4 else 1) + value + bytes(12)
    return start + value


def _read(data: bytes, at: int) -> tuple[Command, int]:
    kind, at = _long(data, at)
    if kind in _NUMBERS:
        number, at = _long(data, at)
        return Command(kind, number), at
    if kind in _BARE:
        return Command(kind), at
    if kind in _COOKIES:
        return Command(kind, _bytes(data, at, 16)), at + 16
    if kind == FLOW_ACK:
        received, window, cookie = _ACK.unpack(_bytes(data, at, _ACK.size))
        return Command(kind, Ack(received, window, cookie)), at + _ACK.size
    if kind == PADDING:
        count, at = _long(data, at)
        return Command(kind, _bytes(data, at, count)), at + count
    if kind == CLIENT_ADDRESS:
        family, at = _long(data, at)
        size = {0: 4, 1: 16}.get(family)
        if size is None or _bytes(data, at + size, 12) != bytes(12):
            raise WireError("not a client address")
        return Command(kind, _bytes(data, at, size)), at + size + 12
    raise WireError(f"RTS command {kind} is unknown")


def _long(data: bytes, at: int) -> tuple[int, int]:
    return _LONG.unpack(_bytes(data, at, 4))[0], at + 4


def _bytes(data: bytes, at: int, count: int) -> bytes:
    if at + count > len(data):
        raise WireError("the RTS packet ends within a command")
    return data[at : at + count]


# The packets of a virtual connection --------------------------------------------------------------
CONN_A1 = (VERSION, COOKIE, COOKIE, RECEIVE_WINDOW)
CONN_A3 = (CONNECTION_TIMEOUT,)
CONN_B1 = (VERSION, COOKIE, COOKIE, LIFETIME, KEEP_ALIVE, ASSOCIATION_GROUP)
CONN_C2 = (VERSION, RECEIVE_WINDOW, CONNECTION_TIMEOUT)
IN_R1_A1 = (VERSION, COOKIE, COOKIE, COOKIE)  # with RECYCLE: connection, predecessor, successor
OUT_R1_A3 = (
    VERSION,
    COOKIE,
    COOKIE,
    COOKIE,
    RECEIVE_WINDOW,
)  # with RECYCLE, likewise; OUT_R2_A3 is the same
OUT_R2_A2 = (DESTINATION,)  # with RECYCLE
OUT_R2_A6 = (DESTINATION, ANCE)
OUT_R2_A7 = (DESTINATION, COOKIE, VERSION)  # with OUT_CHANNEL
OUT_R2_B3 = (ANCE,)  # with EOF
OUT_R2_C1 = (EMPTY,)
ACK_TO = (DESTINATION, FLOW_ACK)


def conn_a1(connection: bytes, channel: bytes, window: int) -> Packet:
    """OUT channel, client to outbound proxy: the first 76 bytes."""
    return _made(0, CONN_A1, 1, connection, channel, window)


def conn_a3(timeout: int) -> Packet:
    """OUT channel, to the client: `timeout` in milliseconds."""
    return _made(0, CONN_A3, timeout)


def conn_b1(
    connection: bytes, channel: bytes, lifetime: int, keep_alive: int, group: bytes
) -> Packet:
    """IN channel, client to inbound proxy: the first 104 bytes.  `keep_alive` in milliseconds."""
    return _made(0, CONN_B1, 1, connection, channel, lifetime, keep_alive, group)


def conn_c2(window: int, timeout: int) -> Packet:
    """OUT channel, to the client: the virtual connection stands."""
    return _made(0, CONN_C2, 1, window, timeout)


def flow_ack(destination: int, ack: Ack) -> Packet:
    """FlowControlAckWithDestination."""
    return _made(OTHER, ACK_TO, destination, ack)


# The packets by which an OUT channel is replaced (2.2.4.35 to 2.2.4.45) ------------------------------
def out_r2_a2() -> Packet:
    """OUT channel, to the client: open its successor."""
    return _made(RECYCLE, OUT_R2_A2, CLIENT)


def out_r2_a3(connection: bytes, predecessor: bytes, successor: bytes, window: int) -> Packet:
    """Successor, client to outbound proxy: its first 96 bytes."""
    return _made(RECYCLE, OUT_R1_A3, 1, connection, predecessor, successor, window)


def out_r2_a6() -> Packet:
    """OUT channel, to the client: the successor is there."""
    return _made(0, OUT_R2_A6, CLIENT, None)


def out_r2_a7(successor: bytes) -> Packet:
    """IN channel, to the server: go on there."""
    return _made(OUT_CHANNEL, OUT_R2_A7, SERVER, successor, 1)


def out_r2_b3() -> Packet:
    """OUT channel, to the client: its last word."""
    return _made(EOF, OUT_R2_B3, None)


def out_r2_c1() -> Packet:
    """Successor, client to outbound proxy: the last 24 of its 120 bytes.  That its flag is PING is assumed."""
    return _made(PING, OUT_R2_C1, None)


def ping() -> Packet:
    return Packet(PING)


def echo() -> Packet:
    """The answer to an echo request."""
    return Packet(ECHO)


def _made(flags: int, kinds: tuple[int, ...], *values: int | bytes | Ack | None) -> Packet:
    return Packet(flags, tuple(map(Command, kinds, values)))
