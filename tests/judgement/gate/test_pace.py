"""Falls if: a latency limit is green on few answers or none, counts what is no answer of a user, or takes the
answers of one slow user for many, or those of one user, or of two, for what users get."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.gate.pace import Pace, Paces, decide
from exsim.runs.sections import LatencyLimit
from exsim.session.hop import Evidence
from tests.judgement.build import A, hop

LIMIT = LatencyLimit(step="poll", quantile=0.95, max=0.5)


def fed(answers: list[tuple[int, float]], **changes: Any) -> Pace:
    paces = Paces([LIMIT])
    for seq, (user, took) in enumerate(answers):
        paces.add(hop(user, seq, float(seq), "POST /x", A, took=took, **changes))
    return paces.paces[0]


def outcome(answers: list[tuple[int, float]]) -> str:
    return decide(fed(answers), "expect.latency[0]").outcome


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], "inconclusive"),
        ([(user, 0.1) for user in range(58)], "inconclusive"),
        ([(user, 0.1) for user in range(59)], "pass"),
        ([(user % 20, 0.9 if user % 49 == 0 else 0.1) for user in range(1000)], "pass"),
        ([(user % 20, 0.9 if user % 4 == 0 else 0.1) for user in range(1000)], "fail"),
        ([(user % 20, 0.9 if user % 21 == 0 else 0.1) for user in range(100)], "inconclusive"),
    ],
)
def test_it_is_decided_by_how_many_were_slower(
    answers: list[tuple[int, float]], expected: str
) -> None:
    assert outcome(answers) == expected


@pytest.mark.parametrize(("slow", "expected"), [(0.9, "inconclusive"), (0.1, "pass")])
def test_a_limit_is_not_broken_by_a_load_that_was_slow_itself(slow: float, expected: str) -> None:
    pace = fed([(user % 20, slow) for user in range(1000)])
    found = decide(pace, "expect.latency[0]", "The load was late.")
    assert found.outcome == expected
    assert found.sentence.endswith("The load was late.") == (expected == "inconclusive")


def test_a_few_slow_users_are_not_many_slow_answers() -> None:
    """100 of 1,000 answers slow: shown, if they came from all users; not, when five have them all."""
    spread = [((n * 7 + n // 50) % 50, 0.9 if n % 10 == 0 else 0.1) for n in range(1000)]
    one = [(n % 50, 0.9 if n % 50 in (0, 1, 2, 3, 4) else 0.1) for n in range(1000)]
    assert sum(t > 0.5 for _, t in spread) == sum(t > 0.5 for _, t in one) == 100
    assert outcome(spread) == "fail"
    assert outcome(one) == "inconclusive"


@pytest.mark.parametrize("took", [0.1, 0.9])
def test_answers_of_one_user_alone_show_nothing_of_users(took: float) -> None:
    one = decide(fed([(1, took)] * 80), "expect.latency[0]")
    assert (one.outcome, one.counts["answers"].of) == ("inconclusive", 80)
    assert one.sentence.endswith(
        "All came from one account, so how accounts differ is not known: it takes answers of at least 2."
    )
    assert outcome([(n % 20, took) for n in range(80)]) == ("pass" if took < 0.5 else "fail")


def test_answers_of_two_users_none_of_them_slow_are_not_as_many_users() -> None:
    found = decide(fed([(n % 2, 0.1) for n in range(400)]), "expect.latency[0]")
    assert (found.outcome, found.counts["answers"].bad) == ("inconclusive", 0)
    assert found.sentence.endswith(
        "Of so many accounts it takes at least 859 answers with no more than 0 slower."
    )
    assert outcome([(n % 2, 0.1) for n in range(859)]) == "pass"
    assert outcome([(n % 2, 0.1) for n in range(858)]) == "inconclusive"


def test_the_bound_of_one_user_promises_no_more_than_one_answer_does() -> None:
    found = decide(fed([(1, 0.1)] * 80), "expect.latency[0]")
    assert "0 of 80 answers (fewer than 95 %), 0 of 1 account (fewer than 95 %)" in found.sentence


@pytest.mark.parametrize(
    "changes",
    [{"control": True}, {"forced": True}, {"status": None}, {"step": "boot"}],
    ids=["control", "steered", "no answer", "another step"],
)
def test_what_is_no_answer_of_a_user_does_not_count(changes: dict[str, Any]) -> None:
    pace = fed([(n, 0.1) for n in range(100)], **changes)
    assert pace.users == {}


def test_of_an_answer_that_is_read_piece_by_piece_only_its_head_is_timed() -> None:
    pieces = Evidence(is_="notifications", pieces=3)
    assert fed([(1, 30.0)], body=pieces, head=0.1).users == {1: (0, 1)}
    assert fed([(1, 30.0)], head=0.1).users == {1: (1, 1)}  # whole: until its end


def test_what_was_measured_is_told_with_what_was_asked() -> None:
    times = [0.1] * 94 + [0.2] * 4 + [0.9] * 2
    found = decide(fed([(n % 25, took) for n, took in enumerate(times)]), "expect.latency[0]")
    assert found.name == "poll: 95 % of answers within 500 ms"
    assert (found.counts["answers"].bad, found.counts["accounts"].bad) == (2, 2)
    assert found.outcome == "inconclusive"
    assert found.sentence == (
        "95 % came within 200 ms. Slower than 500 ms: 2 of 100 answers (fewer than 6.35 %), 2 of 25 "
        "accounts (fewer than 23.1 %), at 95 % confidence. Of so many accounts it takes at least 128 answers with no "
        "more than 2 slower."
    )


def test_nothing_is_said_of_a_step_that_was_not_seen() -> None:
    said = decide(fed([]), "expect.latency[0]").sentence
    assert said == "No answer of step poll was seen; nothing is known."


def test_the_sentence_has_the_measured_time_and_both_bounds() -> None:
    said = decide(fed([(n % 20, 0.1) for n in range(400)]), "expect.latency[0]").sentence
    assert "95 % came within 100 ms" in said
    assert "0 of 400 answers (fewer than 0.82 %), 0 of 20 accounts (fewer than 13.9 %)" in said
