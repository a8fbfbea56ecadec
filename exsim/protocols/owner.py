"""Whose mailbox an answer is from, as the markers in it say, in the evidence of every protocol."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from exsim.wire import names

MARKER = names.MARKER.encode()
MOST_MARKERS = 200  # of one body that are looked at
_ADDRESS = re.compile(rb"\s*([A-Za-z0-9._%+'\-]{1,64}@[A-Za-z0-9.\-]{1,255})")
_WORST = ("stranger", "other", "own")


def worst(owners: Collection[str | None]) -> str | None:
    """Of several findings the one that counts."""
    return next((owner for owner in _WORST if owner in owners), None)


@lru_cache(maxsize=4096)
def _ending(address: str) -> bytes:
    """What follows on a marker with `address`, in JSON."""
    return address.encode("utf-8", "replace") + b'"'


def whose(body: bytes, own: str, accounts: Collection[str]) -> str | None:
    """Whose mailbox the markers in `body` name; the worst counts: stranger, other, own.

    None: no marker, or nobody's answer is expected.
    """
    named = body.split(MARKER, MOST_MARKERS)
    if len(named) == 1 or not own:
        return None
    mine = _ending(own)
    for after in named[1:]:
        if after[: len(mine)] != mine:
            break
    else:  # the ordinary answer
        return "own"
    found: set[bytes] = set()
    at = body.find(MARKER)
    for _ in range(MOST_MARKERS):
        if at < 0:
            break
        at += len(MARKER)
        match = _ADDRESS.match(body, at)
        if match is not None:
            found.add(match[1])
        at = body.find(MARKER, at)
    if not found:
        return None
    addresses = {address.decode("ascii").lower().rstrip(".") for address in found}
    addresses.discard(own.lower())
    if not addresses:
        return "own"
    return "other" if all(address in accounts for address in addresses) else "stranger"
