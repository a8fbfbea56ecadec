"""Falls if: something that is no loss loses a session, or something brings a lost one back."""

from __future__ import annotations

import pytest

from exsim.session.machine import IDENTIFIED, TRANSITIONS, State, after
from exsim.session.meaning import DEFINITE, SIGNS, Sign


@pytest.mark.parametrize("sign", list(Sign))
def test_a_live_session_is_lost_by_the_definite_signs_and_by_no_other(sign: Sign) -> None:
    by = [
        sign for table in (TRANSITIONS, IDENTIFIED) if after(State.LIVE, sign, table) is State.LOST
    ]
    assert len(by) == (sign in DEFINITE or sign is Sign.WRONG_MAILBOX)


@pytest.mark.parametrize("state", [State.LOST, State.ENDED, State.EXPIRED])
def test_what_is_over_stays_over(state: State) -> None:
    for table in (TRANSITIONS, IDENTIFIED):
        assert {after(state, sign, table) for sign in Sign} == {state}


def test_only_an_accepted_logon_makes_a_session() -> None:
    assert {s for s in Sign if after(State.ANONYMOUS, s) is not State.ANONYMOUS} == {Sign.ACCEPTED}


def test_nothing_in_the_table_is_without_effect() -> None:
    for table in (TRANSITIONS, IDENTIFIED):
        assert all(state is not new for (state, _), new in table.items())


def test_findings_lose_no_session() -> None:
    for sign, meaning in SIGNS.items():
        assert not (meaning.finding and meaning.definite), sign
