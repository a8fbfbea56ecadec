"""Falls if: looking after every pair raises more false alarms than promised, the test needs more (or fewer)
pairs than known, the interval leaves out the truth too often, or the benchmark is of another test than ours.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from exsim.judgement.eprocess import ALPHA, Differences, EProcess, nearest
from tests.bench.ab import KNOWN, PROMISED, SHARES, alarms, needed, stops

GRID = (0.01, 0.2, 0.5, 0.9)
BOTH = tuple(product((False, True), repeat=2))


@pytest.mark.parametrize("share", SHARES)
def test_the_same_balancer_twice_is_called_different_in_at_most_six_of_a_hundred(
    share: float,
) -> None:
    assert alarms(share, experiments=500, pairs=200) <= 0.06


@pytest.mark.parametrize("shares", PROMISED)
def test_the_pairs_needed_are_within_fifteen_percent_of_the_known_figures(
    shares: tuple[float, float],
) -> None:
    assert needed(*shares, experiments=1000).close_to(KNOWN[shares])


def test_the_benchmark_is_of_the_test_that_ships() -> None:
    stopped = int(stops(0.5, 0.0, experiments=1, pairs=60, seed=3)[0])
    dice, test, at = np.random.default_rng(3), EProcess(), 0
    for pair in range(1, 61):
        fell = dice.random((2, 1)) < np.array([[0.5], [0.0]])
        test.add(bool(fell[0, 0]), bool(fell[1, 0]))
        if test.decided():
            at = pair
            break
    assert at == stopped > 1


def test_the_value_after_two_pairs_is_what_one_computes_by_hand() -> None:
    test = EProcess()
    test.add(True, False)
    assert test.value == pytest.approx(1.0), "the first pair finds both guesses at one half"
    test.add(True, False)
    assert test.value == pytest.approx((1.18 / 1.36 / 0.5) ** 2)


def test_once_decided_it_stays_so() -> None:
    test = EProcess()
    for _ in range(8):
        test.add(True, False)
    assert test.decided()
    for _ in range(6):
        test.add(False, True)
    assert test.value < 1 / ALPHA and test.decided()


@pytest.mark.parametrize(("guess_a", "guess_b", "share"), [*product(GRID, GRID, GRID)])
def test_no_guess_gains_on_average_when_both_lose_alike(
    guess_a: float, guess_b: float, share: float
) -> None:
    def factor(lost_a: bool, lost_b: bool) -> float:
        same = (guess_a + guess_b) / 2
        return (
            likely(guess_a, lost_a)
            * likely(guess_b, lost_b)
            / likely(same, lost_a)
            / likely(same, lost_b)
        )

    assert sum(factor(a, b) * likely(share, a) * likely(share, b) for a, b in BOTH) <= 1 + 1e-9


@pytest.mark.parametrize("difference", [-0.7, -0.2, 0.05, 0.4])
@pytest.mark.parametrize(("guess_a", "guess_b"), [*product(GRID, GRID)])
def test_no_guess_gains_on_average_at_the_true_difference(
    guess_a: float, guess_b: float, difference: float
) -> None:
    near = float(nearest(guess_a, guess_b, np.array([difference]))[0])

    def factor(lost_a: bool, lost_b: bool) -> float:
        mine = likely(guess_a, lost_a) * likely(guess_b, lost_b)
        return mine / likely(near, lost_a) / likely(near + difference, lost_b)

    for share in np.linspace(max(0.0, -difference), min(1.0, 1 - difference), 7):
        gain = sum(factor(a, b) * likely(share, a) * likely(share + difference, b) for a, b in BOTH)
        assert gain <= 1 + 1e-6


def likely(share: float, lost: bool) -> float:
    return share if lost else 1 - share


def test_the_interval_holds_the_truth_at_every_moment() -> None:
    dice, missed = np.random.default_rng(5), 0
    for _ in range(25):
        differences = Differences()
        for _ in range(30):
            differences.add(bool(dice.random() < 0.3), bool(dice.random() < 0.6))
        low, high = differences.interval
        missed += not low <= 0.3 <= high
    assert missed <= 2


def test_the_interval_leaves_out_no_difference_when_the_test_is_decided() -> None:
    test, differences = EProcess(), Differences()
    for pair in range(9):
        assert not test.decided()
        assert differences.interval[0] <= 0 <= differences.interval[1]
        test.add(pair != 3, False)
        differences.add(pair != 3, False)
        if test.decided():
            break
    low, high = differences.interval
    assert test.decided() and -1 <= low < high < 0.01


def test_the_interval_only_ever_narrows() -> None:
    differences, before = Differences(), (-1.0, 1.0)
    for pair in range(40):
        differences.add(pair < 12, pair >= 12)
        low, high = differences.interval
        assert low >= before[0] - 1e-9 and high <= before[1] + 1e-9
        before = low, high
        if high - low < 0.05:
            break


def test_nothing_seen_leaves_everything_possible() -> None:
    assert Differences().interval == (-1.0, 1.0)


def test_where_no_difference_is_left_the_guesses_are_told() -> None:
    """Forty pairs the one way and forty the other: no one difference explains both."""
    differences = Differences()
    for pair in range(80):
        differences.add(pair < 40, pair >= 40)
    assert differences.interval == (pytest.approx(0.0), pytest.approx(0.0))
