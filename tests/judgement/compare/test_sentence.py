"""Falls if: what one run alone met is told wrongly, a run is said to hide what it lost itself, or chance is told in
another number than it has.
"""

from __future__ import annotations

import pytest

from exsim.judgement.compare.comparison import compared
from tests.judgement.build import OLD, A, B, farm_sessions, nothing, one_way, session
from tests.judgement.compare.sides import losing, side, sticky


def at_its_own(login: str, serving: str, home: str) -> bool:
    return login == serving == OLD


OF_OLD = [session(n, OLD, [OLD], OLD, at_its_own) for n in range(8)]


@pytest.mark.parametrize(
    ("a", "b", "line"),
    [
        (
            farm_sessions(nothing),
            farm_sessions(
                nothing, nodes=(A, B)
            ),  # nobody met the third, and who might have did not
            "5 combinations were met in A only, 2 of them because the balancer never allowed them: "
            "nothing is known of them in B.",
        ),
        (
            OF_OLD,
            farm_sessions(one_way),
            "8 combinations were met in B only: nothing is known of them in A.",
        ),
        (
            [session(1, A, [A], OLD), session(2, B, [B], OLD)],
            [session(1, A, [A], OLD)],
            "1 combination was met in A only: nothing is known of it in B.",
        ),
    ],
)
def test_why_one_run_alone_met_a_combination_is_told_where_it_is_known(a, b, line) -> None:
    assert line in compared(side("A", a), side("B", b)).document.sentences


def test_combinations_that_lost_a_different_share_are_counted() -> None:
    """Eight accounts lost and none: the one combination that both runs met."""
    found = compared(side("A", OF_OLD), side("B", farm_sessions(one_way)))
    assert "1 combination met in both lost a different share." in found.document.sentences
    alike = compared(losing(), side("B", farm_sessions(one_way)))
    assert not any("different share" in one for one in alike.document.sentences)


def test_a_protocol_that_ran_in_one_run_only_is_compared_with_nothing() -> None:
    ews = [session(n, A, [A], OLD, protocol="ews") for n in range(1, 6)]
    for a, b, line in (
        ([*OF_OLD, *ews], OF_OLD, "EWS: only A has sessions (0 of 5 against 0 of 0 lost)."),
        (OF_OLD, [*OF_OLD, *ews], "EWS: only B has sessions (0 of 0 against 0 of 5 lost)."),
    ):
        assert line in compared(side("A", a), side("B", b)).document.sentences


@pytest.mark.parametrize(
    ("a", "b", "hides"),
    [
        ([session(1, A, [A], A)], farm_sessions(one_way), True),
        ([session(1, A, [A], A)], farm_sessions(nothing), False),  # nothing to be hidden
        (farm_sessions(nothing), farm_sessions(one_way), False),  # it did move them
        (OF_OLD, farm_sessions(one_way), False),
        ([], farm_sessions(one_way), False),
    ],
)
def test_who_moves_nobody_and_loses_nobody_may_hide_what_the_other_loses(a, b, hides) -> None:
    found = compared(side("A", a), side("B", b))
    assert any("Behind A nobody changed node" in one for one in found.places) is hides


@pytest.mark.parametrize(
    ("accounts", "told"), [(8, "in 8 of 1000"), (12, "in less than 1 of 1000")]
)
def test_how_likely_chance_is_is_told_in_comparisons(accounts: int, told: str) -> None:
    """All accounts lose in one run only: 2 of 2 ** accounts ways to swap them; 0.0078, 0.0005."""
    lost = [session(n, OLD, [OLD], OLD, at_its_own) for n in range(accounts)]
    kept = [session(n, OLD, [OLD], OLD) for n in range(accounts)]
    sentence = compared(side("A", lost), side("B", kept)).document.sentence
    assert f"Chance alone would do that {told} such comparisons" in sentence


def test_organisations_with_other_faults_are_both_told() -> None:
    told = compared(losing(), sticky(presets=())).document.simulated
    assert told.startswith("A: Simulated Exchange, preset authcert_asymmetry. ")
    assert " B: Simulated Exchange, preset healthy. " in told
    assert compared(losing(), sticky()).document.simulated.count("Simulated") == 1
