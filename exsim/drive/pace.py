"""A ceiling on how often something may happen: never more than `count` in any `period`, to the letter.

Given the time, it says when the next one may happen, and keeps that place for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

MINUTE = 60.0  # seconds


class Pace:
    """At most `count` in any `period` seconds.  Places are given in the order in which they are asked for.

    `before`: when it had happened before anybody asked here; the newest `count` of them matter.
    """

    def __init__(self, count: int, period: float, before: Iterable[float] = ()) -> None:
        self.period = period
        self._given: deque[float] = deque(sorted(before), maxlen=max(1, count))
        self._own = 0  # places at the end that were given here

    def free(self, now: float, wanted: int = 1) -> float:
        """When `wanted` may happen at once (as many as ever may, at most): `now`, or later.  No place is taken."""
        given = self._given
        most = given.maxlen or 1
        in_the_way = min(wanted, most) - (most - len(given))
        return max(now, given[in_the_way - 1] + self.period) if in_the_way > 0 else now

    def take(self, at: float) -> None:
        """It happens at `at`, which is free, and not before the last one."""
        self._given.append(at)
        self._own = min(self._own + 1, len(self._given))

    def place(self, now: float) -> float:
        """When the next one may happen: `now`, or later.  The place is taken."""
        at = self.free(now)
        self.take(at)
        return at

    def lately(self, now: float) -> tuple[float, ...]:
        """The places given here that still count at `now`; those of before are known to whoever told them."""
        own = list(self._given)[len(self._given) - self._own :]
        return tuple(at for at in own if at > now - self.period)


def pace_a_minute(most: int | None, before: Iterable[float] = ()) -> Pace | None:
    """The pace of so many a minute; None for no ceiling."""
    return None if most is None else Pace(most, MINUTE, before)


def pace_of(per_second: float | None) -> Pace | None:
    """The pace of so many a second, also of fewer than one; None for no ceiling."""
    if per_second is None:
        return None
    return Pace(int(per_second), 1.0) if per_second >= 1 else Pace(1, 1.0 / per_second)
