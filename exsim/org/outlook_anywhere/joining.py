"""Where IN and OUT channels of one back end find each other: by the cookie of their virtual connection.

It does not matter which front ends they came through: that is what makes affinity needless since 2013
(MSEX, MS-RPCH).  With `across` off they are joined only when they came through the same one, as in a pool
of RPC proxies that do not know each other.
"""

from __future__ import annotations

from exsim.org.outlook_anywhere.pair import Pair

MOST_WAITING = 10_000  # pairs of which one channel is missing: a stranger could open any number


class Joining:
    """The virtual connections of one back end."""

    def __init__(self, across: bool) -> None:
        self._across = across
        self._pairs: dict[tuple[bytes, str], Pair] = {}

    def pair(self, cookie: bytes, front_end: str) -> Pair:
        """The virtual connection that `cookie` names; a new one where it is unknown."""
        key = (cookie, "" if self._across else front_end)
        pair = self._pairs.get(key)
        if pair is None or pair.over:
            if len(self._pairs) >= MOST_WAITING:
                del self._pairs[next(iter(self._pairs))]
            pair = self._pairs[key] = Pair(lambda: self._pairs.pop(key, None))
        return pair

    def known(self, cookie: bytes, front_end: str) -> Pair | None:
        """The virtual connection that `cookie` names, or None."""
        return self._pairs.get((cookie, "" if self._across else front_end))
