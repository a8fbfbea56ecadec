"""How long each step took: HDR histograms of three digits, fed hop by hop.

Control hops and answers that never came are left out.  Of an exchange read piece by piece only the time to
its head is taken: how long a notification channel stays open says nothing of speed.
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


class LatencyRow(msgspec.Struct, frozen=True):
    """One step of one protocol; all times in seconds."""

    protocol: str
    step: str
    count: int
    p50: float
    p95: float
    p99: float
    max: float


def time_of(hop: Hop) -> float | None:
    """The seconds that a hop took, as far as they say anything of speed; None for what is left out."""
    if hop.control or hop.status is None:
        return None
    return hop.head if hop.body.pieces and hop.head is not None else hop.took


class Latencies:
    """Fed every hop of a run; `rows()` at the end."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str], Counter[int]] = {}

    def add(self, hop: Hop) -> None:
        """Count one hop."""
        took = time_of(hop)
        if took is None:
            return
        counts = self._steps.get((hop.protocol, hop.step))
        if counts is None:
            counts = self._steps[hop.protocol, hop.step] = Counter()
        counts[microseconds(took)] += 1

    def rows(self) -> list[LatencyRow]:
        """One row for each step, in the order in which the steps were first seen."""
        return [_row(protocol, step, found) for (protocol, step), found in self._steps.items()]


def microseconds(took: float) -> int:
    """Whole microseconds to the histogram's own precision, so that no more values than its own are counted.

    Counted so first, because the histogram takes a value in ten times the time.
    """
    value = min(LONGEST_MICROSECONDS, max(1, round(took * 1e6)))
    spare = value.bit_length() - PRECISION
    return value if spare <= 0 else (value >> spare) << spare


def histogram_of(counts: Mapping[int, int]) -> HdrHistogram:
    """The histogram of values counted in `microseconds`."""
    histogram = HdrHistogram(1, LONGEST_MICROSECONDS, DIGITS)
    for value, count in counts.items():
        histogram.record_value(value, count)
    return histogram


def _row(protocol: str, step: str, counts: Mapping[int, int]) -> LatencyRow:
    histogram = histogram_of(counts)
    p50, p95, p99 = (histogram.get_value_at_percentile(p) / 1e6 for p in (50, 95, 99))
    longest = histogram.get_max_value() / 1e6
    return LatencyRow(protocol, step, histogram.get_total_count(), p50, p95, p99, longest)
