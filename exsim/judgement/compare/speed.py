"""How long each step took in two runs: quantiles of HDR histograms side by side, users compared by rank.

A user's median is one number, however often he asked: users are what is compared, never requests.
"""

from __future__ import annotations

from array import array
from statistics import median

import msgspec

from exsim.judgement.compare.difference import holm
from exsim.judgement.compare.side import Side, Step
from exsim.judgement.latency import LatencyRow, time_of
from exsim.session.hop import Hop

UNLIKELY = 0.05
WORTH_SAYING, WORTH_SAYING_SECONDS = 1.2, 0.005  # times as long, and at least so much longer
FEWEST_USERS = 4


class StepTimes(msgspec.Struct, frozen=True):
    """One step.  `slower`: "a", "b", or "" where users' own medians do not tell them apart.

    `chance`: how often chance alone ranks the users so, corrected for the number of steps.
    """

    protocol: str
    step: str
    a: LatencyRow | None
    b: LatencyRow | None
    chance: float
    slower: str


class Times:
    """Fed every hop of a run; `medians()` at the end."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str, int], array[float]] = {}

    def add(self, hop: Hop) -> None:
        took = time_of(hop)
        if took is not None and not hop.forced:
            self._taken.setdefault((hop.protocol, hop.step, hop.user), array("f")).append(took)

    def medians(self) -> dict[Step, list[float]]:
        """For each step, each user's own median."""
        found: dict[Step, list[float]] = {}
        for (protocol, step, _), taken in self._taken.items():
            found.setdefault((protocol, step), []).append(median(taken))
        return found


def speeds(a: Side, b: Side) -> list[StepTimes]:
    """Every step of either run, in A's order."""
    of_a, of_b = (
        {(row.protocol, row.step): row for row in side.judgement.results.latencies}
        for side in (a, b)
    )
    steps = list(dict.fromkeys([*of_a, *of_b]))
    chances = holm([_chance(a.medians.get(step, []), b.medians.get(step, [])) for step in steps])
    return [
        StepTimes(*step, of_a.get(step), of_b.get(step), chance, _slower(step, a, b, chance))
        for step, chance in zip(steps, chances, strict=True)
    ]


def _chance(a: list[float], b: list[float]) -> float:
    if min(len(a), len(b)) < FEWEST_USERS or len({*a, *b}) == 1:
        return 1.0
    from scipy.stats import mannwhitneyu  # takes long to load, and most verbs never ask for it

    return float(mannwhitneyu(a, b).pvalue)


def _slower(step: Step, a: Side, b: Side, chance: float) -> str:
    if chance >= UNLIKELY:
        return ""
    of_a, of_b = median(a.medians[step]), median(b.medians[step])
    short, long = sorted((of_a, of_b))
    if long < short * WORTH_SAYING or long - short < WORTH_SAYING_SECONDS:
        return ""
    return "a" if of_a > of_b else "b"
