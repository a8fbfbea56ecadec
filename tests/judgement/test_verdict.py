"""Falls if: something passes that should not: a run of nothing, a combination never met, a wrong mailbox; or
if one circumstance hides a graver one."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import pytest

from exsim.judgement.expectations import Expectations
from exsim.judgement.judge import judge
from exsim.judgement.verdict import JUDGES, VERDICTS, Verdict, outcome
from exsim.session.records import Findings
from tests.judgement.build import (
    OLD,
    A,
    B,
    control_sessions,
    facts,
    farm_sessions,
    finding,
    found,
    nothing,
    one_way,
    session,
    sticky_sessions,
)

HELD = Expectations(persistence="held")


def judged(findings: Findings, **changes: Any) -> Verdict:
    return judge(findings, facts(**changes)).verdict


def names(verdict: Verdict) -> set[str]:
    return {reason.name for reason in verdict.reasons}


def test_the_gravest_circumstance_decides_whatever_else_there_is() -> None:
    """All subsets of all circumstances, against the rule in other words."""
    subsets = chain.from_iterable(combinations(VERDICTS, n) for n in range(len(VERDICTS) + 1))
    for raised in subsets:
        outcomes = {VERDICTS[name] for name in raised}
        expected = "fail" if "fail" in outcomes else "inconclusive" if outcomes else "pass"
        assert outcome(raised) == expected, raised


def test_every_circumstance_is_judged_and_none_is_a_pass() -> None:
    assert list(JUDGES) == list(VERDICTS)
    assert set(VERDICTS.values()) == {"fail", "inconclusive"}


@pytest.mark.parametrize("expect", [Expectations(), HELD, Expectations(10**9, "held", 0, 1.0)])
def test_a_run_of_nothing_is_inconclusive(expect: Expectations) -> None:
    for sessions in ([], control_sessions(), [session(1, A, [], A)]):
        verdict = judged(found(sessions), expect=expect, nodes=())
        assert verdict.outcome == "inconclusive"
        assert "nothing_measured" in names(verdict)


def test_steered_sessions_alone_are_a_run_of_nothing() -> None:
    steered = [session(i, A, [OLD], A, one_way, forced=True) for i in range(30)]
    verdict = judged(found(steered))
    assert (verdict.outcome, verdict.masked) == ("inconclusive", False)


def test_losses_fail() -> None:
    verdict = judged(found(farm_sessions(one_way)))
    assert verdict.outcome == "fail"
    assert verdict.reasons[0].sentence == "40 of 60 sessions were lost; 0 are allowed."


@pytest.mark.parametrize(("allowed", "expected"), [(39, "fail"), (40, "pass")])
def test_as_many_losses_as_allowed_pass(allowed: int, expected: str) -> None:
    sessions = farm_sessions(one_way, 40)[:0] + farm_sessions(nothing, 20)
    sessions += [session(500 + i, A, [A, OLD], A, one_way) for i in range(40)]
    verdict = judged(found(sessions), expect=Expectations(max_lost_sessions=allowed))
    assert verdict.outcome == expected


def test_all_met_often_enough_and_nothing_lost_is_a_pass() -> None:
    verdict = judged(found(farm_sessions(nothing, 20)))
    assert (verdict.outcome, verdict.masked, verdict.reasons) == ("pass", False, ())


def test_a_combination_met_too_rarely_is_inconclusive() -> None:
    sessions = [
        s
        for s in farm_sessions(nothing, 20)
        if (s.login_front_end, s.back_end) != (OLD, A) or s.user % 7 == 0
    ]
    verdict = judged(found(sessions))
    assert verdict.outcome == "inconclusive"
    assert "3 of 18 combinations" in verdict.reasons[0].sentence


def test_a_node_that_nobody_met_is_inconclusive_under_either_persistence() -> None:
    for expect in (Expectations(), HELD):
        verdict = judged(found(sticky_sessions(nodes=[A])), expect=expect)
        assert verdict.outcome == "inconclusive"
        assert "node_never_met" in names(verdict)


def test_held_persistence_asks_for_no_combination_that_crosses() -> None:
    verdict = judged(found(sticky_sessions()), expect=HELD)
    assert (verdict.outcome, verdict.reasons) == ("pass", ())


def test_one_session_that_changes_front_end_breaks_held_persistence() -> None:
    sessions = [*sticky_sessions(), session(500, A, [A, B], A)]
    verdict = judged(found(sessions), expect=HELD)
    assert (verdict.outcome, names(verdict)) == ("fail", {"changed_front_end"})
    assert "1 of 61 sessions" in verdict.reasons[0].sentence
    assert judged(found(sessions)).outcome == "inconclusive"  # not prevented any more, and too few


def test_a_steered_change_does_not_break_held_persistence() -> None:
    steered = session(500, A, [OLD], A, nothing, forced=True, natural=False)
    verdict = judged(found([*sticky_sessions(), steered]), expect=HELD)
    assert verdict.outcome == "pass"


def test_held_persistence_needs_sessions_that_could_have_changed() -> None:
    sessions = [
        session(i, (A, B, OLD)[i % 3], [(A, B, OLD)[i % 3]], A, requests=3) for i in range(60)
    ]
    verdict = judged(found(sessions), expect=HELD)
    assert (verdict.outcome, names(verdict)) == ("inconclusive", {"too_few_telling"})


@pytest.mark.parametrize("expect", [Expectations(), HELD])
def test_a_pass_in_which_steered_sessions_die_is_masked(expect: Expectations) -> None:
    steered = [session(500 + i, A, [OLD], A, one_way, forced=True, natural=False) for i in range(3)]
    verdict = judged(found([*sticky_sessions(), *steered]), expect=expect)
    assert (verdict.outcome, verdict.masked) == ("pass", True)


def test_a_pass_in_which_steered_sessions_live_is_not_masked() -> None:
    steered = [session(500 + i, A, [OLD], A, nothing, forced=True, natural=False) for i in range(3)]
    assert not judged(found([*sticky_sessions(), *steered])).masked


def test_only_a_pass_can_be_masked() -> None:
    steered = [session(500 + i, A, [OLD], A, one_way, forced=True) for i in range(3)]
    verdict = judged(found([*sticky_sessions(), *steered]), interrupted=True, lasted=20)
    assert (verdict.outcome, verdict.masked) == ("inconclusive", False)


def test_a_wrong_mailbox_fails_a_run_that_lost_nobody() -> None:
    wrong = [finding("wrong_mailbox", front_end=A)]
    verdict = judged(found(farm_sessions(nothing, 20), wrong_mailbox=wrong))
    assert (verdict.outcome, names(verdict)) == ("fail", {"wrong_mailbox"})


@pytest.mark.parametrize(("unattributed", "expected"), [(20, "pass"), (21, "inconclusive")])
def test_too_many_answers_of_unknown_origin_are_inconclusive(
    unattributed: int, expected: str
) -> None:
    findings = found(
        farm_sessions(nothing, 20), attributed=1000 - unattributed, unattributed=unattributed
    )
    assert judged(findings).outcome == expected


@pytest.mark.parametrize(
    ("missing", "by_log", "expected"),
    [(20, 1000, "pass"), (21, 1000, "inconclusive"), (500, 20, "pass"), (500, 0, "pass")],
)
def test_answers_that_a_log_with_gaps_tells_of_count_as_not_known(
    missing: int, by_log: int, expected: str
) -> None:
    witnesses = {"lb_log": by_log, "header": 1000 - by_log}
    findings = found(farm_sessions(nothing, 20), attributed=1000, witnesses=witnesses)
    here = facts()
    assert here.balancer is not None
    verdict = judged(findings, balancer=replace(here.balancer, log_missing=missing))
    assert verdict.outcome == expected
    assert verdict.has("unattributed") == (expected != "pass")


@pytest.mark.parametrize(
    "changes",
    [
        {"interrupted": True},
        {"no_end": True},
        {"stopped": "2 accounts were refused"},
        {"unread_lines": 2},
        {"broken_parts": 1},
        {"absent": ("w1",)},
        {"cut_off": ("w0",)},
        {"crashed": "a flow raised KeyError"},
        {"lost_workers": ("Load process 2 of 2 (signal 9, Killed)",)},
    ],
)
def test_a_run_cut_short_never_passes_but_its_losses_count(changes: dict[str, Any]) -> None:
    assert judged(found(farm_sessions(nothing, 20)), **changes).outcome == "inconclusive"
    assert judged(found(farm_sessions(one_way)), **changes).outcome == "fail"


def test_one_torn_line_is_what_an_end_by_force_leaves() -> None:
    assert judged(found(farm_sessions(nothing, 20)), unread_lines=1).outcome == "pass"


def test_failures_are_told_before_doubts() -> None:
    verdict = judged(found(farm_sessions(one_way, 2)), interrupted=True)
    outcomes = [reason.outcome for reason in verdict.reasons]
    assert outcomes == sorted(outcomes)
    assert outcomes[0] == "fail"
    assert len(outcomes) > 1
