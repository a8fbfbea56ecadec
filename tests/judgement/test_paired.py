"""Falls if: pairs count in the order in which they ended, a session that never began counts as kept, a trial
goes on after it was decided, or "no difference" is said of what only was not seen.
"""

from __future__ import annotations

import pytest

from exsim.judgement.paired import (
    KEPT,
    LOST,
    VOID,
    Limits,
    Pairs,
    interleaved,
    outcome,
    shared,
)
from exsim.session.records import Session

LIMITS = Limits(logon=20.0, session=30.0)


def session(state: str, began: float = 5.0) -> Session:
    return Session(id="1.1", user=1, protocol="owa", began=began, state=state)


@pytest.mark.parametrize(
    ("found", "asked", "now", "expected"),
    [
        (None, None, 100.0, None),  # its user has not come yet
        (None, 1.0, 20.0, None),
        (None, 1.0, 21.5, VOID),
        (session("lost"), 1.0, 6.0, LOST),
        (session("ended"), 1.0, 6.0, KEPT),
        (session("expired"), 1.0, 6.0, KEPT),
        (session("live"), 1.0, 34.0, None),
        (session("live"), 1.0, 36.0, KEPT),
    ],
)
def test_a_session_is_over_when_it_ended_was_lost_or_lived_long_enough(
    found: Session | None, asked: float | None, now: float, expected: str | None
) -> None:
    assert outcome(found, asked, now, LIMITS) == expected


def taken(pairs: Pairs, *outcomes: tuple[str, str]) -> Pairs:
    for a, b in outcomes:
        if pairs.over:
            break
        pairs.take(a, b)
    return pairs


@pytest.mark.parametrize(("pair", "better"), [((LOST, KEPT), "b"), ((KEPT, LOST), "a")])
def test_a_clear_difference_is_decided_in_a_few_pairs(pair: tuple[str, str], better: str) -> None:
    pairs = taken(Pairs(100), *[pair] * 100)
    assert pairs.better == better and pairs.over
    assert 3 <= pairs.pairs <= 6
    assert (pairs.only_a if better == "b" else pairs.only_b) == pairs.pairs


def test_losing_alike_is_not_the_same_as_no_difference() -> None:
    pairs = taken(Pairs(40), *[(LOST, LOST), (KEPT, KEPT)] * 20)
    assert pairs.over and not pairs.decided
    assert (pairs.only_a, pairs.only_b) == (0, 0)


def test_none_lost_in_many_pairs_is_no_difference_beyond_the_margin() -> None:
    pairs = taken(Pairs(400, margin=0.1), *[(KEPT, KEPT)] * 400)
    assert pairs.equal and not pairs.better and pairs.pairs < 120
    assert not taken(Pairs(20, margin=0.1), *[(KEPT, KEPT)] * 20).decided


def test_pairs_that_never_began_do_not_count_and_are_told_apart() -> None:
    pairs = taken(Pairs(30), (VOID, KEPT), (LOST, VOID), (VOID, VOID), *[(KEPT, KEPT)] * 5)
    assert (pairs.pairs, pairs.void, pairs.void_a, pairs.void_b) == (5, 3, 2, 2)
    assert pairs.too_many_void


def test_a_balancer_that_lets_nobody_in_ends_the_trial_without_a_decision() -> None:
    pairs = taken(Pairs(100), *[(KEPT, VOID)] * 100)
    assert pairs.over and not pairs.decided and pairs.taken == 10


@pytest.mark.parametrize(("counted", "too_many"), [(8, True), (9, False)])
def test_a_tenth_of_the_pairs_may_be_void_and_no_more(counted: int, too_many: bool) -> None:
    pairs = taken(Pairs(30), (VOID, KEPT), *[(KEPT, KEPT)] * counted)
    assert pairs.too_many_void is too_many


def test_void_pairs_end_no_trial_in_which_others_counted() -> None:
    pairs = taken(Pairs(400, margin=0.01), *([(KEPT, KEPT)] * 8 + [(VOID, KEPT)]) * 12)
    assert (pairs.void, pairs.pairs, pairs.over) == (12, 96, False)


@pytest.mark.parametrize("pair", [(LOST, KEPT), (KEPT, LOST)])
def test_two_of_which_one_may_yet_lose_far_more_are_not_called_equal(pair: tuple[str, str]) -> None:
    """Five lost of 25 behind one: far more is possible there, and far more behind the other no longer."""
    pairs = taken(Pairs(100, margin=0.2), *[pair, *[(KEPT, KEPT)] * 4] * 5)
    low, high = pairs.differences.interval
    assert max(abs(low), abs(high)) > 0.5 and min(abs(low), abs(high)) < 0.1
    assert pairs.pairs == 25 and not pairs.decided


def test_populations_are_mixed_in_their_shares() -> None:
    assert interleaved([5, 1]) == [1, 2, 3, 6, 4, 5], "who is alone stands in the middle"
    assert interleaved([3, 3]) == [1, 4, 2, 5, 3, 6]
    assert sorted(interleaved([7, 2, 4])) == list(range(1, 14))
    assert set(interleaved([6, 2])[:4]) & {7, 8}


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [(10, [1, 1], [5, 5]), (100, [20, 10], [67, 33]), (1, [5, 5], [1, 1]), (7, [1, 1], [4, 3])],
)
def test_pairs_are_dealt_by_the_populations_sizes(
    total: int, weights: list[int], expected: list[int]
) -> None:
    assert shared(total, weights) == expected
