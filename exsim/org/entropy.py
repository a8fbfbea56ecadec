"""A node's own bytes: ids, AES keys, dice.  The same seed, name and start give the same bytes.

SHA-256 over a counter, so that a run can be repeated.  Not fit to protect anything outside the lab.
"""

from __future__ import annotations

import hashlib


def guid_of(data: bytes) -> str:
    """Sixteen bytes in the usual writing of a GUID, lower case."""
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


class Entropy:
    """An endless stream of bytes that `start` (seed, name, time of start) determines."""

    def __init__(self, *start: object) -> None:
        self._base = hashlib.sha256("|".join(map(str, start)).encode())
        self._counter = 0
        self._left = b""

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        while len(self._left) < count:
            block = self._base.copy()
            block.update(self._counter.to_bytes(8, "big"))
            self._counter += 1
            self._left += block.digest()
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def guid(self) -> str:
        """A GUID with hyphens."""
        return guid_of(self.take(16))

    def share(self) -> float:
        """A number from 0 up to, not including, 1."""
        return int.from_bytes(self.take(7), "big") / (1 << 56)
