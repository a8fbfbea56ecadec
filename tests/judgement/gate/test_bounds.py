"""Falls if: a bound promises more than it holds, a cluster's answers count as independent, or a difference of
two shares lies outside its bounds more often than it may."""

from __future__ import annotations

from math import comb

import pytest

from exsim.judgement.gate.bounds import at_least, at_most, difference, effective
from exsim.judgement.statistics import interval, sessions_needed


@pytest.mark.parametrize(
    ("bad", "of", "bound"),
    [
        (0, 299, 0.0100),
        (0, 20, 0.1391),
        (0, 59, 0.0495),
        (1, 473, 0.0100),
        (0, 0, 1.0),
        (5, 5, 1.0),
    ],
)
def test_the_bound_of_so_many_is_the_one_of_the_tables(bad: int, of: int, bound: float) -> None:
    assert at_most(bad, of, 0.95) == pytest.approx(bound, abs=5e-5)


@pytest.mark.parametrize(("bad", "of"), [(0, 10), (3, 17), (17, 17), (40, 200)])
def test_both_bounds_are_the_ends_of_the_exact_interval(bad: int, of: int) -> None:
    low, high = interval(bad, of, 0.90)
    assert at_least(bad, of, 0.95) == pytest.approx(low)
    assert at_most(bad, of, 0.95) == pytest.approx(high)


def test_the_number_needed_is_the_first_at_which_the_bound_holds() -> None:
    for limit in (0.05, 0.02, 0.01):
        needed = sessions_needed(limit)
        assert at_most(0, needed, 0.95) <= limit < at_most(0, needed - 1, 0.95)


def test_answers_that_are_alike_within_a_user_count_as_one_a_user() -> None:
    alike = {user: (50 * (user % 4 == 0), 50) for user in range(40)}  # ten of forty users, wholly
    mixed = {user: (12 + user % 2, 50) for user in range(40)}
    bad, of = effective(alike)
    assert of == pytest.approx(39, abs=1)  # forty users, less the degree of freedom
    assert bad / of == pytest.approx(0.25)
    assert effective(mixed) == pytest.approx((500, 2000))


def test_where_none_is_bad_or_one_user_is_all_the_counts_stay() -> None:
    assert effective({1: (0, 30), 2: (0, 70)}) == (0, 100)
    assert effective({1: (5, 30)}) == (5, 30)
    assert effective({}) == (0, 0)


@pytest.mark.parametrize(
    ("share", "base"), [(0.02, 0.02), (0.3, 0.05), (0.05, 0.3), (0.5, 0.5), (0.0, 0.1)]
)
def test_a_true_difference_lies_above_the_bounds_as_rarely_as_promised(
    share: float, base: float
) -> None:
    """Exactly, by every table that two runs of 30 sessions can bring."""
    of, missed_low, missed_high = 30, 0.0, 0.0
    for bad in range(of + 1):
        for base_bad in range(of + 1):
            likely = _binomial(bad, of, share) * _binomial(base_bad, of, base)
            low, high = difference(bad, of, base_bad, of, 0.95)
            missed_low += likely * (low > share - base)
            missed_high += likely * (high < share - base)
    assert missed_low <= 0.05
    assert missed_high <= 0.05


def test_nothing_counted_bounds_nothing() -> None:
    assert difference(0, 0, 0, 0, 0.95) == (-1.0, 1.0)


def _binomial(k: int, n: int, p: float) -> float:
    return float(comb(n, k) * p**k * (1 - p) ** (n - k))
