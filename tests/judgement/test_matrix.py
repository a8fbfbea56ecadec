"""Falls if: a session is counted twice, in the wrong combination, or a combination is given a state it has
not earned: prevented without enough sessions to tell, kept without having been met."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.expectations import Expectations, telling
from exsim.judgement.facts import Node
from exsim.judgement.matrix import (
    STATES,
    Cell,
    front_ends,
    lost_by_itself,
    state,
)
from exsim.session.records import Meeting
from tests.judgement.build import (
    FARM,
    OLD,
    A,
    B,
    control_sessions,
    facts,
    farm_sessions,
    matrix,
    nothing,
    one_way,
    session,
    steered_matrix,
    sticky_sessions,
)


def at(cells: list[Cell], login: str | None, serving: str, home: str | None) -> Cell:
    return next(
        c
        for c in cells
        if (c.login_front_end, c.serving_front_end, c.mailbox_back_end) == (login, serving, home)
    )


def test_every_combination_of_nodes_and_homes_is_a_cell() -> None:
    cells = matrix([session(1, A, [A], A), session(2, A, [A], OLD)], facts())
    places = {(c.login_front_end, c.serving_front_end, c.mailbox_back_end) for c in cells}
    names = [node.name for node in FARM]
    assert places == {(x, y, z) for x in names for y in names for z in (A, OLD)}


def test_a_session_counts_once_in_each_combination_that_it_met() -> None:
    cells = matrix([session(1, A, [A, B, OLD], A, one_way)], facts())
    assert [at(cells, A, node, A).sessions for node in (A, B, OLD)] == [1, 1, 1]
    assert [at(cells, A, node, A).lost for node in (A, B, OLD)] == [0, 0, 1]
    assert sum(cell.sessions for cell in cells) == 3


def test_control_sessions_count_nowhere() -> None:
    assert matrix(control_sessions(), facts()) == []
    cells = matrix([session(1, A, [A], A), *control_sessions()], facts())
    assert sum(cell.sessions for cell in cells) == 1


def test_steered_meetings_stand_apart() -> None:
    steered = session(1, A, [OLD], A, one_way, forced=True)
    half = session(2, A, [A], A)
    half.meetings.append(Meeting(OLD, 20.0, 9, lost=True, natural=False))
    half.state = "lost"
    cells, apart = matrix([steered, half], facts()), steered_matrix([steered, half], facts())
    assert sum(c.lost for c in cells) == 0
    assert [(c.serving_front_end, c.sessions, c.lost) for c in apart] == [(OLD, 2, 2)]
    assert not lost_by_itself(steered)
    assert not lost_by_itself(half)
    assert not lost_by_itself(session(3, A, [OLD], A, one_way, control=True))
    assert lost_by_itself(session(4, A, [OLD], A, one_way))


@pytest.mark.parametrize(
    ("sessions", "lost", "barred", "expected"),
    [
        (10, 1, False, "lost"), (1, 1, True, "lost"), (10, 0, False, "kept"), (9, 0, False, "too_few"),
        (9, 0, True, "too_few"), (0, 0, True, "prevented"), (0, 0, False, "not_exercised"),
    ],
)  # fmt: skip
def test_the_state_of_a_combination(sessions: int, lost: int, barred: bool, expected: str) -> None:
    assert state(sessions, lost, 10, barred) == expected
    assert expected in STATES


@pytest.mark.parametrize(
    ("changes", "opened", "expected"),
    [
        ({}, 6, "prevented"),
        ({"requests": 9}, 6, "not_exercised"),
        ({"connections": 1}, 6, "not_exercised"),
        ({"connections": 1}, 1, "prevented"),  # all that this client opens
    ],
)
def test_prevented_takes_sessions_that_would_have_met_it(
    changes: dict[str, Any], opened: int, expected: str
) -> None:
    sessions = [session(i, A, [A], A, **changes) for i in range(10)]
    assert at(matrix(sessions, facts(connections=opened)), A, OLD, A).state == expected


def test_prevented_takes_enough_sessions_with_that_login_front_end() -> None:
    sessions = [session(i, A, [A], A) for i in range(9)]
    assert at(matrix(sessions, facts()), A, OLD, A).state == "not_exercised"
    sessions += [session(20 + i, OLD, [OLD], A) for i in range(10)]
    cells = matrix(sessions, facts())
    assert at(cells, A, OLD, A).state == "not_exercised"
    assert at(cells, OLD, A, A).state == "prevented"
    assert at(cells, B, A, A).state == "not_exercised"  # nobody ever began there


def test_one_meeting_anywhere_shows_that_the_pair_is_not_prevented() -> None:
    sessions = [session(i, A, [A], A) for i in range(10)]
    sessions.append(session(11, A, [A, OLD], OLD))
    cells = matrix(sessions, facts())
    assert at(cells, A, OLD, A).state == "not_exercised"
    assert at(cells, A, OLD, OLD).state == "too_few"


def test_no_minimum_does_not_make_nothing_enough() -> None:
    expect = Expectations(min_sessions_per_combination=0)
    cells = matrix([session(1, A, [A], A, requests=1)], facts(expect=expect))
    assert at(cells, A, OLD, A).state == "not_exercised"
    assert at(cells, A, A, A).state == "kept"


@pytest.mark.parametrize(
    ("back_end", "home", "claimed", "expected"),
    [
        (A, "2013", OLD, A),  # what was seen beats every claim
        (None, "2013", None, OLD),  # the one node of that version
        (None, "2016", None, None),  # two nodes of that version: not known
        (None, "2016", B, B),
        (None, "", None, None),
    ],
)
def test_the_home_is_what_was_seen_or_else_what_is_claimed(
    back_end: str | None, home: str, claimed: str | None, expected: str | None
) -> None:
    one = session(1, A, [A], "", account="u")
    one.back_end, one.home = back_end, home
    cells = matrix([one], facts(homes={"u": claimed} if claimed else {}))
    assert at(cells, A, A, expected).sessions == 1


def test_a_farm_may_have_more_nodes_of_a_version_than_a_run_was_told_of() -> None:
    one = session(1, A, [A], "", account="u")
    one.back_end, one.home = None, "2013"
    assert at(matrix([one], facts(rig="target")), A, A, None).sessions == 1


def test_another_session_of_the_account_tells_the_home() -> None:
    lost = session(1, A, [A, OLD], "", one_way, account="u")
    lost.back_end = None
    other = session(2, A, [A], B, account="u")
    for sessions in ([lost, other], [other, lost]):
        assert at(matrix(sessions, facts()), A, OLD, B).lost == 1


def test_a_node_whose_version_nobody_said_is_no_home_of_an_account_without_one() -> None:
    one = session(1, A, [A], "", account="u")
    one.back_end, one.home = None, ""
    cells = matrix([one], facts(nodes=(Node(A, ""), Node(B, "2016"))))
    assert {cell.mailbox_back_end for cell in cells} == {None}


def test_a_home_that_is_no_front_end_has_its_cells() -> None:
    cells = matrix([session(1, A, [A], "MBX-09"), session(2, A, [A], A)], facts())
    assert at(cells, A, A, "MBX-09").sessions == 1
    assert at(cells, B, OLD, "MBX-09").state == "not_exercised"


def test_who_was_logged_on_elsewhere_has_no_login_front_end() -> None:
    one = session(1, A, [A, B], A)
    one.login_front_end = None
    assert {cell.login_front_end for cell in matrix([one], facts(brought=True))} == {None}
    assert {cell.login_front_end for cell in matrix([one], facts())} == {A, B, OLD, None}
    outlook = session(2, A, [A, B], A, protocol="mapi_http")  # signs in by itself all the same
    cells = matrix([outlook], facts(brought=True))
    assert {cell.login_front_end for cell in cells} == {A, B, OLD}


def test_the_nodes_are_the_scenarios_and_then_those_that_began_or_served() -> None:
    met = session(1, "EXCH19", [A, "EXCH22"], A)
    assert front_ends([met], facts()) == [A, B, OLD, "EXCH19", "EXCH22"]


def test_a_protocol_without_logon_has_no_login_front_end() -> None:
    one = session(1, A, [A, B], A, protocol="ews")
    one.login_front_end = None
    cells = matrix([one], facts())
    assert {cell.login_front_end for cell in cells} == {None}
    assert len(cells) == 3


def test_a_session_whose_login_front_end_is_unknown_is_not_dropped() -> None:
    one = session(1, A, [OLD], A)
    one.login_front_end = None
    cells = matrix([one, *farm_sessions(nothing, 1)], facts())
    assert at(cells, None, OLD, A).sessions == 1


def test_a_node_that_the_scenario_does_not_name_is_a_node() -> None:
    cells = matrix([session(1, "EXCH19", ["EXCH19"], A)], facts())
    assert {cell.serving_front_end for cell in cells} == {A, B, OLD, "EXCH19"}


def test_a_sticky_balancer_prevents_all_that_cross() -> None:
    cells = matrix(sticky_sessions(), facts())
    crossing = {c.state for c in cells if c.login_front_end != c.serving_front_end}
    assert crossing == {"prevented"}
    assert {c.state for c in cells if c.login_front_end == c.serving_front_end} == {"kept"}


@pytest.mark.parametrize(
    ("requests", "connections", "opened", "expected"),
    [(10, 2, 6, True), (9, 2, 6, False), (10, 1, 6, False), (10, 1, 1, True), (10, 1, 0, True)],
)
def test_which_sessions_can_tell(
    requests: int, connections: int, opened: int, expected: bool
) -> None:
    assert telling(requests, connections, opened) is expected


def test_steered_combinations_stand_in_the_order_of_the_nodes() -> None:
    steered = [
        session(i, x, [y], A, forced=True) for i, (x, y) in enumerate([(OLD, A), (A, OLD), (A, B)])
    ]
    cells = steered_matrix(steered, facts())
    assert [(c.login_front_end, c.serving_front_end) for c in cells] == [(A, B), (A, OLD), (OLD, A)]
