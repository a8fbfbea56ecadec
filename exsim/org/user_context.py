"""User contexts of a back end: the UC cookie, in memory, sliding (E13).

One that is not known is made anew without a word: losing it costs no session.
"""

from __future__ import annotations

from exsim.org.entropy import Entropy

SLIDING = 8 * 60.0  # seconds, E13
MANY = 5_000


class UserContexts:
    """Keys are cookie and SID; `scale` multiplies the sliding time."""

    def __init__(self, scale: float, entropy: Entropy) -> None:
        self._sliding = SLIDING * scale
        self._entropy = entropy
        self._until: dict[tuple[str, str], float] = {}

    def touch(self, cookie: str, sid: str, when: float) -> str | None:
        """Use a context; a new cookie value when there was none."""
        key = (cookie, sid)
        fresh = self._until.get(key, 0.0) < when
        if fresh:
            key = (self._entropy.take(16).hex(), sid)
            self._prune(when)
        self._until[key] = when + self._sliding
        return key[0] if fresh else None

    def dispose(self, cookie: str, sid: str) -> None:
        """The user has left."""
        self._until.pop((cookie, sid), None)

    def _prune(self, when: float) -> None:
        if len(self._until) > MANY:
            self._until = {key: until for key, until in self._until.items() if until >= when}
