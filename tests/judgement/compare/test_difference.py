"""Falls if: an interval is not the published one, chance is not counted over all ways to give out the labels,
or sessions of one account are taken for independent ones.
"""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, boschloo_exact

from exsim.judgement.compare.difference import (
    Counts,
    chance,
    clustered,
    dealt,
    difference,
    effective,
    holm,
    independent,
    leaning,
    newcombe,
    swapped,
    wilson,
)


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilsons_interval_agrees_with_scipys(lost: int, sessions: int) -> None:
    lost = min(lost, sessions)
    theirs = binomtest(lost, sessions).proportion_ci(0.95, "wilson")
    assert wilson(lost, sessions) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(  # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_the_difference_is_newcombes(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    assert newcombe(*second, *first) == pytest.approx((low, high), abs=0.0001)


@given(st.lists(st.integers(-200, 200), min_size=1, max_size=9))
@settings(max_examples=40)
def test_swapped_labels_are_counted_in_all_ways(grains: list[int]) -> None:
    ways = [
        abs(sum(sign * grain for sign, grain in zip(signs, grains, strict=True)))
        for signs in product((1, -1), repeat=len(grains))
    ]
    expected = sum(way >= abs(sum(grains)) for way in ways) / len(ways)
    assert swapped([grain / 200 for grain in grains]) == pytest.approx(expected)


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=5),
    st.lists(st.integers(0, 40), min_size=1, max_size=5),
)
@settings(max_examples=40)
def test_accounts_are_dealt_out_in_all_ways(a: list[int], b: list[int]) -> None:
    both, seen = [*a, *b], abs(sum(a) / len(a) - sum(b) / len(b))
    apart = [
        abs(sum(both[i] for i in mine) / len(a) - (sum(both) - sum(both[i] for i in mine)) / len(b))
        for mine in combinations(range(len(both)), len(a))
    ]
    expected = sum(one >= seen - 1e-9 for one in apart) / len(apart)
    assert dealt([x / 40 for x in a], [x / 40 for x in b]) == pytest.approx(expected)


def test_hundreds_of_accounts_are_counted_as_dozens_are() -> None:
    """Around the limit beyond which ways are no longer counted, both ways to count agree."""
    for low, high in ((140, 160), (145, 152)):
        a, b = [0.0, 1.0] * (low // 2), [0.0, 0.5, 1.0, 1.0] * (low // 4)
        more_a, more_b = [0.0, 1.0] * (high // 2), [0.0, 0.5, 1.0, 1.0] * (high // 4)
        assert dealt(more_a, more_b) == pytest.approx(dealt(a, b), rel=0.5)
    steps = [1.0, -1.0, 0.5, -0.5, 0.1]
    assert swapped(steps * 61) == pytest.approx(swapped(steps * 60), rel=0.05)
    assert dealt([0.5] * 400, [0.5] * 800) == 1.0


@pytest.mark.parametrize("table", [(9, 12, 0, 12), (3, 20, 2, 25), (7, 10, 1, 8)])
def test_independent_sessions_are_boschloos(table: tuple[int, int, int, int]) -> None:
    lost_a, all_a, lost_b, all_b = table
    theirs = boschloo_exact([[lost_a, lost_b], [all_a - lost_a, all_b - lost_b]]).pvalue
    assert independent(*table) == pytest.approx(theirs, rel=0.02)


@pytest.mark.parametrize("table", [(0, 12, 0, 9), (12, 12, 9, 9), (0, 0, 3, 5), (3, 5, 0, 0)])
def test_where_all_ended_alike_there_is_no_difference(table: tuple[int, int, int, int]) -> None:
    assert independent(*table) == 1.0


def test_accounts_of_one_session_each_are_independent_sessions() -> None:
    a = {f"a{n}": (int(n < 7), 1) for n in range(10)}
    b = {f"b{n}": (int(n < 1), 1) for n in range(8)}
    assert chance(a, b) == pytest.approx(independent(7, 10, 1, 8))
    b["b0"] = (2, 2)
    assert chance(a, b) == pytest.approx(
        dealt([1.0] * 7 + [0.0] * 3, [1.0] + [0.0] * 7)
    )  # one of two sessions: an account of them is a cluster


def test_one_account_is_worth_one_session_however_many_it_began() -> None:
    assert effective({"busy": (5, 30), "idle": (0, 0)}) == 1.0


@pytest.mark.parametrize(
    ("accounts", "worth"),
    [  # by hand: 2, 2.57 and 1 times the variance that independent sessions have
        ({"one": (1, 4), "other": (3, 4)}, 4),
        ({"one": (1, 2), "other": (0, 6)}, 28 / 9),
        ({"one": (3, 4), "other": (1, 4), "third": (2, 4)}, 12),
    ],
)
def test_sessions_are_worth_less_by_the_variance_between_their_accounts(
    accounts: dict[str, Counts], worth: float
) -> None:
    assert effective(accounts) == pytest.approx(worth)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([(2, 4)] * 9, [(2, 4)] * 9, 1.0),
        ([(1, 4)] * 9, [(3, 4)] * 9, 2 / 2**9),
        ([(1, 4)] * 3 + [(3, 4)], [(3, 4)] * 3 + [(1, 4)], 10 / 16),  # three worse, one better
    ],
)
def test_only_what_an_account_lost_more_or_less_tells_two_runs_apart(
    a: list[Counts], b: list[Counts], expected: float
) -> None:
    first, second = ({f"user{n}": one for n, one in enumerate(counts)} for counts in (a, b))
    assert chance(first, second) == pytest.approx(expected)


def test_an_account_that_loses_often_is_one_account() -> None:
    steady = {f"user{n}": (0, 50) for n in range(9)}
    one_bad = {**steady, "user9": (50, 50)}
    none_bad = {**steady, "user9": (0, 50)}
    assert chance(none_bad, one_bad) == 1.0, "50 losses of 500 sessions, and all of one account"
    assert difference(none_bad, one_bad)[0] < 0
    assert effective(one_bad) == pytest.approx(10, abs=0.1)
    low, high = clustered(one_bad)
    assert low < 0.02 and high > 0.35, "as one account of ten, not as 50 sessions of 500"


def test_every_account_losing_in_one_run_only_is_no_chance() -> None:
    a, b = ({f"user{n}": (lost, 4) for n in range(12)} for lost in (3, 0))
    assert chance(a, b) == pytest.approx(2 / 2**12)
    low, high = difference(a, b)
    assert -1 <= low < high < -0.3


def test_other_accounts_are_not_taken_for_the_same() -> None:
    a = {f"user{n}": (3, 4) for n in range(6)}
    b = {f"user{n + 50}": (0, 4) for n in range(6)}
    assert chance(a, b) == pytest.approx(2 / 924)


def test_nothing_measured_is_no_difference_and_every_difference() -> None:
    assert chance({}, {"user1": (1, 1)}) == 1.0
    assert difference({}, {"user1": (1, 1)}) == difference({"user1": (1, 1)}, {}) == (-1.0, 1.0)
    assert chance({"user1": (1, 1)}, {}) == 1.0
    assert newcombe(0, 0, 1, 1) == newcombe(1, 1, 0, 0) == (-1.0, 1.0)
    assert effective({}) == 0.0
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("chances", "corrected"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
    ],
)
def test_many_questions_are_paid_for(chances: list[float], corrected: list[float]) -> None:
    assert holm(chances) == pytest.approx(corrected)


@pytest.mark.parametrize(
    ("a", "b", "leans"),
    [
        ({"x": (0, 10), "y": (90, 90)}, {"x": (9, 10), "y": (1, 1)}, 0.45),  # pairs
        ({"x": (0, 10), "y": (10, 10)}, {"z": (9, 10)}, 0.4),  # other accounts
        ({"x": (0, 1), "y": (0, 1), "z": (1, 1)}, {"x": (1, 1), "y": (0, 1), "w": (0, 1)}, 0.5),
        ({"x": (1, 1), "y": (0, 0)}, {"x": (0, 4), "y": (3, 3)}, -0.5),  # y measured nothing in A
        ({"x": (0, 0)}, {"x": (3, 3)}, 0.0),
        ({"x": (3, 3)}, {"x": (0, 0)}, 0.0),
        ({}, {}, 0.0),
    ],
)
def test_each_account_counts_once_in_what_a_comparison_leans_to(
    a: dict[str, Counts], b: dict[str, Counts], leans: float
) -> None:
    assert leaning(a, b) == pytest.approx(leans)
