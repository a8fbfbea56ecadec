"""How long each step took: HDR histograms of three digits, fed hop by hop.

Control hops and answers that never came are left out.  Of an exchange read piece by piece, or ended from here, only
the time to its head is taken: how long a notification channel stays open says nothing of speed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from hdrh.histogram import HdrHistogram

from exsim.session.hop import Hop

LONGEST_MICROSECONDS = 3_600_000_000  # an hour; longer is counted as an hour
DIGITS = 3
PRECISION = 11  # bits of a value that a histogram of three digits keeps
COARSE = 7  # bits that are kept of times that go by pairs: a hundredth, and memory stays bounded
ENDED_HERE = frozenset({"closed", "abandoned"})  # by the flow, or with the run: the server had not
NO_DELAY = 0.001  # seconds behind a plan that change no percentile anybody reads
SHORTEST_PAUSE = 0.01  # seconds; what is shorter is no plan of sending
ANSWERED_WHEN_IT_HAPPENS = frozenset({("activesync", "ping")})  # MS-ASCMD Ping; streams have pieces


class BySchedule(msgspec.Struct, frozen=True):
    """The same step against its client's own plan; times in seconds.

    Each answer counts from the moment at which its request was to leave, and one that held its client up
    counts once more for each request that the client would have sent meanwhile.  `count`: with these;
    `unsent`: these alone.  `late`: the worst lateness of a request that left.
    """

    count: int
    p50: float
    p95: float
    p99: float
    max: float
    unsent: int
    late: float


class LatencyRow(msgspec.Struct, frozen=True):
    """One step of one protocol, from sending; all times in seconds."""

    protocol: str
    step: str
    count: int
    p50: float
    p95: float
    p99: float
    max: float
    by_schedule: BySchedule | None = None


def time_of(hop: Hop) -> float | None:
    """The seconds that a hop took, as far as they say anything of speed; None for what is left out."""
    if hop.control or hop.status is None:
        return None
    if hop.head is not None and (hop.body.pieces or hop.ended in ENDED_HERE):
        return hop.head
    return hop.took


class Latencies:
    """Fed every hop of a run; `rows()` at the end."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str], _Step] = {}

    def add(self, hop: Hop) -> None:
        """Count one hop."""
        took = time_of(hop)
        if took is None:
            return
        key = (hop.protocol, hop.step)
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = _Step()
        step.counts[microseconds(took)] += 1
        if hop.late > NO_DELAY:
            step.was_late(took, hop.late)
        if hop.pause > SHORTEST_PAUSE and took + hop.late > hop.pause and not waits(hop):
            held = microseconds(took + hop.late, COARSE), microseconds(hop.pause, COARSE)
            step.held[held] += 1

    def rows(self) -> list[LatencyRow]:
        """One row for each step, in the order in which the steps were first seen."""
        return [_row(protocol, step, found) for (protocol, step), found in self._steps.items()]


def waits(hop: Hop) -> bool:
    """Whether an answer comes when something happens, so that its time is no delay."""
    return bool(hop.body.pieces) or (hop.protocol, hop.step) in ANSWERED_WHEN_IT_HAPPENS


class _Step:
    """What was counted of one step, in microseconds.

    `shifted`: what lateness adds to and takes from `counts`.  `held`: (time, pause before it) of answers that
    took longer than their client was to pause.
    """

    __slots__ = ("counts", "held", "late", "shifted")

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.shifted: Counter[int] = Counter()
        self.held: Counter[tuple[int, int]] = Counter()
        self.late = 0.0

    def was_late(self, took: float, late: float) -> None:
        """A request left so much behind its plan."""
        self.late = max(self.late, late)
        self.shifted[microseconds(took + late)] += 1
        self.shifted[microseconds(took)] -= 1

    def unsent(self, usual: int) -> Counter[int]:
        """What the requests would have met that a client did not send while it was held up.

        It was to send one each pause and usual answer (the correction for coordinated omission that
        HdrHistogram has for a known interval).
        """
        found: Counter[int] = Counter()
        for (time, pause), count in self.held.items():
            interval = pause + usual
            for value in range(time - interval, interval - 1, -interval):
                found[microseconds(value / 1e6)] += count
        return found


def microseconds(took: float, precision: int = PRECISION) -> int:
    """Whole microseconds to the histogram's own precision, so that no more values than its own are counted.

    Counted so first, because the histogram takes a value in ten times the time.
    """
    exact = took * 1e6
    value = round(exact) if 1 <= exact < LONGEST_MICROSECONDS else _within(exact)
    spare = value.bit_length() - precision
    return value if spare <= 0 else (value >> spare) << spare


def _within(value: float) -> int:
    return LONGEST_MICROSECONDS if value > 1 else 1


def histogram_of(counts: Mapping[int, int]) -> HdrHistogram:
    """The histogram of values counted in `microseconds`."""
    histogram = HdrHistogram(1, LONGEST_MICROSECONDS, DIGITS)
    for value, count in counts.items():
        histogram.record_value(value, count)
    return histogram


def _row(protocol: str, step: str, found: _Step) -> LatencyRow:
    histogram = histogram_of(found.counts)
    times = _times(histogram)
    unsent = found.unsent(round(times[0] * 1e6))
    planned: Counter[int] = Counter(found.counts)
    planned.update(found.shifted)
    planned.update(unsent)
    scheduled = histogram_of({value: count for value, count in planned.items() if count > 0})
    count = histogram.get_total_count()
    return LatencyRow(
        protocol,
        step,
        count,
        *times,
        BySchedule(
            scheduled.get_total_count(), *_times(scheduled), sum(unsent.values()), found.late
        ),
    )


def _times(histogram: HdrHistogram) -> tuple[float, float, float, float]:
    """Half, 95 and 99 of 100, and the longest, in seconds.  All of them by one way through the histogram."""
    at = histogram.get_percentile_to_value_dict([50, 95, 99])
    p50, p95, p99 = (at.get(p, 0) / 1e6 for p in (50, 95, 99))
    return p50, p95, p99, histogram.get_max_value() / 1e6
