"""Falls if: a refused account is tried again, two first attempts are out at once, a copy is shown before its
account was logged on again after a loss, silence is taken for a success, or one account pays for another.
"""

from __future__ import annotations

import pytest

from exsim.session.attempts import (
    MOST,
    Attempt,
    Attempts,
    Leave,
    Outcome,
    outcome_of,
    refuses_password,
)
from exsim.session.hop import Hop
from tests.session.test_signs import BE, FE, FORM, LOGON, OWA, SET, hop

A, B = "user01@example.com", "user02@example.com"
FORM_, REPLAY, BASIC, NTLM = Attempt.FORM, Attempt.REPLAY, Attempt.BASIC, Attempt.NTLM
GO, WAIT, NEVER = Leave.GO, Leave.WAIT, Leave.NEVER
CONFIRMED, REFUSED, UNTRIED, UNKNOWN = Outcome
LOST = "lost"
Step = tuple[str, Attempt, Leave] | tuple[str, Attempt, Outcome] | tuple[str, str]

# What happens, in order: an attempt and what it is told, what came of one, or a session that was lost.
ROWS: dict[str, list[Step]] = {
    "before the first success one is out at a time": [
        (A, BASIC, GO), (A, BASIC, WAIT), (A, FORM_, WAIT), (A, BASIC, CONFIRMED), (A, BASIC, GO), (A, BASIC, GO),
    ],
    "another account's attempts are its own": [(A, BASIC, GO), (B, BASIC, GO), (A, BASIC, REFUSED), (B, BASIC, CONFIRMED), (B, FORM_, GO)],
    "a refused account is never asked again": [(A, FORM_, GO), (A, FORM_, REFUSED), (A, FORM_, NEVER), (A, BASIC, NEVER), (A, REPLAY, NEVER)],
    "also when others of it are on their way and succeed": [
        (A, BASIC, GO), (A, BASIC, CONFIRMED), (A, BASIC, GO), (A, BASIC, GO),
        (A, BASIC, REFUSED), (A, BASIC, CONFIRMED), (A, BASIC, NEVER),
    ],
    "the case of an address does not matter": [(A, FORM_, GO), (A.upper(), FORM_, REFUSED), (A.title(), FORM_, NEVER)],
    "after silence the next is still alone": [(A, FORM_, GO), (A, FORM_, UNKNOWN), (A, FORM_, GO), (A, FORM_, WAIT)],
    "so many without an answer, and it rests": [*[(A, BASIC, one) for _ in range(MOST) for one in (GO, UNKNOWN)], (A, BASIC, NEVER)],
    "a success wipes the slate": [
        *[(A, BASIC, one) for _ in range(MOST - 1) for one in (GO, UNKNOWN)],
        (A, BASIC, GO), (A, BASIC, CONFIRMED), *[(A, BASIC, GO)] * MOST, (A, BASIC, WAIT),
    ],
    "silence and what is on its way share one budget": [
        (A, NTLM, GO), (A, NTLM, CONFIRMED), *[(A, NTLM, GO)] * MOST, (A, NTLM, WAIT), (A, NTLM, UNKNOWN), (A, NTLM, WAIT),
        (A, NTLM, CONFIRMED), (A, NTLM, GO),
    ],
    "what nobody could read was no attempt": [(A, FORM_, GO), (A, FORM_, CONFIRMED), *[(A, REPLAY, one) for _ in range(3 * MOST) for one in (GO, UNTRIED)]],
    "a copy is shown only after a logon": [(A, REPLAY, NEVER), (A, FORM_, GO), (A, REPLAY, NEVER), (A, FORM_, CONFIRMED), (A, REPLAY, GO)],
    "and after a loss only after another one": [
        (A, FORM_, GO), (A, FORM_, CONFIRMED), (A, LOST), (A, REPLAY, NEVER),
        (A, BASIC, GO), (A, BASIC, CONFIRMED), (A, REPLAY, NEVER),
        (A, FORM_, GO), (A, FORM_, CONFIRMED), (A, REPLAY, GO),
    ],
    "a loss of one keeps nobody else's copies back": [(A, FORM_, GO), (A, FORM_, CONFIRMED), (B, LOST), (A, REPLAY, GO)],
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_the_budget_of_an_account(name: str) -> None:
    attempts = Attempts()
    for number, (account, what, *said) in enumerate(ROWS[name]):
        if what == LOST:
            attempts.lost(account)
        elif isinstance(said[0], Leave):
            assert attempts.ask(account, Attempt(what)) is said[0], number
        else:
            attempts.settle(account, Attempt(what), said[0])  # type: ignore[arg-type]


def test_who_rests_is_told_with_the_first_reason() -> None:
    attempts = Attempts()
    attempts.accept(B)
    attempts.rest(A, "reason=2")
    attempts.rest(A, "another")
    assert attempts.resting() == {A: "reason=2"} and attempts.rests(A.upper()) == "reason=2"
    assert attempts.confirmed(B) and not attempts.confirmed(A) and attempts.rests(B) == ""


REASON = LOGON[:-1]
EWS = "POST /EWS/Exchange.asmx"
ANSWERS: list[tuple[Attempt, Hop, Outcome]] = [
    (FORM_, hop(FORM, 302, FE, set_cookies=SET, location="https://m/owa/"), CONFIRMED),
    (FORM_, hop(FORM, 302, FE, location=f"{REASON}2"), REFUSED),
    (FORM_, hop(FORM, 302, FE, location=f"{REASON}5"), UNKNOWN),
    (FORM_, hop(FORM, 503, FE), UNKNOWN),
    (FORM_, hop(FORM, None, {}, error="timeout"), UNKNOWN),
    (REPLAY, hop(OWA, 200, BE), CONFIRMED),
    (REPLAY, hop(OWA, 302, FE, location=f"{REASON}2"), REFUSED),
    (REPLAY, hop(OWA, 302, FE, location=f"{REASON}0"), UNTRIED),
    (REPLAY, hop(OWA, 302, FE, location=f"{REASON}3"), UNTRIED),
    (REPLAY, hop("POST /owa/sessiondata.ashx", 440, FE), UNKNOWN),
    (REPLAY, hop("POST /owa/sessiondata.ashx", 449, BE), CONFIRMED),
    (REPLAY, hop(OWA, 503, FE), UNKNOWN),
    *[
        (one, hop(EWS, status, headers), outcome)
        for one in (BASIC, NTLM)
        for status, headers, outcome in (
            (200, BE, CONFIRMED),
            (500, BE, CONFIRMED),  # a fault of EWS itself, behind the front end
            (500, FE, UNKNOWN),
            (401, FE, REFUSED),
            (None, {}, UNKNOWN),
        )
    ],
]


@pytest.mark.parametrize(("attempt", "answer", "outcome"), ANSWERS)
def test_what_an_answer_says_of_the_password(
    attempt: Attempt, answer: Hop, outcome: Outcome
) -> None:
    assert outcome_of(attempt, answer) is outcome


def test_reason_2_says_it_on_any_request() -> None:
    assert refuses_password(hop(OWA, 302, FE, location=f"{REASON}2", cookies=SET))
    assert not refuses_password(hop(OWA, 302, FE, location=f"{REASON}0", cookies=SET))
    assert not refuses_password(hop(OWA, 200, BE))
