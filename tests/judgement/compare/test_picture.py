"""Falls if: sessions of one protocol are counted for another, homes that matter are put together, or a meeting that
the run steered counts as one that the balancer brought about.
"""

from __future__ import annotations

import pytest

from exsim.judgement.collapse import ANYWHERE
from exsim.judgement.compare.comparison import Compared, compared
from exsim.judgement.compare.picture import CellPair
from exsim.session.records import Session
from tests.judgement.build import (
    HOMES,
    OLD,
    A,
    B,
    farm_sessions,
    nothing,
    one_way,
    session,
    sticky_sessions,
)
from tests.judgement.compare.sides import side


def of_ews(sessions: list[Session]) -> list[Session]:
    for one in sessions:
        one.protocol, one.id = "ews", f"{one.user + 500}.1"
    return sessions


def only_old(login: str, serving: str, home: str) -> bool:
    return one_way(login, serving, home) and home == OLD


def cells_of(found: Compared) -> dict[tuple[str, str | None, str, str | None], CellPair]:
    return {
        (cell.protocol, cell.login_front_end, cell.serving_front_end, cell.mailbox_back_end): cell
        for cell in found.document.matrix
    }


def test_each_protocol_is_compared_by_itself() -> None:
    well = of_ews(farm_sessions(nothing))
    found = compared(
        side("A", [*farm_sessions(one_way), *well]), side("B", [*farm_sessions(nothing), *well])
    )
    told = [(one.protocol, one.a.lost, one.b.lost, one.more) for one in found.document.losses]
    assert told == [("owa", 40, 0, "a"), ("ews", 0, 0, "")]
    assert all((one.a.sessions, one.b.sessions) == (60, 60) for one in found.document.losses)
    assert found.document.sentence.startswith("OWA: A (roundrobin.cfg) loses more sessions than B")
    assert found.document.sentences[0].startswith("EWS: Neither lost a session: ")
    cells = cells_of(found)
    assert (cells["owa", A, OLD, None].a.lost, cells["ews", A, OLD, None].a.lost) == (20, 0)
    assert cells["owa", A, OLD, None].differs and cells["ews", A, OLD, None].chance == 1.0
    assert [(one.protocol, one.home) for one in found.pictures] == [("owa", ""), ("ews", "")]


def test_where_the_home_matters_each_home_is_a_picture_of_its_own() -> None:
    found = compared(side("A", farm_sessions(only_old)), side("B", farm_sessions(nothing)))
    cells = cells_of(found)
    lost, kept = cells["owa", A, OLD, OLD], cells["owa", A, OLD, A]
    assert (lost.a.lost, lost.a.sessions, lost.b.lost, lost.b.sessions) == (10, 10, 0, 10)
    assert (kept.a.lost, kept.a.sessions) == (0, 10)
    # ten accounts, all worse off: 2 of 2 ** 10 ways to swap them; 18 combinations were asked about
    assert lost.chance == pytest.approx(18 * 2 / 2**10) and kept.chance == 1.0
    assert {one.home for one in found.pictures} == set(HOMES)
    by_home = {one.home: one.cells[A, OLD].a.lost for one in found.pictures}
    assert by_home == {OLD: 10, A: 0}


def test_of_a_combination_that_one_run_did_not_meet_nothing_is_known() -> None:
    a = side("A", [session(1, A, [A, OLD], OLD), session(2, B, [B], OLD)])
    found = compared(a, side("B", [session(1, A, [A], OLD)]))
    cell = cells_of(found)["owa", B, B, None]
    assert (cell.b.sessions, cell.b.low, cell.b.high) == (0, 0.0, 1.0)
    assert cell.chance is None and not cell.differs


def test_a_picture_has_who_logged_on_in_rows_and_who_served_in_columns() -> None:
    sessions = of_ews([session(n, A, [A, B, OLD], OLD) for n in range(1, 9)])
    for one in sessions:
        one.login_front_end = None
    (picture,) = compared(side("A", sessions), side("B", sessions)).pictures
    assert (picture.rows, set(picture.columns)) == ((ANYWHERE,), {A, B, OLD})


def test_a_meeting_that_was_steered_is_not_met_by_itself() -> None:
    steered = [session(500 + n, A, [A, OLD], OLD, one_way, natural=False) for n in range(3)]
    found = compared(side("A", [*sticky_sessions(), *steered]), side("B", sticky_sessions()))
    assert {cell.only_in for cell in found.document.matrix} == {""}
    assert not any("A only" in sentence for sentence in found.document.sentences)
    assert cells_of(found)["owa", B, B, None].chance == 1.0
