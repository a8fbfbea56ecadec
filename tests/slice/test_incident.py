"""The incident symptom by symptom, in memory: each observation with its cause and without it.

Falls if: an observation is not seen in a run of its scenario, or is seen in one that lacks the cause; a
scenario of the incident does not load, or a mechanism that is inferred does not say so; an observation
cannot be answered by no.
"""

from __future__ import annotations

import msgspec
import pytest

from exsim.conduct.incident import OBSERVATIONS, Errand, Observation, alike, errands, preset
from exsim.conduct.observations import Watched
from exsim.runs.scenario import Scenario
from exsim.session.records import Findings
from tests.rig.played import played

ERRANDS = errands()
VERSIONS = {"EXCH16-SYD-01": "2016", "EXCH16-SYD-02": "2016", "EXCH13": "2013"}
INFERRED = {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17}  # all but that a load is spread


def asked(scenario: Scenario, number: int) -> bool:
    return OBSERVATIONS[number - 1].question(played(scenario)[1]).yes


def title(errand: Errand) -> str:
    return " ".join(f"{one.name}{'' if present else '-'}" for one, present in errand.wanted)


@pytest.mark.parametrize("errand", ERRANDS, ids=title)
def test_each_is_seen_with_its_cause_and_not_without_it(errand: Errand) -> None:
    run = played(errand.scenario)[1]
    seen = {one.name: one.question(run) for one, _ in errand.wanted}
    assert {name: one.yes for name, one in seen.items()} == {
        one.name: present for one, present in errand.wanted
    }, seen


@pytest.mark.parametrize("observation", OBSERVATIONS, ids=lambda one: one.name)
def test_nothing_is_seen_where_nothing_ran(observation: Observation) -> None:
    assert not observation.question(Watched(Findings([], [], 0, 0, 0), [], VERSIONS)).yes


def test_there_are_seventeen_and_each_has_a_scenario_of_its_own() -> None:
    assert [one.number for one in OBSERVATIONS] == list(range(1, 18))
    titles = {one.scenario().title for one in OBSERVATIONS}
    assert len(titles) == 17
    assert {path.name for path in OBSERVATIONS[0].path.parent.glob("*.toml")} == {
        one.path.name for one in OBSERVATIONS
    }


def test_what_is_inferred_says_so() -> None:
    assert {one.number for one in OBSERVATIONS if one.scenario().assumed} == INFERRED
    assert all(
        one.scenario().assumed.endswith(".") for one in OBSERVATIONS if one.number in INFERRED
    )


def test_runs_that_differ_in_words_alone_are_one() -> None:
    wanted = [(one.number, present) for errand in ERRANDS for one, present in errand.wanted]
    assert sorted(wanted) == [(n, present) for n in range(1, 18) for present in (False, True)]
    assert len({alike(errand.scenario) for errand in ERRANDS}) == len(ERRANDS) == 17


@pytest.mark.parametrize("errand", ERRANDS, ids=title)
def test_what_is_without_a_cause_is_the_same_in_all_else(errand: Errand) -> None:
    for observation, present in errand.wanted:
        with_it = observation.scenario()
        if not present:
            assert alike(with_it) != alike(errand.scenario)
            assert with_it.seed == errand.scenario.seed
            assert [one.users for one in with_it.population] == [
                one.users for one in errand.scenario.population
            ]


# What the table cannot show: causes of another shape, and a contrast that is the point of an observation.


def test_a_fault_of_both_directions_loses_those_begun_at_2013_too() -> None:
    split = preset("cert_split")(OBSERVATIONS[5].scenario())
    assert not asked(split, 6)
    assert not asked(split, 3)


def test_the_next_logon_after_more_than_ten_seconds_holds() -> None:
    scenario = OBSERVATIONS[13].scenario()
    patient = tuple(
        msgspec.structs.replace(
            one, session=msgspec.structs.replace(one.session, relogin_after=12.0)
        )
        for one in scenario.population
    )
    assert not asked(msgspec.structs.replace(scenario, population=patient), 14)


def test_late_answers_alone_take_nothing_where_every_node_reads_every_logon() -> None:
    assert not asked(preset("late_wipe")(OBSERVATIONS[13].scenario()), 14)


def test_a_drained_node_is_not_green() -> None:
    run = played(preset("authcert_asymmetry", "drained@EXCH16-SYD-02")(OBSERVATIONS[9].scenario()))
    assert run[1].red == ["EXCH16-SYD-02"]
    assert not OBSERVATIONS[9].question(run[1]).yes


def test_other_addresses_change_no_answer_of_any_node() -> None:
    """The same seed with and without them: the same sessions, the same culprits, the same moments."""
    changed = OBSERVATIONS[10].scenario()
    assert changed.lab is not None
    nodes = tuple(msgspec.structs.replace(one, front_end=type(one.front_end)()) for one in changed.lab.nodes)  # fmt: skip
    usual = msgspec.structs.replace(changed, lab=msgspec.structs.replace(changed.lab, nodes=nodes))
    assert alike(usual) != alike(changed)
    fates = [
        [
            (one.id, one.state, one.login_front_end, one.incident and one.incident.front_end)
            for one in played(scenario)[0].findings.sessions
        ]
        for scenario in (changed, usual)
    ]
    assert fates[0] == fates[1]
