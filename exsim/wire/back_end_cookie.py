"""X-BackEndCookie: up to five entries `SID=hint`, joined by `&`; the hint says where that user's mailbox is.

The hint is text with every byte inverted, in base64 (E13); what is of use here is which entry an answer renewed,
because a front end renews that of the user it took the request for, and no other.
"""

from __future__ import annotations

from exsim.wire import names

LONGEST = 2048  # characters of a value that are looked at
_START = names.BACK_END_COOKIE.encode() + b"="


def renewed(line: bytes, carried: str) -> str:
    """The SID of the one entry that a Set-Cookie line renews or adds to what the request `carried`; else ""."""
    if not line.startswith(_START):
        return ""
    value = line[len(_START) :].partition(b";")[0][:LONGEST].decode("latin-1").strip()
    before = carried.split("&")
    fresh = [part.partition("=")[0] for part in value.split("&") if part not in before]
    return fresh[0] if len(fresh) == 1 and fresh[0].startswith("S-1-") else ""
