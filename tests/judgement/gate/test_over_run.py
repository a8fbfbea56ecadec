"""Falls if: a gate is green though something it asks for was not shown: the run's own verdict, a criterion, the
HAProxy that was wanted, a change that may matter, the run's end, the baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exsim.judgement.expectations import Expectations
from exsim.judgement.gate.baseline import differing, points
from exsim.judgement.gate.document import Change, Gate
from exsim.judgement.gate.over_run import Circumstances, is_version, over_run
from exsim.judgement.judge import Judgement, judge
from exsim.runs.sections import LatencyLimit, LostLimit
from exsim.session.records import Session
from tests.judgement.build import (
    FARM,
    OLD,
    A,
    facts,
    farm_sessions,
    finding,
    found,
    nothing,
    one_way,
    session,
)

KEPT = farm_sessions(nothing, 20)
WEIGHTY = Change("h.cfg", 40, "peer lb2 10.0.0.2:1024", "", "may matter", "there are no peers")
HARMLESS = Change("h.cfg", 12, "bind :443", "bind 127.0.0.1:1", "harmless", "an address")


def judged(sessions: list[Session] | None = None, **changes: Any) -> Judgement:
    return judge(found(KEPT if sessions is None else sessions), facts(**changes))


def gate(known: Circumstances | None = None, **changes: Any) -> Gate:
    return over_run(judged(**changes), known or Circumstances())


def outcomes(document: Gate) -> dict[str, str]:
    return {one.key: one.outcome for one in document.criteria}


def test_a_run_in_which_all_was_shown_is_green() -> None:
    document = gate(Circumstances(changes=[HARMLESS], wanted="2.8", ran="2.8.25-5cf5d0683"))
    assert document.outcome == "pass"
    assert outcomes(document) == {"run": "pass", "lab.haproxy": "pass"}
    assert document.sentence == "All 2 criteria hold."


CUT_SHORT = [
    {"sessions": []},
    {"interrupted": True},
    {"stopped": "2 accounts were refused"},
    {"crashed": "the load ended with 70: OSError: [Errno 28] No space left on device"},
    {"unread_lines": 7},
    {"expect": Expectations(lost=(LostLimit(max=0.5, protocol="ews"),))},
    {"expect": Expectations(lost=(LostLimit(max=0.5, login="2019"),))},
    {"expect": Expectations(lost=(LostLimit(max=0.001),))},
    {"nodes": (*FARM, replace(FARM[0], name="EXCH19"))},
]


@pytest.mark.parametrize("changes", CUT_SHORT, ids=lambda changes: ", ".join(changes))
def test_what_was_not_measured_is_never_green(changes: dict[str, Any]) -> None:
    assert gate(**changes).outcome == "inconclusive"


def test_a_run_whose_end_nobody_wrote_is_not_green() -> None:
    document = gate(Circumstances(ended=False))
    assert (document.outcome, outcomes(document)["run.ended"]) == ("inconclusive", "inconclusive")


def test_a_latency_limit_without_answers_is_not_green() -> None:
    limits = (LatencyLimit(step="poll", quantile=0.9, max=1.0),)
    from exsim.judgement.gate.pace import Paces

    judgement = judge(found(KEPT), facts(expect=Expectations(latency=limits)), paces=Paces(limits).paces)  # fmt: skip
    assert over_run(judgement, Circumstances()).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("identity", "wrong", "expected"),
    [
        ({"own": 5, "silent": 5}, 0, "pass"),
        ({"silent": 10}, 0, "inconclusive"),
        ({"own": 5, "other": 1}, 1, "fail"),
    ],
)
def test_whose_mailbox_it_was_must_have_been_said(
    identity: dict[str, int], wrong: int, expected: str
) -> None:
    answers = found(KEPT, identity=identity, wrong_mailbox=[finding("wrong_mailbox")] * wrong)
    judgement = judge(answers, facts(expect=Expectations(wrong_mailbox=0)))
    document = over_run(judgement, Circumstances())
    assert (document.outcome, outcomes(document)["expect.wrong_mailbox"]) == (expected, expected)


def test_a_failed_criterion_fails_and_the_run_itself_says_so_too() -> None:
    expect = Expectations(max_lost_sessions=10**6, lost=(LostLimit(max=0.01, login="2016"),))
    judgement = judged(farm_sessions(one_way, 20), expect=expect)
    document = over_run(judgement, Circumstances())
    assert outcomes(document) == {"run": "pass", "expect.lost[0]": "fail"}
    assert (document.outcome, judgement.results.outcome) == ("fail", "fail")
    assert "begun at 2016: at most 1 % lost: fail." in judgement.statement.text


def test_an_undecided_criterion_makes_the_run_inconclusive_too() -> None:
    judgement = judged(expect=Expectations(lost=(LostLimit(max=0.001),)))
    assert judgement.results.outcome == "inconclusive"
    assert "It takes 2995 sessions" in judgement.statement.text


@pytest.mark.parametrize(
    ("ran", "wanted", "right"),
    [
        ("2.8.25-5cf5d0683", "2.8", True),
        ("2.8.25-5cf5d0683", "2.8.25", True),
        ("2.8.25", "2", True),
        ("2.8.25", "2.8.2", False),
        ("2.80.1", "2.8", False),
        ("", "2.8", False),
    ],
)
def test_the_version_that_was_wanted_is_what_ran(ran: str, wanted: str, right: bool) -> None:
    assert is_version(ran, wanted) is right
    document = gate(Circumstances(wanted=wanted, ran=ran))
    assert (document.outcome == "pass") is right


def test_a_change_that_may_matter_makes_green_impossible_until_its_line_is_accepted() -> None:
    document = gate(Circumstances(changes=[HARMLESS, WEIGHTY]))
    assert document.outcome == "inconclusive"
    (remark,) = document.annotations
    assert (remark.level, remark.file, remark.line) == ("warning", "h.cfg", 40)
    accepted = Change(**{name: getattr(WEIGHTY, name) for name in ("file", "line", "before", "after", "kind", "why")}, accepted=True)  # fmt: skip
    assert gate(Circumstances(changes=[accepted])).outcome == "pass"


def test_losses_are_annotated_at_the_line_that_spread_them() -> None:
    judgement = judged(farm_sessions(one_way, 20))
    document = over_run(judgement, Circumstances(place=("h.cfg", 140)))
    (remark,) = document.annotations
    assert (remark.level, remark.file, remark.line) == ("error", "h.cfg", 140)
    assert "80 of 120 sessions were lost" in remark.message
    assert gate(Circumstances(place=("h.cfg", 140))).annotations == []


# The baseline.


def against(now: list[Session], base: list[Session], **changes: Any) -> Gate:
    return over_run(judged(now, **changes), Circumstances(), judged(base), "reports/base")


def test_as_good_as_a_baseline_of_enough_sessions_is_green() -> None:
    document = against(KEPT, KEPT)
    assert (document.outcome, document.baseline) == ("pass", "reports/base")
    assert outcomes(document) == {"run": "pass", "baseline[0]": "pass", "baseline.met": "pass"}


def test_a_baseline_of_few_sessions_shows_nothing() -> None:
    few = farm_sessions(nothing, 2)
    assert outcomes(against(KEPT, few))["baseline[0]"] == "pass"  # the bound is on this run's share
    assert outcomes(against(few, KEPT))["baseline[0]"] == "inconclusive"
    assert outcomes(against(KEPT, []))["baseline[0]"] == "inconclusive"


def test_worse_than_the_baseline_fails_even_within_what_the_scenario_allows() -> None:
    allowing = Expectations(max_lost_sessions=10**6)
    document = against(farm_sessions(one_way, 20), KEPT, expect=allowing)
    assert outcomes(document)["run"] == "pass"
    assert (document.outcome, outcomes(document)["baseline[0]"]) == ("fail", "fail")


def test_all_lost_against_none_is_told_in_whole_points() -> None:
    lost = [session(number, A, [A, OLD], OLD, one_way) for number in range(1, 41)]
    kept = [session(number, A, [A, OLD], OLD, nothing) for number in range(1, 41)]
    (found,) = (one for one in against(lost, kept).criteria if one.key == "baseline[0]")
    assert found.outcome == "fail"
    assert found.sentence == (
        "40 of 40 sessions lost (40 of 40 accounts), in the baseline 0 of 40 (0 of 40): between +90 and "
        "+100 points."
    )


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (1.0, "+100"),
        (-0.996, "-100"),
        (0.1234, "+12"),
        (-0.0494, "-4.9"),
        (0.004, "+0.4"),
        (0.0, "+0"),
    ],
)
def test_a_difference_is_told_in_points_of_a_hundred(share: float, told: str) -> None:
    assert points(share) == told


def accounts(count: int, each: int, bad: int = 0) -> list[Session]:
    """So many accounts with `each` sessions; the first `bad` lose every one."""
    return [
        session(
            user * each + i,
            A,
            [A, OLD],
            OLD,
            one_way if user < bad else nothing,
            account=f"u{user}@example.com",
        )
        for user in range(count)
        for i in range(each)
    ]


@pytest.mark.parametrize(
    ("now", "base", "expected"),
    [  # (accounts, sessions of each, accounts that lose them all)
        ((10, 30, 3), (10, 30, 0), "inconclusive"),  # 90 of 300 sessions, and no more than 3 accounts
        ((300, 1, 90), (300, 1, 0), "fail"),  # as many, each of an account of its own
        ((2, 30, 2), (2, 30, 0), "inconclusive"),
        ((2, 30, 0), (2, 30, 0), "inconclusive"),
        ((1, 300, 1), (1, 300, 0), "inconclusive"),
        ((12, 25, 0), (12, 25, 0), "pass"),
        ((12, 25, 12), (12, 25, 0), "fail"),
    ],
)  # fmt: skip
def test_a_baseline_is_compared_by_accounts_and_not_by_how_often_each_came(
    now: tuple[int, int, int], base: tuple[int, int, int], expected: str
) -> None:
    document = against(accounts(*now), accounts(*base))
    assert outcomes(document)["baseline[0]"] == expected


def test_why_so_many_sessions_decide_nothing_is_said() -> None:
    document = against(accounts(10, 30, 3), accounts(10, 30))
    (found,) = (one for one in document.criteria if one.key == "baseline[0]")
    assert found.sentence == (
        "90 of 300 sessions lost (3 of 10 accounts), in the baseline 0 of 300 (0 of 10): between -10 and "
        "+66 points. Sessions of one account are alike: these count as 7.29 and 7.7. It takes more "
        "accounts, or more sessions of each."
    )


def test_no_better_than_a_bad_baseline_is_no_worse() -> None:
    bad = farm_sessions(one_way, 200)
    document = against(bad, bad, expect=Expectations(max_lost_sessions=10**6))
    assert outcomes(document)["baseline[0]"] == "pass"


def test_what_only_the_baseline_met_is_not_green() -> None:
    narrow = [one for one in KEPT if one.login_front_end != OLD]
    narrow += [session(900 + i, OLD, [OLD], A, requests=1) for i in range(20)]
    document = against(narrow, KEPT, expect=Expectations(min_sessions_per_combination=0))
    assert outcomes(document)["baseline.met"] == "inconclusive"


def test_a_baseline_that_was_cut_short_is_none() -> None:
    base = judged(KEPT, interrupted=True)
    document = over_run(judged(), Circumstances(), base, "x")
    assert outcomes(document)["baseline.ended"] == "inconclusive"


def test_runs_of_different_topologies_are_told_apart_by_their_keys() -> None:
    assert differing(facts(), facts()) == []
    (nodes,) = differing(facts(), facts(nodes=FARM[:2]))
    assert nodes.startswith("nodes: ") and "EXCH13 (2013)" in nodes
    unknown = tuple(replace(node, version="") for node in FARM)
    assert differing(facts(), facts(nodes=unknown)) == [], (
        "a version that one run did not know differs from none"
    )
    assert differing(facts(), facts(nodes=unknown[:2]))
    assert differing(facts(), facts(presets=()))[0].startswith("preset: authcert_asymmetry")
    assert [text.partition(":")[0] for text in differing(facts(), facts(rig="target"))] == [
        "rig",
        "preset",
    ]
