"""Falls if: a bound promises more than it holds, a cluster's answers count as independent, or a difference of
two shares lies outside its bounds more often than it may."""

from __future__ import annotations

from itertools import product
from math import comb, hypot

import pytest

from exsim.judgement.bounds import at_least, at_most, difference, effective, needed, worth
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


@pytest.mark.parametrize(("bad", "of"), [(0, 10), (1, 20), (3, 17), (17, 17), (40, 200)])
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
    bad, of = effective(alike, 0.95)
    few = worth(2000, 40, 0.95)
    assert of == pytest.approx(39 * few, abs=1)  # forty users, less the degree of freedom
    assert bad / of == pytest.approx(0.25)
    assert effective(mixed, 0.95) == pytest.approx((500 * few, 2000 * few))


@pytest.mark.parametrize(
    ("clusters", "bad", "of"),
    [  # by hand: spread between them 2 and 1.125, so variances 1/16 and 9/256 where 1/32 and 7/512 are usual
        ({1: (1, 4), 2: (3, 4)}, 2, 4),
        ({1: (1, 2), 2: (0, 6)}, 7 / 18, 28 / 9),
        ({1: (3, 3), 2: (4, 4)}, 7, 7),  # all are: nothing can be seen
    ],
)
def test_the_design_effect_is_the_variance_between_users_over_the_usual_one(
    clusters: dict[int, tuple[int, int]], bad: float, of: float
) -> None:
    few = worth(sum(all_ for _, all_ in clusters.values()), 2, 0.95)
    assert effective(clusters, 0.95) == pytest.approx((bad * few, of * few))


def test_where_none_is_bad_few_users_still_count_for_less_and_one_counts_once() -> None:
    assert effective({1: (0, 30), 2: (0, 70)}, 0.95) == pytest.approx((0, 6.92), abs=0.01)
    assert effective(dict.fromkeys(range(20), (0, 10)), 0.95) == pytest.approx((0, 182.7), abs=0.1)  # fmt: skip
    assert effective(dict.fromkeys(range(20), (0, 1)), 0.95) == (0, 20)
    assert effective({1: (0, 80)}, 0.95) == (0, 1)
    assert effective({1: (6, 30)}, 0.95) == pytest.approx((0.2, 1))
    assert effective({}, 0.95) == (0, 0)
    assert effective({1: (0, 0), 2: (0, 0)}, 0.95) == (0, 0)


@pytest.mark.parametrize(
    ("of", "clusters", "each"),
    [  # Student's quantiles at 95 %, from any table: 6.314 (1), 1.833 (9), 1.660 (99), 1.646 (999)
        (100, 2, (1.660 / 6.314) ** 2),
        (1000, 10, (1.646 / 1.833) ** 2),
        (10, 10, 1.0),
    ],
)
def test_what_comes_in_few_clusters_counts_by_the_degrees_of_freedom(
    of: int, clusters: int, each: float
) -> None:
    assert worth(of, clusters, 0.95) == pytest.approx(each, rel=1e-3)
    assert 0 < worth(of, clusters, 0.5) <= 1


def test_of_few_clusters_more_are_needed_and_they_are_the_fewest_that_show_it() -> None:
    assert needed(0.05, 0, 59, 0.95) == 59
    assert needed(0.05, 0, 2, 0.95) > needed(0.05, 0, 20, 0.95) > 59
    for clusters in (2, 20):
        for of, holds in ((needed(0.05, 1, clusters, 0.95), True), (needed(0.05, 1, clusters, 0.95) - 1, False)):  # fmt: skip
            each = worth(of, clusters, 0.95)
            assert (at_most(each, of * each, 0.95) <= 0.05) == holds


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


@pytest.mark.parametrize("numbers", [(30, 60, 0, 60), (0, 60, 30, 60), (7, 40, 3, 90)])
def test_the_bounds_of_a_difference_are_the_ends_of_both_intervals_joined_by_squares(
    numbers: tuple[int, int, int, int],
) -> None:
    bad, of, base_bad, base_of = numbers
    (low, high), (base_low, base_high) = (
        interval(bad, of, 0.90),
        interval(base_bad, base_of, 0.90),
    )
    between = bad / of - base_bad / base_of
    assert difference(*numbers, 0.95) == pytest.approx(
        (
            between - hypot(bad / of - low, base_high - base_bad / base_of),
            between + hypot(high - bad / of, base_bad / base_of - base_low),
        )
    )


def test_no_difference_is_bounded_beyond_one() -> None:
    for bad, base_bad in product(range(4), repeat=2):
        low, high = difference(bad, 3, base_bad, 3, 0.999)
        assert -1 - 1e-12 <= low <= high <= 1 + 1e-12


def test_nothing_counted_bounds_nothing() -> None:
    assert difference(0, 0, 0, 0, 0.95) == (-1.0, 1.0)


def _binomial(k: int, n: int, p: float) -> float:
    return float(comb(n, k) * p**k * (1 - p) ** (n - k))
