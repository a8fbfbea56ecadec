"""A ceiling on how often something may happen: never more than `count` in any `period`, to the letter.

Given the time, it says when the next one may happen, and keeps that place for it.
"""

from __future__ import annotations

from collections import deque


class Pace:
    """At most `count` in any `period` seconds.  Places are given in the order in which they are asked for."""

    def __init__(self, count: int, period: float) -> None:
        self.period = period
        self._given: deque[float] = deque(maxlen=max(1, count))

    def place(self, now: float) -> float:
        """When the next one may happen: `now`, or later.  The place is taken."""
        given = self._given
        full = len(given) == given.maxlen
        at = max(now, given[0] + self.period) if full else now
        given.append(at)
        return at


def pace_of(per_second: float | None) -> Pace | None:
    """The pace of so many a second, also of fewer than one; None for no ceiling."""
    if per_second is None:
        return None
    return Pace(int(per_second), 1.0) if per_second >= 1 else Pace(1, 1.0 / per_second)
