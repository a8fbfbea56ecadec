"""How long a load process is waited for: it tells its news each second, and its load has a planned end.

One that stands still (stopped by somebody, or stuck in itself) may go on again, so it is waited for until the planned
end of its load and a grace.  Then it is asked to end, and, when it does not, ended by force: what it wrote counts.
Times are seconds on a clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exsim.judgement.words import seconds

STARTED, LIVE, RULE = "load_started", "live", "rule"  # events
SILENT = "silent"  # an event of ours about one that tells none
QUIET = 10.0  # seconds without news: whoever watches is told
SILENCE = 30.0  # without news: a load process stands still, as one on another machine does
GRACE = 30.0  # past its planned end, which one that stands still is given
OVERTIME = 600.0  # past it, for one that still tells news: control sessions and log-offs take time
ENDING = 15.0  # from asking to ending by force, and of silence after which nobody is waited for


class Patience:
    """With one load process.  `length`: of its load, once that has started; other phases have no planned end."""

    def __init__(self, length: float, now: float) -> None:
        self._length = length
        self._due: float | None = None
        self._heard = now
        self._asked: float | None = None
        self._at: float | None = None  # the run's own time, as it told it last
        self.why = ""  # it was asked to end because it came to none

    def hear(self, event: Mapping[str, Any], now: float) -> None:
        """It told something."""
        self._heard = now
        if event.get("event") == LIVE:
            self._at = float(event["t"])
        elif event.get("event") == STARTED:
            self._due = now + self._length

    def due(self, now: float) -> None:
        """Its load is to come to an end now."""
        self._due = now if self._due is None else min(self._due, now)

    def ask(self, now: float) -> None:
        """It was asked to end."""
        if self._asked is None:
            self._asked = now

    def silent(self, now: float) -> float | None:
        """The run's own time at which it told its last news, where it has told none for a while."""
        quiet = self._asked is None and now - self._heard >= QUIET
        return self._at if quiet else None

    def gone(self, now: float) -> bool:
        """Whether it is time to ask it to end; `why` says for what."""
        if self._asked is not None:
            return False
        silent = now - self._heard
        past = silent - SILENCE if self._due is None else now - self._due
        if silent >= SILENCE and past >= GRACE:
            since = "the beginning" if self._at is None else f"{self._at:.0f} s"
            self.why = f"stood still from {since} on, and was ended"
        elif self._due is not None and past >= OVERTIME:
            self.why = f"was still at it {seconds(past)} past its planned end, and was ended"
        return bool(self.why)

    def over(self, now: float) -> bool:
        """Whether nobody asks any more: it is to be ended by force."""
        if self._asked is None:
            return False
        return now - max(self._asked, self._heard) >= ENDING or now - self._asked >= 2 * ENDING
