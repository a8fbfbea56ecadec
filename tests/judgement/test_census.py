"""Falls if: what the census counts is not the load's own, a node or an account is missing in it, or an account
that lost a session is counted as one that lost none."""

from __future__ import annotations

import pytest

from exsim.judgement.census import account_of, census, changed
from tests.judgement.build import OLD, A, B, facts, nothing, one_way, session


def test_only_the_loads_own_sessions_are_counted() -> None:
    sessions = [
        session(1, A, [A, OLD], A, one_way),
        session(2, A, [A, B], A),
        session(3, A, [], A),
        session(4, A, [OLD], A, one_way, forced=True, natural=False),
        session(5, A, [OLD], A, one_way, control=True, origin=OLD),
    ]
    found = census(sessions, facts())
    assert (found.sessions, found.lost, found.met, found.changed) == (3, 1, 2, 2)
    assert len(found.accounts) == 3


def test_a_control_is_counted_where_it_was_asked_directly() -> None:
    def control(number: int, origin: str | None, lost: bool = False) -> None:
        rule = one_way if lost else nothing
        sessions.append(session(number, A, [OLD], A, rule, control=True, origin=origin))

    sessions = [session(1, A, [A], A, origin=A)]  # asked of a node, and no control
    control(2, A)
    control(3, A, lost=True)
    control(4, OLD)
    control(5, None)  # through the balancer, as when accounts are checked
    assert census(sessions, facts()).controls == {A: [2, 1], OLD: [1, 0]}


def test_the_nodes_are_those_that_began_or_served_a_session() -> None:
    unknown = session(2, B, [B], A)
    unknown.login_front_end = None
    assert census([session(1, A, [OLD], A), unknown], facts()).nodes == {A, B, OLD}


@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_an_account_has_lost_one_whichever_of_its_sessions_it_was(order: tuple[bool, bool]) -> None:
    sessions = [
        session(i, A, [A, OLD], A, one_way if lost else nothing, account="a@x")
        for i, lost in enumerate(order)
    ]
    sessions.append(session(9, A, [A], A, account="b@x"))
    assert census(sessions, facts()).accounts == {"a@x": True, "b@x": False}


def test_where_no_account_is_known_the_user_stands_for_it() -> None:
    assert account_of(session(7, A, [A], A, account="")) == "user 7"
    assert account_of(session(7, A, [A], A, account="a@x")) == "a@x"


@pytest.mark.parametrize(
    ("login", "met", "natural", "expected"),
    [
        (A, [A], True, False),
        (A, [B], True, True),
        (A, [A, B], True, True),
        (A, [B], False, False),  # it was led there
        (None, [B], True, False),
        (None, [A, B], True, True),
        (A, [], True, False),
    ],
)
def test_a_session_changed_when_two_front_ends_had_it(
    login: str | None, met: list[str], natural: bool, expected: bool
) -> None:
    one = session(1, A, met, A, natural=natural)
    one.login_front_end = login
    assert changed(one) is expected
