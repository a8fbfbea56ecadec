"""What an NTLM challenge says of the server that made it: the names in its target information (NLMP).

Read only; a handshake is somebody else's.  A hostile server may send anything: what is no challenge says
nothing, and nothing is raised.
"""

from __future__ import annotations

import base64
import binascii
import struct

SIGNATURE = b"NTLMSSP\0"
CHALLENGE = 2
INFORMATION = 40  # where length and place of the target information stand in the message
LONGEST = 4096  # bytes of a token that are looked at
END, COMPUTER, DOMAIN, DNS_COMPUTER = 0, 1, 2, 3  # ids of the pairs (AV_PAIR)


def computer_in(header: str) -> str:
    """The server's NetBIOS name in a WWW-Authenticate of NTLM or Negotiate, or "".

    Negotiate wraps the same message: it is found by its signature.
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("ntlm", "negotiate") or not token:
        return ""
    try:
        message = base64.b64decode(token.strip()[:LONGEST], validate=True)
    except (binascii.Error, ValueError):
        return ""
    found = names_in(message)
    return found.get(COMPUTER, "") or found.get(DNS_COMPUTER, "").partition(".")[0].upper()


def names_in(message: bytes) -> dict[int, str]:
    """The names in the target information of the challenge that `message` is or holds, by their id."""
    start = message.find(SIGNATURE)
    if start < 0 or len(message) < start + INFORMATION + 8:
        return {}
    message = message[start:]
    if struct.unpack_from("<I", message, len(SIGNATURE))[0] != CHALLENGE:
        return {}
    length, _, at = struct.unpack_from("<HHI", message, INFORMATION)
    if at + length > len(message):
        return {}
    return dict(_pairs(message[at : at + length]))


def _pairs(information: bytes) -> list[tuple[int, str]]:
    pairs: list[tuple[int, str]] = []
    at = 0
    while at + 4 <= len(information):
        kind, length = struct.unpack_from("<HH", information, at)
        at += 4
        if kind == END or at + length > len(information):
            break
        if kind in (COMPUTER, DOMAIN, DNS_COMPUTER):
            pairs.append((kind, information[at : at + length].decode("utf-16-le", "replace")))
        at += length
    return pairs
