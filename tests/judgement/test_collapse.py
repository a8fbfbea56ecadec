"""Falls if: a dimension that matters is taken out of the matrix, one that does not is left in, or what was
taken out is not said with its numbers."""

from __future__ import annotations

import pytest

from exsim.judgement.collapse import Pool, alike_in_all, collapse, home_matters, pool
from exsim.judgement.facts import Node
from exsim.session.records import Session
from tests.judgement.build import (
    HOMES,
    OLD,
    A,
    B,
    Rule,
    facts,
    farm_sessions,
    matrix,
    nothing,
    one_way,
    session,
)

BIG = (*(Node(f"EXCH16-0{i}", "2016") for i in range(1, 5)), Node(OLD, "2013"))
NAMES = [node.name for node in BIG]


def test_a_home_that_makes_no_difference_is_taken_out_and_said_with_the_losing_numbers() -> None:
    (view,) = collapse(matrix(farm_sessions(one_way), facts()), facts())
    assert len(view.tables) == 1
    assert view.tables[0].cells[A, OLD] == Pool(20, 20, "lost")
    assert view.sentences == (
        "Where the mailbox lives made no difference (2013: 20/20, 2016: 20/20).",
    )
    assert (view.lost, view.any_home) == (40, True)


def test_a_home_that_makes_a_difference_keeps_a_table_of_its_own() -> None:
    cells = matrix(farm_sessions(lambda a, b, home: one_way(a, b, home) and home == OLD), facts())
    assert home_matters(cells)
    (view,) = collapse(cells, facts())
    assert {table.home for table in view.tables} == set(HOMES)
    assert "makes a difference" in view.sentences[0]
    assert (view.lost > 0, view.any_home) == (True, False)


def unknown(number: int, rule: Rule = one_way) -> Session:
    """A session of which nobody knows where its mailbox lives."""
    one = session(number, A, [A, OLD], OLD, rule, account=f"stranger{number}")
    one.back_end = None
    return one


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        ([unknown(n) for n in range(1, 8)], "Where the mailboxes live is not known."),
        (
            [
                *(session(n, A, [A, OLD], OLD, one_way) for n in range(9)),
                *map(unknown, range(9, 18)),
            ],
            "Of the mailboxes only 2013 is known as a home (2013: 9/9, unknown: 9/9).",
        ),
        (  # who is lost at once has no home that an answer had named
            [
                *(session(n, A, [A, OLD], OLD, nothing) for n in range(20)),
                *map(unknown, range(20, 40)),
                unknown(40, nothing),
            ],
            "Of the mailboxes only 2013 is known as a home (2013: 0/20, unknown: 20/21).",
        ),
        (
            [
                *(session(n, A, [A, OLD], OLD, one_way) for n in range(9)),
                *(session(n, A, [A, B], A, one_way) for n in range(9, 18)),
            ],
            "Where sessions were lost all mailboxes were on 2013; no other home was measured there.",
        ),
    ],
)
def test_a_home_that_is_not_known_or_was_elsewhere_shows_nothing(
    sessions: list[Session], said: str
) -> None:
    (view,) = collapse(matrix(sessions, facts()), facts())
    assert (view.sentences, view.any_home, len(view.tables)) == ((said,), False, 1)


def test_homes_that_met_nobody_in_common_are_not_compared() -> None:
    sessions = [session(1, A, [A], A), session(2, B, [B], OLD)]
    assert not home_matters(matrix(sessions, facts()))


def test_who_logs_on_nowhere_is_shown_as_begun_at_any_node() -> None:
    ews = {"protocol": "ews"}
    sessions = [session(n, A, [A, OLD], OLD, nothing, **ews) for n in range(1, 5)]
    for one in sessions:
        one.login_front_end = None
    (view,) = collapse(matrix(sessions, facts()), facts())
    assert view.tables[0].rows == ("any node",)


def test_too_few_meetings_are_not_called_no_difference() -> None:
    sessions = [session(1, A, [A, OLD], OLD, one_way), session(2, A, [A, OLD], A, nothing)]
    (view,) = collapse(matrix(sessions, facts()), facts())
    assert view.sentences == (
        "Too few meetings to tell whether it matters where the mailbox lives (2013: 1/1, 2016: 0/1).",
    )
    assert view.lost and not view.any_home


@pytest.mark.parametrize(
    ("counts", "alike"),
    [
        ([(9, 10), (9, 10)], True),
        ([(5, 5), (5, 5)], True),
        ([(4, 4), (5, 5)], False),  # all of four: perhaps half of all
        ([(2, 2), (2, 2)], False),
        ([(30, 30), (1, 1)], False),
        ([(0, 1), (0, 30)], False),
        ([(20, 100), (42, 100)], False),  # seen apart
        ([(20, 100), (38, 100), (30, 100)], True),
    ],
)
def test_shares_are_alike_where_so_many_would_have_shown_a_difference(
    counts: list[tuple[int, int]], alike: bool
) -> None:
    assert alike_in_all(counts) is alike


def test_a_home_that_lost_as_few_as_the_other_is_not_shown_to_lose_as_many() -> None:
    (view,) = collapse(matrix(farm_sessions(nothing), facts()), facts())
    assert "made no difference" in view.sentences[0]
    assert (view.lost, view.any_home) == (0, False)


def test_one_home_alone_proves_nothing_about_homes() -> None:
    (view,) = collapse(matrix(farm_sessions(one_way, homes=[OLD]), facts()), facts())
    assert view.sentences == ("All mailboxes were on 2013; no other home was measured.",)
    assert view.lost and not view.any_home


def test_nodes_of_one_version_stay_apart_on_a_small_farm() -> None:
    (view,) = collapse(matrix(farm_sessions(one_way), facts()), facts())
    assert len(view.tables[0].rows) == 3


def test_nodes_that_behave_alike_are_one_on_a_large_farm() -> None:
    here = facts(nodes=BIG)
    (view,) = collapse(matrix(farm_sessions(one_way, 20, NAMES), here), here)
    assert view.tables[0].rows == ("2016 (4 nodes)", OLD)
    assert "made no difference and are shown as one" in view.sentences[-1]


def test_a_bad_node_is_not_hidden_among_its_like() -> None:
    here = facts(nodes=BIG)
    sessions = farm_sessions(lambda a, b, h: b == NAMES[2], 20, NAMES)
    (view,) = collapse(matrix(sessions, here), here)
    assert len(view.tables[0].rows) == 5


def test_a_node_whose_logons_are_bad_is_not_hidden_among_its_like() -> None:
    here = facts(nodes=BIG)
    sessions = farm_sessions(lambda a, b, h: a == NAMES[2], 20, NAMES)
    (view,) = collapse(matrix(sessions, here), here)
    assert len(view.tables[0].rows) == 5


def test_nodes_that_read_only_their_own_cookies_are_not_one() -> None:
    here = facts(nodes=BIG)
    (view,) = collapse(matrix(farm_sessions(lambda a, b, h: a != b, 20, NAMES), here), here)
    assert len(view.tables[0].rows) == 5


def test_a_pool_is_prevented_only_when_all_of_it_was() -> None:
    cells = matrix([session(i, A, [A], A) for i in range(10)], facts())
    barred = [c for c in cells if c.state == "prevented"]
    unmet = [c for c in cells if c.state == "not_exercised"]
    assert pool(barred, 10).state == "prevented"
    assert pool([*barred, *unmet], 10).state == "not_exercised"
    assert pool([], 10).state == "not_exercised"
