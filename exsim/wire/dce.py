"""DCE/RPC packets over a connection (C706 chapter 12, MS-RPCE): bind, request and their answers.

What RPC over HTTP to Exchange needs and no more: little endian, no fragments, no security trailer (Exchange
2013 and later lets RPC's own authentication be left out behind its RPC proxy: *observed* by impacket's
authors).  Stubs are opaque here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from exsim.wire import rts
from exsim.wire.errors import WireError

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK = 0, 2, 3, 11, 12, 13
RTS = rts.PACKET_TYPE
HEADER = struct.Struct("<BBBB4sHHL")
WHOLE = 3  # flags: first and last fragment
LARGEST = 65535  # the length of a fragment is 16 bits
FRAGMENT = 5840  # bytes that both sides offer; *assumed* (as Windows does)
SYNTAX = struct.Struct("<16sHH")
NDR = ("8a885d04-1ceb-11c9-9fe8-08002b104860", 2, 0)

Syntax = tuple[str, int, int]  # uuid, version, minor version


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of RPC.  `body` is what follows the 16 bytes that all have in common."""

    kind: int
    call: int
    body: bytes


def encode(packet: Packet) -> bytes:
    """The bytes of `packet`."""
    length = HEADER.size + len(packet.body)
    if length > LARGEST:
        raise WireError(f"a fragment of {length} bytes")
    return (
        HEADER.pack(5, 0, packet.kind, WHOLE, b"\x10\0\0\0", length, 0, packet.call) + packet.body
    )


def decode(data: bytes) -> Packet:
    """The packet in `data`, which must be one whole packet and no RTS packet.  Raises WireError."""
    if len(data) < HEADER.size:
        raise WireError(f"an RPC packet has {HEADER.size} bytes or more, not {len(data)}")
    major, minor, kind, flags, order, length, auth, call = HEADER.unpack_from(data)
    if (major, minor) != (5, 0) or order[0] != 0x10:
        raise WireError("not the header of an RPC packet")
    if length != len(data):
        raise WireError(f"the RPC packet says {length} bytes and has {len(data)}")
    if flags & WHOLE != WHOLE or auth:
        raise WireError("an RPC fragment, or one with a security trailer")
    return Packet(kind, call, data[HEADER.size :])


class Cutter:
    """Cuts a stream of bytes into packets, RTS or RPC.  Raises WireError at what is neither."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now, each as its bytes."""
        data = self._left + data
        packets, at = [], 0
        while len(data) - at >= HEADER.size:
            if data[at] != 5 or data[at + 1] != 0:
                raise WireError("no packet of RPC begins here")
            length = int.from_bytes(data[at + 8 : at + 10], "little")
            if length < HEADER.size:
                raise WireError(f"a packet of {length} bytes")
            if len(data) - at < length:
                break
            packets.append(data[at : at + length])
            at += length
        self._left = data[at:]
        return packets


def kind_of(data: bytes) -> int:
    """The type of a packet that `Cutter` gave."""
    return data[2]


# Binding ------------------------------------------------------------------------------------------
def bind(*interfaces: Syntax, call: int = 1) -> Packet:
    """Asks for interfaces in NDR; each becomes the context of its place."""
    head = struct.pack("<HHLBBH", FRAGMENT, FRAGMENT, 0, len(interfaces), 0, 0)
    items = [
        struct.pack("<HBB", number, 1, 0) + _syntax(interface) + _syntax(NDR)
        for number, interface in enumerate(interfaces)
    ]
    return Packet(BIND, call, head + b"".join(items))


def bound(packet: Packet) -> list[tuple[int, Syntax]]:
    """The contexts that a bind asks for: number and interface.  Raises WireError."""
    body = packet.body
    if len(body) < 12:
        raise WireError("a bind ends in its head")
    at, found = 12, []
    for _ in range(body[8]):
        if len(body) < at + 4 + SYNTAX.size:
            raise WireError("a bind ends within a context")
        number, transfers = struct.unpack_from("<HB", body, at)
        found.append((number, _read_syntax(body, at + 4)))
        at += 4 + SYNTAX.size * (1 + transfers)
    if at > len(body) or not found:
        raise WireError("a bind without a whole context")
    return found


def bind_ack(call: int, results: list[bool], group: int, address: str) -> Packet:
    """Accepts (True) or refuses each context; `address` is the port's name."""
    name = address.encode("ascii") + b"\0"
    head = struct.pack("<HHLH", FRAGMENT, FRAGMENT, group, len(name)) + name
    head += bytes(-(len(head) + HEADER.size) % 4)
    items = [
        struct.pack("<HH", 0, 0) + _syntax(NDR)
        if accepted
        else struct.pack("<HH", 2, 1)
        + bytes(SYNTAX.size)  # provider: abstract syntax not supported
        for accepted in results
    ]
    return Packet(BIND_ACK, call, head + struct.pack("<BBH", len(items), 0, 0) + b"".join(items))


def accepted(packet: Packet) -> list[bool]:
    """Which contexts a bind_ack accepts.  Raises WireError."""
    body = packet.body
    if packet.kind != BIND_ACK or len(body) < 10:
        raise WireError("not a bind_ack")
    at = 10 + int.from_bytes(body[8:10], "little")
    at += -(at + HEADER.size) % 4
    if len(body) < at + 4 or len(body) < at + 4 + body[at] * (4 + SYNTAX.size):
        raise WireError("a bind_ack ends within a result")
    step = 4 + SYNTAX.size
    return [
        int.from_bytes(body[at + 4 + step * n : at + 6 + step * n], "little") == 0
        for n in range(body[at])
    ]


def _syntax(syntax: Syntax) -> bytes:
    return SYNTAX.pack(_swapped(bytes.fromhex(syntax[0].replace("-", ""))), syntax[1], syntax[2])


def _read_syntax(data: bytes, at: int) -> Syntax:
    raw, major, minor = SYNTAX.unpack_from(data, at)
    digits = _swapped(raw).hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(parts), major, minor


def _swapped(raw: bytes) -> bytes:
    """The 16 bytes of a UUID from the order of its digits to that of the wire, or back."""
    return raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]


# Calling ------------------------------------------------------------------------------------------
def request(call: int, operation: int, stub: bytes, context: int = 0) -> Packet:
    """Calls `operation` (its number in the interface)."""
    return Packet(REQUEST, call, struct.pack("<LHH", len(stub), context, operation) + stub)


def asked(packet: Packet) -> tuple[int, int, bytes]:
    """Context, operation and stub of a request.  Raises WireError."""
    if len(packet.body) < 8:
        raise WireError("a request ends in its head")
    _, context, operation = struct.unpack_from("<LHH", packet.body)
    return context, operation, packet.body[8:]


def response(call: int, stub: bytes, context: int = 0) -> Packet:
    """The answer to a request."""
    return Packet(RESPONSE, call, struct.pack("<LHBB", len(stub), context, 0, 0) + stub)


def fault(call: int, status: int, context: int = 0) -> Packet:
    """The answer to a request that could not be called."""
    return Packet(FAULT, call, struct.pack("<LHBBLL", 0, context, 0, 0, status, 0))


def answered(packet: Packet) -> bytes:
    """The stub of a response.  Raises WireError for anything else."""
    if packet.kind != RESPONSE or len(packet.body) < 8:
        raise WireError("not a response")
    return packet.body[8:]


def fault_status(packet: Packet) -> int:
    """The status of a fault.  Raises WireError."""
    if packet.kind != FAULT or len(packet.body) < 12:
        raise WireError("not a fault")
    return int.from_bytes(packet.body[8:12], "little")
