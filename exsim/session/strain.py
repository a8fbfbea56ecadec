"""When does a server suffer?  Two rules over the answers of the last seconds, for whoever must stop in time.

Busy: more than one answer in a hundred is a front end's 5xx or a throttling error, for ten seconds.  Slow:
the median answer takes more than three times what it took in the first minute, for thirty.  Pure: it is
given the time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from exsim.session.hop import Hop
from exsim.session.meaning import Sign

BUSY_SHARE, BUSY_FOR = 0.01, 10.0
SLOWER, SLOW_FOR = 3.0, 30.0
FIRST = 60.0  # seconds whose median is what it is compared with
LOOKED_AT = 10  # whole seconds that a share or a median is taken of
LEAST = 0.1  # seconds; below that a median says more of the network than of a server (*assumed*)
MOST_A_SECOND = 200  # latencies kept of one second
BUSY = frozenset((Sign.FRONT_END_503, Sign.THROTTLED, Sign.LB_ERROR))
WAITING = frozenset(("channel_wait", "ping"))  # held open by design, or none of the load's


@dataclass(slots=True)
class Second:
    """What came in one second."""

    number: int
    answers: int = 0
    busy: int = 0
    took: list[float] = field(default_factory=list)


class Strain:
    """One worker's view of the servers' state."""

    def __init__(self) -> None:
        self._seconds: deque[Second] = deque(maxlen=LOOKED_AT + 1)
        self._first: list[float] = []
        self._began: float | None = None
        self._usual: float | None = None
        self._busy_since: float | None = None
        self._slow_since: float | None = None

    def feed(self, hop: Hop, sign: Sign) -> None:
        """One hop, as it arrived."""
        if hop.status is None:
            return
        at = hop.arrived
        if self._began is None:
            self._began = at
        second = self._second(int(at))
        second.answers += 1
        second.busy += sign in BUSY and (hop.status >= 500 or sign is Sign.THROTTLED)
        if hop.ended != "whole" or hop.body.pieces or hop.step in WAITING:
            return
        if len(second.took) < MOST_A_SECOND:
            second.took.append(hop.took)
            if at - self._began < FIRST:
                self._first.append(hop.took)

    def _second(self, number: int) -> Second:
        seconds = self._seconds
        if not seconds or seconds[-1].number < number:
            seconds.append(Second(number))
        return seconds[-1]

    def judge(self, now: float) -> str:
        """Why the run is to stop at `now`, in one sentence; "" while nothing suffers.  Asked each second."""
        recent = [one for one in self._seconds if now - LOOKED_AT < one.number <= now]
        return self._judge_busy(recent, now) or self._judge_slow(recent, now)

    def _judge_busy(self, recent: list[Second], now: float) -> str:
        answers, busy = sum(one.answers for one in recent), sum(one.busy for one in recent)
        if not answers or busy <= BUSY_SHARE * answers:
            self._busy_since = None
            return ""
        self._busy_since = now if self._busy_since is None else self._busy_since
        if now - self._busy_since < BUSY_FOR:
            return ""
        return (
            f"for {BUSY_FOR:.0f} s more than 1 % of the answers said that a server is overloaded or "
            f"cannot reach another ({busy} of {answers}: 502, 503, 504 or ErrorServerBusy)"
        )

    def _judge_slow(self, recent: list[Second], now: float) -> str:
        if self._began is None or now - self._began < FIRST:
            return ""
        if self._usual is None:
            self._usual = median(self._first) if self._first else 0.0
        took = [one for second in recent for one in second.took]
        bound = max(LEAST, SLOWER * self._usual)
        if not took or median(took) <= bound:
            self._slow_since = None
            return ""
        self._slow_since = now if self._slow_since is None else self._slow_since
        if now - self._slow_since < SLOW_FOR:
            return ""
        return (
            f"for {SLOW_FOR:.0f} s the median answer took more than {SLOWER:.0f} times what it took in "
            f"the first minute ({median(took) * 1000:.0f} ms, then {self._usual * 1000:.0f} ms)"
        )
