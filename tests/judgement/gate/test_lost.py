"""Falls if: a criterion speaks of other sessions than it says, is green without having been shown, or hides
that its numbers were steered or come from few accounts."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.gate.lost import counts_of, decide, name_of, trials
from exsim.runs.sections import LostLimit
from exsim.session.records import Session
from tests.judgement.build import (
    OLD,
    A,
    B,
    control_sessions,
    facts,
    farm_sessions,
    nothing,
    one_way,
    session,
    sticky_sessions,
)

LOSING = farm_sessions(one_way, 10)


def limit(**changes: Any) -> LostLimit:
    return LostLimit(**{"max": 0.05, **changes})


def outcome(sessions: list[Session], **changes: Any) -> str:
    return decide(limit(**changes), "expect.lost[0]", sessions, facts()).outcome


@pytest.mark.parametrize(
    ("selection", "lost", "sessions"),
    [
        ({}, 40, 60),
        ({"login": "2016"}, 40, 40),
        ({"login": "2013"}, 0, 20),
        ({"login": A}, 20, 20),
        ({"serving": "2013"}, 40, 60),
        ({"login": "2016", "serving": "2013"}, 40, 40),
        ({"login": OLD, "serving": OLD}, 0, 20),
        ({"home": A}, 20, 30),
        ({"home": "2013", "login": B}, 10, 10),
        ({"protocol": "owa", "serving": B}, 0, 50),
        ({"protocol": "ews"}, 0, 0),
        ({"serving": "2019"}, 0, 0),
    ],
)
def test_a_selection_counts_its_sessions_and_no_others(
    selection: dict[str, str], lost: int, sessions: int
) -> None:
    found = list(trials(limit(**selection), LOSING, facts(), steered=False).elements())
    assert (sum(was for _, was in found), len(found)) == (lost, sessions)


def test_a_session_that_met_two_such_nodes_is_one_trial() -> None:
    one = session(1, OLD, [OLD, A, B], OLD)
    assert trials(limit(serving="2016"), [one], facts(), steered=False) == {(one.account, False): 1}


def test_a_lost_session_is_a_trial_though_nobody_knows_who_lost_it() -> None:
    def unmet(number: int, state: str = "ended") -> Session:
        one = session(number, A, [], A, account=f"u{number}@x")
        one.state = state
        return one

    kept = [session(i, A, [A], A, account=f"u{i}@x") for i in range(70)]
    lost = [unmet(100 + i, state="lost") for i in range(20)]
    found = decide(limit(), "expect.lost[0]", [*kept, *lost], facts())
    assert (found.outcome, found.counts["sessions"].bad, found.counts["sessions"].of) == (
        "fail",
        20,
        90,
    )
    assert "Not so" not in found.sentence
    assert outcome([*kept, *lost], serving=A) == "pass"  # at no meeting with it
    silent = [unmet(200 + i) for i in range(400)]
    assert outcome([*kept, *silent]) == "pass", "whoever met nobody shows nothing"
    assert trials(limit(), silent, facts(), steered=False) == {}
    doubtful = decide(limit(), "expect.lost[0]", [*kept, *lost, *silent], facts())
    assert doubtful.outcome == "inconclusive"
    assert (
        "Not so if 400 more sessions stood that met no node whose name is known."
        in doubtful.sentence
    )


def test_who_met_nobody_is_no_doubt_where_a_meeting_is_judged() -> None:
    lost = [session(i, A, [OLD], A, one_way, account=f"u{i}@x") for i in range(40)]
    silent = [session(200 + i, A, [], A, account=f"u{i}@x") for i in range(4000)]
    found = decide(limit(serving=OLD), "expect.lost[0]", [*lost, *silent], facts())
    assert (found.outcome, "Not so" in found.sentence) == ("fail", False)


def test_an_account_is_lost_with_the_first_of_its_sessions_and_stays_so() -> None:
    for order in ((True, False), (False, True)):
        counts = counts_of({("u1@x", lost): 1 for lost in order} | {("u2@x", False): 3}, 0.95)
        assert (counts["accounts"].bad, counts["accounts"].of) == (1, 2), order
        assert (counts["sessions"].bad, counts["sessions"].of) == (1, 5), order


def test_where_a_mailbox_lives_is_asked_of_the_account_when_no_answer_said_it() -> None:
    def unsaid(number: int, home: str) -> Session:
        one = session(number, A, [A], A, account=f"u{number}@x")
        one.back_end, one.home = None, home
        return one

    sessions = [unsaid(1, "2013"), unsaid(2, "2016"), unsaid(3, "")]
    for home, expected in (("2013", ["u1@x"]), ("2016", ["u2@x"]), ("2019", [])):
        found = trials(limit(home=home), sessions, facts(), steered=False)
        assert [account for account, _ in found] == expected, home
    answered = session(4, A, [A], A, account="u4@x")
    answered.home = "2013"  # it was moved
    assert trials(limit(home="2013"), [answered], facts(), steered=False) == {}


def test_a_meeting_that_was_made_happen_is_none_of_the_loads_own() -> None:
    led = session(1, A, [OLD], A, natural=False)  # not forced from its logon on
    assert trials(limit(serving=OLD), [led], facts(), steered=False) == {}
    assert trials(limit(serving=OLD), [led], facts(), steered=True).total() == 1


def test_control_sessions_are_nobodys_trial() -> None:
    assert trials(limit(), control_sessions(), facts(), steered=False) == {}


@pytest.mark.parametrize(("sessions", "expected"), [(58, "inconclusive"), (59, "pass")])
def test_it_is_green_from_the_first_number_that_shows_it(sessions: int, expected: str) -> None:
    kept = [session(i, A, [A], A, account=f"u{i}@x") for i in range(sessions)]
    assert outcome(kept) == expected
    assert outcome(kept, over="accounts") == expected


def test_many_sessions_of_few_accounts_show_nothing_over_accounts() -> None:
    kept = [session(i, A, [A], A, account=f"u{i % 20}@x") for i in range(299)]
    found = decide(limit(max=0.01), "expect.lost[0]", kept, facts())
    assert found.outcome == "pass"
    assert "0 of 299 sessions (fewer than 0.997 %), 0 of 20 accounts (fewer than 13.9 %)" in found.sentence  # fmt: skip
    over_accounts = decide(limit(max=0.01, over="accounts"), "expect.lost[0]", kept, facts())
    assert over_accounts.outcome == "inconclusive"
    assert "It takes 299 accounts with no more than 0 lost" in over_accounts.sentence


def test_more_than_allowed_fails_only_when_that_was_shown() -> None:
    assert outcome(LOSING) == "fail"
    one_of_ten = [session(i, A, [A, OLD], A, one_way if i == 1 else nothing) for i in range(10)]
    assert outcome(one_of_ten) == "inconclusive"


@pytest.mark.parametrize(
    "selection", [{"login": "2016", "serving": "2013"}, {"serving": "2019"}, {"protocol": "ews"}]
)
def test_what_no_session_met_is_inconclusive(selection: dict[str, str]) -> None:
    found = decide(limit(**selection), "expect.lost[0]", sticky_sessions(40), facts())
    assert found.outcome == "inconclusive"
    assert "No session met this" in found.sentence


def test_steered_sessions_alone_decide_a_meeting_and_say_so() -> None:
    steered = [
        session(i, A, [OLD], A, one_way, forced=True, natural=False, account=f"u{i}@x")
        for i in range(60)
    ]
    found = decide(limit(login=A, serving=OLD), "expect.lost[0]", steered, facts())
    assert (found.outcome, found.steered) == ("fail", True)
    assert "Steered" in found.sentence and "share of users" in found.sentence


def test_the_share_of_users_is_never_told_from_steered_sessions() -> None:
    steered = [session(i, A, [A], A, forced=True, natural=False) for i in range(300)]
    found = decide(limit(), "expect.lost[0]", steered, facts())
    assert found.outcome == "inconclusive"
    assert "the share of users cannot be told" in found.sentence


@pytest.mark.parametrize(
    ("selection", "forced"), [({"serving": "2019"}, True), ({"protocol": "ews"}, False)]
)
def test_steering_is_no_reason_where_it_is_a_meeting_that_lacks_or_nobody_was_steered(
    selection: dict[str, str], forced: bool
) -> None:
    sessions = [session(i, A, [A], A, forced=forced) for i in range(9)]
    found = decide(limit(**selection), "expect.lost[0]", sessions, facts())
    assert found.sentence == "No session met this; nothing is known."


def test_steered_losses_beside_the_loads_own_are_told_and_not_counted() -> None:
    steered = [session(900 + i, A, [OLD], A, one_way, forced=True) for i in range(3)]
    kept = [session(i, OLD, [OLD], A) for i in range(80)]
    found = decide(limit(serving=OLD), "expect.lost[0]", [*kept, *steered], facts())
    assert (found.outcome, found.steered, found.counts["sessions"].bad) == ("pass", False, 0)
    assert "never counted: 3 of 3 lost" in found.sentence


def test_a_criterion_has_a_name_in_words() -> None:
    named = name_of(limit(protocol="owa", login="2016", serving=OLD, home="2013"))
    assert (
        named == "OWA sessions begun at 2016, served by EXCH13, mailbox on 2013: at most 5 % lost"
    )
    assert name_of(limit()) == "sessions: at most 5 % lost"
    assert name_of(limit(serving=OLD)) == "sessions, served by EXCH13: at most 5 % lost"
