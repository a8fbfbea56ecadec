"""Buffers of remote operations (ROPs) of a mailbox: the frame, and the three that clients here send.

The frame (MS-OXCRPC 2.2.2.1) is the same in EcDoRpcExt2 and in MAPI over HTTP's Execute.  The operations
(MS-OXCROPS): log on to a mailbox, ask properties of what was opened, release it.  Neither compression nor
the XOR mask is written; masked buffers are read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from exsim.wire.errors import WireError

COMPRESSED, MASKED, LAST = 1, 2, 4
MASK = 0xA5
EXTENDED = struct.Struct("<HHHH")  # version 0, flags, size, size before compression
RELEASE, GET_PROPERTIES, LOGON = 0x01, 0x07, 0xFE
PRIVATE = 1  # logon flag: a mailbox, not public folders
OWN_REPLICAS = (
    0x01000000  # open flag USE_PER_MDB_REPLID_MAPPING, which a client is to set (MS-OXCSTOR)
)
OWNER_NAME = 0x661C001F  # PidTagMailboxOwnerName, a text
NO_OBJECT = 0xFFFFFFFF  # a handle that is not (yet) one
NULL_OBJECT = 0x000004B9  # ecNullObject
NOT_FOUND = 0x8004010F
_LOGON = struct.Struct("<BBBBLLH")
_LOGGED_ON = struct.Struct("<BBLB104sB16sH16s8s8sL")
_GET = struct.Struct("<BBBHHH")


def pack(operations: bytes, handles: tuple[int, ...] = ()) -> bytes:
    """One buffer with its frame; `handles` are the objects that the operations name by their index."""
    table = b"".join(handle.to_bytes(4, "little") for handle in handles)
    payload = struct.pack("<H", len(operations) + 2) + operations + table
    return EXTENDED.pack(0, LAST, len(payload), len(payload)) + payload


def unpack(data: bytes) -> tuple[bytes, tuple[int, ...]]:
    """The operations and handles of one buffer.  Raises WireError; compressed ones are not read."""
    if len(data) < EXTENDED.size + 2:
        raise WireError("a buffer of ROPs ends in its frame")
    version, flags, size, _ = EXTENDED.unpack_from(data)
    payload = data[EXTENDED.size : EXTENDED.size + size]
    if version or flags & COMPRESSED or len(payload) != size or size < 2:
        raise WireError("not a buffer of ROPs that is read here")
    if flags & MASKED:
        payload = bytes(byte ^ MASK for byte in payload)
    length = int.from_bytes(payload[:2], "little")
    if length < 2 or length > size or (size - length) % 4:
        raise WireError("the ROPs are longer than their buffer")
    table = payload[length:]
    handles = tuple(int.from_bytes(table[n : n + 4], "little") for n in range(0, len(table), 4))
    return payload[2:length], handles


# Logging on to a mailbox ---------------------------------------------------------------------------
def logon(user: str) -> bytes:
    """RopLogon to a mailbox, by its distinguished name."""
    name = user.encode("latin-1", "replace") + b"\0"
    return _LOGON.pack(LOGON, 0, 0, PRIVATE, OWN_REPLICAS, 0, len(name)) + name


def logged_on(mailbox: bytes, replica: bytes) -> bytes:
    """RopLogon's answer: `mailbox` and `replica` are GUIDs; its folders' ids are left zero."""
    return _LOGGED_ON.pack(
        LOGON, 0, 0, PRIVATE, bytes(104), 0x07, mailbox, 1, replica, bytes(8), bytes(8), 0
    )


# Properties -----------------------------------------------------------------------------------------
def get_properties(*tags: int) -> bytes:
    """RopGetPropertiesSpecific of the first handle."""
    listed = b"".join(tag.to_bytes(4, "little") for tag in tags)
    return _GET.pack(GET_PROPERTIES, 0, 0, 0, 1, len(tags)) + listed


def properties(*texts: str) -> bytes:
    """Its answer, where every property is a text and is there."""
    row = b"".join(text.encode("utf-16-le") + b"\0\0" for text in texts)
    return struct.pack("<BBL", GET_PROPERTIES, 0, 0) + b"\0" + row


def failed(operation: int, error: int) -> bytes:
    """Any operation's answer when it failed."""
    return struct.pack("<BBL", operation, 0, error)


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation of a request.  `tags`: the properties it asks for; `name`: whose mailbox."""

    operation: int
    index: int = 0
    tags: tuple[int, ...] = ()
    name: str = ""


def asked(operations: bytes) -> list[Asked]:
    """What a request's operations are.  Raises WireError at one that is not known here."""
    found, at = [], 0
    while at < len(operations):
        operation = operations[at]
        rest = operations[at:]
        if operation == LOGON and len(rest) >= _LOGON.size:
            *_, length = _LOGON.unpack_from(rest)
            name = rest[_LOGON.size : _LOGON.size + length]
            size = _LOGON.size + length
            found.append(Asked(LOGON, rest[2], name=name.rstrip(b"\0").decode("latin-1")))
        elif operation == GET_PROPERTIES and len(rest) >= _GET.size:
            *_, count = _GET.unpack_from(rest)
            size = _GET.size + 4 * count
            listed = rest[_GET.size : size]
            tags = tuple(
                int.from_bytes(listed[n : n + 4], "little") for n in range(0, len(listed), 4)
            )
            found.append(Asked(GET_PROPERTIES, rest[2], tags))
        elif operation == RELEASE:
            size = 3
            found.append(Asked(RELEASE, rest[2] if len(rest) > 2 else 0))
        else:
            raise WireError(f"operation {operation:#x} is not known here")
        if size > len(rest):
            raise WireError("an operation is cut off")
        at += size
    return found


@dataclass(frozen=True, slots=True)
class Done:
    """One operation's answer.  `mailbox`: its GUID; `texts`: the properties."""

    operation: int
    error: int = 0
    mailbox: bytes = b""
    texts: tuple[str, ...] = ()


def done(operations: bytes) -> list[Done]:
    """The answers to operations of the kinds above, where properties were texts.  Raises WireError."""
    found, at = [], 0
    while at < len(operations):
        rest = operations[at:]
        if len(rest) < 6:
            raise WireError("an operation's answer is cut off")
        operation, _, error = struct.unpack_from("<BBL", rest)
        if error:
            found.append(Done(operation, error))
            at += 6
        elif operation == LOGON and len(rest) >= _LOGGED_ON.size:
            found.append(Done(LOGON, mailbox=_LOGGED_ON.unpack_from(rest)[6]))
            at += _LOGGED_ON.size
        elif operation == GET_PROPERTIES and rest[6:7] == b"\0":
            found.append(Done(GET_PROPERTIES, texts=_texts(rest[7:])))
            at = len(operations)  # what follows cannot be told without what was asked
        else:
            raise WireError(f"no answer to {operation:#x} that is read here")
    return found


def _texts(row: bytes) -> tuple[str, ...]:
    texts, start = [], 0
    for at in range(0, len(row) - 1, 2):
        if row[at : at + 2] == b"\0\0":
            texts.append(row[start:at].decode("utf-16-le", "replace"))
            start = at + 2
    if start != len(row):
        raise WireError("a property is cut off")
    return tuple(texts)
