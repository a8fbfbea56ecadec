"""How long telephones were let wait: what they asked for, what they were left with, how long it lasted.

Of ActiveSync's Ping alone.  A device whose wait is cut shortens the next one, and so asks more often: no
session is lost, and the load of everybody is multiplied.
"""

from __future__ import annotations

from statistics import median

from exsim.session.hop import Hop, Mark
from exsim.session.records import Waits

CUT = "heartbeat_cut"  # the mark of a telephone: was, is
PROTOCOL, STEP = "activesync", "ping"


class WaitBook:
    """Fed the lines of one history."""

    def __init__(self) -> None:
        self._devices: set[int] = set()
        self._first: dict[int, float] = {}  # user -> the wait that was cut first
        self._last: dict[int, float] = {}  # user -> what it is now
        self._cuts = 0
        self._waits = 0
        self._lasted = 0.0

    def hop(self, hop: Hop) -> None:
        """Count a wait that ended, however it did, but for the end of the run."""
        if hop.step != STEP or hop.protocol != PROTOCOL or hop.control or hop.error == "abandoned":
            return
        self._devices.add(hop.user)
        self._waits += 1
        self._lasted += hop.took

    def mark(self, mark: Mark) -> None:
        """A wait was cut."""
        was, now = mark.facts.get("was"), mark.facts.get("is")
        if isinstance(was, int | float) and isinstance(now, int | float):
            self._cuts += 1
            self._first.setdefault(mark.user, float(was))
            self._last[mark.user] = float(now)

    def told(self) -> Waits | None:
        """What came of it; None where nobody waited."""
        if not self._waits:
            return None
        return Waits(
            devices=len(self._devices),
            cut=len(self._first),
            cuts=self._cuts,
            asked=median(self._first.values()) if self._first else 0.0,
            left=median(self._last.values()) if self._last else 0.0,
            mean=self._lasted / self._waits,
        )
