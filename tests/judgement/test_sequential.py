"""Falls if: who looks after every trial is told more often than was said that a limit is kept, or broken, and it is not."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import pytest

from exsim.judgement.bounds import at_least, at_most
from exsim.judgement.sequential import growth, shown

ALPHA = 0.05
TRIALS = 150
Told = Callable[[int, int], str]  # lost, of -> "kept", "broken" or ""


def told_at_any_moment(share: float, told: Told) -> dict[str, float]:
    """The probability of each word for who stops at the first: exactly, over all courses of the trials."""
    still, ends = {0: 1.0}, {"kept": 0.0, "broken": 0.0}
    for of in range(1, TRIALS + 1):
        after: dict[int, float] = {}
        for lost, chance in still.items():
            after[lost] = after.get(lost, 0.0) + chance * (1 - share)
            after[lost + 1] = after.get(lost + 1, 0.0) + chance * share
        still = {}
        for lost, chance in after.items():
            word = told(lost, of)
            if word:
                ends[word] += chance
            else:
                still[lost] = chance
    return ends


def sequentially(limit: float) -> Told:
    def told(lost: int, of: int) -> str:
        if growth(lost, of, limit, below=True) >= -log(ALPHA):
            return "kept"
        return "broken" if growth(lost, of, limit, below=False) >= -log(ALPHA) else ""

    return told


def by_fixed_bounds(limit: float) -> Told:
    def told(lost: int, of: int) -> str:
        if at_most(lost, of, 1 - ALPHA) <= limit:
            return "kept"
        return "broken" if at_least(lost, of, 1 - ALPHA) > limit else ""

    return told


@pytest.mark.parametrize("limit", [0.05, 0.2, 0.5])
def test_at_the_limit_neither_is_told_more_often_than_alpha(limit: float) -> None:
    ends = told_at_any_moment(limit, sequentially(limit))
    assert 0 < ends["kept"] <= ALPHA
    assert 0 < ends["broken"] <= ALPHA


def test_a_bound_for_one_moment_would_not_do() -> None:
    """The same courses: this is what looking costs, and why the comparison above says something."""
    ends = told_at_any_moment(0.2, by_fixed_bounds(0.2))
    assert ends["kept"] > 2 * ALPHA and ends["broken"] > 2 * ALPHA


@pytest.mark.parametrize(
    ("lost", "of", "limit", "alpha", "told"),
    [
        (0, 64, 0.05, 0.05, False),
        (0, 65, 0.05, 0.05, True),  # for one moment 59 would do
        (0, 327, 0.01, 0.05, False),
        (0, 328, 0.01, 0.05, True),  # 299
        (2, 36, 0.01, 0.05, False),
        (5, 36, 0.01, 0.05, True),
        (0, 0, 0.05, 0.05, False),
        (1, 20, 0.05, 0.05, False),
        (200, 200, 0.5, 0.05, True),
        (1, 2, 0.0, 0.05, True),
        (0, 99, 0.0, 0.05, False),
        (9, 9, 1.0, 0.05, True),
        (400, 100_000, 0.01, 0.001, True),
        (2000, 100_000, 0.01, 0.001, True),
    ],
)
def test_counts_and_what_they_show(
    lost: int, of: int, limit: float, alpha: float, told: bool
) -> None:
    assert shown(lost, of, limit, alpha) is told


def test_what_lies_far_on_the_other_side_is_nothing_and_no_error() -> None:
    assert growth(5000, 5000, 0.001, below=True) < -1000
    assert growth(0, 100_000, 0.5, below=False) < -1000
