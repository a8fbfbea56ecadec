"""Falls if: something that is no loss loses a session, or something brings a lost one back."""

from __future__ import annotations

import pytest

from exsim.session.machine import TRANSITIONS, State, after
from exsim.session.meaning import DEFINITE, SIGNS, Sign


@pytest.mark.parametrize("sign", list(Sign))
def test_a_live_session_is_lost_by_the_definite_signs_and_by_no_other(sign: Sign) -> None:
    assert (after(State.LIVE, sign) is State.LOST) == (sign in DEFINITE)


@pytest.mark.parametrize("state", [State.LOST, State.ENDED, State.EXPIRED])
def test_what_is_over_stays_over(state: State) -> None:
    assert {after(state, sign) for sign in Sign} == {state}


def test_only_an_accepted_logon_makes_a_session() -> None:
    assert {s for s in Sign if after(State.ANONYMOUS, s) is not State.ANONYMOUS} == {Sign.ACCEPTED}


def test_nothing_in_the_table_is_without_effect() -> None:
    assert all(state is not new for (state, _), new in TRANSITIONS.items())


def test_findings_lose_no_session() -> None:
    for sign, meaning in SIGNS.items():
        assert not (meaning.finding and meaning.definite), sign
