"""Falls if: a trial's outcome is not its question's (does B lose more?), an undecided one is anything but
inconclusive, another user's mailbox does not fail it, or its document is not what its schema says.
"""

from __future__ import annotations

import json

import pytest

from exsim.judgement.compare.ab import AbResults, Ended, encode, results, schema
from exsim.judgement.compare.comparison import compared
from exsim.judgement.compare.side import Side
from exsim.judgement.paired import KEPT, LOST, VOID, Pairs
from exsim.judgement.report import compare_ab
from tests.judgement.build import OLD, farm_sessions, one_way
from tests.judgement.compare.sides import losing, side, sticky


def pairs(*outcomes: tuple[str, str], most: int = 100, margin: float = 0.05) -> Pairs:
    made = Pairs(most, margin)
    for a, b in outcomes:
        made.take(a, b)
    return made


def document(
    tried: Pairs,
    a: Side | None = None,
    b: Side | None = None,
    wrong: tuple[int, int] = (0, 0),
    broken_off: str = "",
) -> AbResults:
    found = compared(a or losing(), b or sticky())
    return results(Ended(tried, found, wrong, broken_off, (["line 3: x → y: why"], [])))


B_BETTER, A_BETTER = [(LOST, KEPT)] * 6, [(KEPT, LOST)] * 6


@pytest.mark.parametrize(
    ("tried", "outcome", "decided", "better", "first"),
    [
        (pairs(*B_BETTER), "pass", True, "b", "B (cookie.cfg) loses fewer sessions than A"),
        (pairs(*A_BETTER), "fail", True, "a", "B (cookie.cfg) loses more sessions than A"),
        (pairs((LOST, LOST), (KEPT, KEPT)), "inconclusive", False, "", "It cannot be told"),
        (pairs(), "inconclusive", False, "", "No pair of sessions was completed"),
        (
            pairs(*[(KEPT, KEPT)] * 80, margin=0.2),
            "pass",
            True,
            "",
            "B (cookie.cfg) loses no more than A (roundrobin.cfg), to within 20 points of 100: "
            "0 of 80 against 0 of 80.",
        ),
        (
            pairs(*[(VOID, KEPT)] * 3, *B_BETTER),
            "inconclusive",
            False,
            "b",
            "3 of 9 pairs do not count",
        ),
    ],
)
def test_the_question_is_whether_b_loses_more(tried, outcome, decided, better, first) -> None:
    found = document(tried)
    assert (found.outcome, found.decided, found.better) == (outcome, decided, better)
    assert found.sentence.startswith(first)


def test_what_the_pairs_came_to_is_told_in_numbers() -> None:
    mixed = [(LOST, LOST), *[(LOST, KEPT)] * 2, (KEPT, LOST), *[(KEPT, KEPT)] * 3]
    found = document(pairs(*mixed))
    assert (
        "A (roundrobin.cfg) lost 3 of 7, B (cookie.cfg) 2 of 7; in 4 pairs both" in found.sentence
    )
    assert found.sentences[0].startswith("B's share of lost sessions less A's: ")
    assert document(pairs(*B_BETTER)).sentences[0].startswith("Decided after 6 pairs")


@pytest.mark.parametrize(("counted", "selection"), [(8, True), (9, False)])
def test_pairs_that_do_not_count_are_told_and_more_than_a_tenth_decide_nothing(
    counted: int, selection: bool
) -> None:
    found = document(pairs((VOID, KEPT), *[(KEPT, LOST)] * counted))
    assert found.sentence.startswith(f"1 of {counted + 1} pairs does not count")
    assert "(1 behind A, 0 behind B)" in found.sentence
    assert found.sentence.endswith("nothing is decided.") is selection
    assert found.outcome == ("inconclusive" if selection else "fail")


@pytest.mark.parametrize(
    ("tried", "wrong", "broken_off"),
    [
        (pairs((LOST, LOST), (KEPT, KEPT)), (0, 1), ""),  # fails, and not for what was lost
        (pairs(*[(KEPT, KEPT)] * 80, margin=0.2), (0, 0), "interrupted"),
        (pairs(*[(VOID, KEPT)] * 30, *[(KEPT, KEPT)] * 80, margin=0.2), (0, 0), ""),
        (pairs(*B_BETTER), (0, 0), "interrupted"),
    ],
)
def test_what_was_not_decided_is_not_told_as_if_it_were(tried, wrong, broken_off) -> None:
    found = document(tried, wrong=wrong, broken_off=broken_off)
    told = " ".join([found.sentence, *found.sentences])
    assert "It cannot be told whether B loses more" in told
    assert "loses no more" not in told and "loses fewer" not in told


def test_another_users_mailbox_fails_whatever_was_lost() -> None:
    found = document(pairs(*B_BETTER), wrong=(1, 0))
    assert found.outcome == "fail"
    assert found.sentence.startswith("Behind A somebody saw another user's mailbox (1 answer).")
    assert found.a.wrong_mailbox == 1


def test_a_trial_that_was_broken_off_decides_nothing() -> None:
    found = document(pairs(*B_BETTER), broken_off="interrupted")
    assert (found.outcome, found.decided) == ("inconclusive", False)
    assert found.sentence == "The trial was broken off (interrupted): nothing is decided."


def test_the_losing_cells_are_named_and_no_chance_is_given_after_stopping() -> None:
    found = document(pairs(*B_BETTER))
    assert {cell.serving_front_end for cell in found.cells} == {OLD}
    assert all(cell.chance is None for cell in found.matrix)
    assert any(
        "begun at a 2016 node" in sentence and OLD in sentence for sentence in found.sentences
    )
    assert any("nobody changed node" in sentence for sentence in found.sentences)


def test_the_document_is_what_its_schema_says() -> None:
    written = json.loads(encode(document(pairs(*B_BETTER))))
    assert written["format"] == "exsim-ab/1"
    assert (written["decided"], written["pairs"], written["outcome"]) == (True, 6, "pass")
    fields = schema()["$defs"]["AbResults"]
    assert set(written) == set(fields["properties"]) >= set(fields["required"])


@pytest.mark.parametrize("tried", [pairs(*B_BETTER), pairs(*A_BETTER), pairs()])
def test_text_and_page_say_the_verdict_first(tried: Pairs) -> None:
    a, b = losing(), side("B", farm_sessions(one_way))
    found = document(tried, a, b)
    said = compare_ab.render(found, compared(a, b).pictures)
    assert f"\n {found.outcome.upper()}  " in said
    assert "may matter: line 3: x → y: why" in said
    assert all(len(line) <= 80 for line in said.splitlines())
    page = compare_ab.page(found, compared(a, b))
    assert f'<div class="word">{found.outcome.upper()}</div>' in page
    assert "How sure" not in page, (
        "intervals for a fixed number of sessions do not hold after stopping"
    )
