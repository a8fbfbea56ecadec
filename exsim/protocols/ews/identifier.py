"""Whose mailbox an id is from: EWS writes the mailbox's GUID into the ids of folders and items (OXWSITEMID).

Base64 of: a byte that says whether the rest is packed, the kind of id, and for the kinds of a mailbox's
own things a counted text with its GUID.  Anything else names nobody.
"""

from __future__ import annotations

import base64
import binascii
import re

PLAIN, PACKED = 0, 1
BY_GUID = frozenset((3, 4))  # an item or folder, a conversation
LONGEST = 512  # characters of an id (OXWSITEMID)
MOST = 2048  # bytes that unpacking may give
_GUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def unpacked(data: bytes) -> bytes:
    """Undo the run-length packing: after two equal bytes stands how many more of them follow."""
    found, at = bytearray(), 0
    while at < len(data) and len(found) < MOST:
        octet = data[at]
        found.append(octet)
        if at + 2 < len(data) and data[at + 1] == octet:
            found.extend(bytes((octet,)) * (1 + data[at + 2]))
            at += 3
        else:
            at += 1
    return bytes(found)


def mailbox_of(text: str) -> str | None:
    """The GUID in an id, in lower case; None when there is none to be read."""
    if len(text) > LONGEST:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data or data[0] not in (PLAIN, PACKED):
        return None
    body = data[1:] if data[0] == PLAIN else unpacked(data[1:])
    if len(body) < 3 or body[0] not in BY_GUID:
        return None
    moniker = body[3 : 3 + int.from_bytes(body[1:3], "little")]
    found = _GUID.fullmatch(moniker)
    return found[0].decode("ascii").lower() if found else None
