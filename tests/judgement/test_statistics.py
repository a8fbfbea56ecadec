"""Falls if: an interval, a bound or a plan is off by so much that a claim would be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact

from exsim.judgement.statistics import fisher, interval, plan, sessions_needed, upper_bound


@pytest.mark.parametrize(
    ("limit", "none_lost", "one_lost"),
    [(0.05, 59, 93), (0.02, 149, 236), (0.01, 299, 473), (0.005, 598, 947), (0.001, 2995, 4742)],
)
def test_the_plan_says_how_many_sessions_a_claim_needs(
    limit: float, none_lost: int, one_lost: int
) -> None:
    assert plan()[limit] == (none_lost, one_lost)
    assert upper_bound(0, none_lost) <= limit < upper_bound(0, none_lost - 1)


@pytest.mark.parametrize(
    ("lost", "sessions", "low", "high"),
    [(18, 20, 0.683, 0.988), (0, 10, 0.0, 0.308), (10, 10, 0.692, 1.0), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_clopper_and_pearsons(
    lost: int, sessions: int, low: float, high: float
) -> None:
    assert interval(lost, sessions) == pytest.approx((low, high), abs=0.001)


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_agrees_with_scipys(lost: int, sessions: int) -> None:
    lost = min(lost, sessions)
    theirs = binomtest(lost, sessions).proportion_ci(0.95, "exact")
    assert interval(lost, sessions) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_twenty_accounts_without_a_loss_still_allow_nearly_fourteen_percent() -> None:
    assert upper_bound(0, 20) == pytest.approx(1 - 0.05 ** (1 / 20))
    assert upper_bound(0, 20) == pytest.approx(0.139, abs=0.0005)
    assert upper_bound(0, 0) == 1.0


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_fishers_test_agrees_with_scipys(a: int, b: int, c: int, d: int) -> None:
    theirs = float(fisher_exact([[a, b], [c, d]]).pvalue)
    assert fisher(a, a + b, c, c + d) == pytest.approx(theirs, rel=1e-6)


def test_more_lost_than_there_were_is_refused() -> None:
    with pytest.raises(ValueError, match="3 lost of 2"):
        interval(3, 2)
    with pytest.raises(ValueError, match="-1 lost"):
        upper_bound(-1, 2)


def test_sessions_needed_grows_with_the_losses() -> None:
    assert sessions_needed(0.05, 2) > sessions_needed(0.05, 1) > sessions_needed(0.05)
