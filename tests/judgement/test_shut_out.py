"""Falls if: a run passes although clients were never let in, or a wrong password is taken for the balancer's fault."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.judge import judge
from exsim.judgement.report import csv, html, junit, text
from exsim.judgement.shut_out import ntlm_broken, sentences, sure, unsure
from exsim.session.records import Findings, Session, ShutOut
from tests.judgement.build import A, facts, session


def barred(user: int, **changes: Any) -> ShutOut:
    base: dict[str, Any] = {
        "session": f"{user}.1", "user": user, "protocol": "ews", "account": f"user{user:02}@isp.com.au",
        "sign": "unauthorized", "t": 3.0, "utc": "", "seq": 3, "status": 401, "auth": "ntlm_3",
        "challenges": 2, "refusals": 1, "front_ends": [A],
    }  # fmt: skip
    return ShutOut(**{**base, **changes})


def found(sessions: list[Session], *shut: ShutOut, **changes: Any) -> Findings:
    return Findings(sessions, [], 9, 9, 0, shut_out=list(shut), **changes)


def test_in_the_lab_every_client_that_is_not_let_in_fails_the_run_and_ntlm_says_how() -> None:
    judged = judge(found([session(1, A, [A], A)], barred(7), barred(8)), facts())
    assert judged.results.outcome == "fail"
    (said,) = [one for one in judged.results.reasons if "let in" in one]
    assert said == (
        "2 of 2 EWS clients were not let in: NTLM never came to its end, 2 challenges and then a 401 to "
        "the last leg each time, as when the balancer moves a client's legs between connections (last "
        "answered by EXCH16-01)."
    )
    assert said in " ".join(text.render(judged).split())
    assert "clients were not let in" in " ".join(html.render(judged).split())
    assert junit.render(judged) and csv.render(judged)


@pytest.mark.parametrize(
    ("name", "sessions", "one", "outcome"),
    [
        ("a password that nothing shows to be right", [], barred(7), "inconclusive"),
        ("an account that was accepted elsewhere", [session(7, A, [A], A)], barred(7), "fail"),
        ("an account accepted under another protocol", [session(2, A, [A], A, account="user07@isp.com.au")], barred(7), "fail"),
        ("a 503 that passed", [session(7, A, [A], A)], barred(7, sign="lb_error", status=503), "pass"),
    ],
)  # fmt: skip
def test_on_a_farm_a_refusal_counts_when_the_account_is_known_to_be_right(
    name: str, sessions: list[Session], one: ShutOut, outcome: str
) -> None:
    enough = facts(rig="target", nodes=(), expect=facts().expect.__class__(min_sessions_per_combination=0))  # fmt: skip
    judged = judge(found([*sessions, session(1, A, [A], A)], one), enough)
    assert judged.results.outcome == outcome, judged.results.reasons


def test_channels_that_are_never_joined_are_said_in_words() -> None:
    one = barred(7, protocol="outlook_anywhere", sign="context_lost", status=200)
    judged = judge(found([session(1, A, [A], A)], one), facts())
    assert any(
        "1 of 1 Outlook Anywhere client was not let in: 200, the back end does not know" in reason
        for reason in judged.results.reasons
    )


def test_who_came_in_later_was_barred_for_a_while_unless_what_is_right_was_refused() -> None:
    later = session(7, A, [A], A, account="user07@isp.com.au")
    for sign, counts in (("lb_error", False), ("unauthorized", True), ("context_lost", True)):
        one = found([later], barred(7, sign=sign))
        assert bool(sure(one, facts())) is counts, sign
        assert not unsure(one, facts())
    never = found([], barred(7, sign="lb_error", status=503))
    assert sure(never, facts()) and not unsure(never, facts())
    assert unsure(never, facts(rig="target")) and not sure(never, facts(rig="target"))


def test_clients_are_counted_among_those_of_their_protocol_and_controls_are_none() -> None:
    others = [
        session(1, A, [A], A, protocol="ews"),
        session(2, A, [A], A, protocol="ews", control=True),
        session(3, A, [A], A),
        session(7, A, [A], A, protocol="ews"),
    ]
    one = barred(7, sign="unbound", status=None, front_ends=[])
    (said,) = sentences([one], found(others, one))
    assert said.startswith("1 of 2 EWS clients was at first not let in: ")
    assert "last answered" not in said and "None" not in said
    both = [one, barred(8, sign="unbound")]
    (said,) = sentences(both, found(others, *both))
    assert said.startswith("2 of 3 EWS clients were not let in: "), "one of them never was"


@pytest.mark.parametrize(
    ("stayed", "moved", "node"),
    [(2, 0, True), (0, 2, False), (1, 1, False), (0, 0, False)],
)
def test_who_refuses_the_last_leg_tells_moved_legs_from_extended_protection(
    stayed: int, moved: int, node: bool
) -> None:
    one = barred(7, challenges=4, refusals=2, stayed=stayed, moved=moved)
    (said,) = sentences([one], found([], one))
    assert "never came to its end, 2 challenges and then" in said
    assert ("by the node that had challenged" in said) is node
    assert ("moves a client's legs" in said) is not node


@pytest.mark.parametrize(
    "changes", [{"auth": "basic"}, {"challenges": 0}, {"sign": "unbound"}, {"auth": "ntlm_1"}]
)
def test_only_a_last_leg_that_was_challenged_speaks_of_ntlm(changes: dict[str, Any]) -> None:
    assert ntlm_broken(barred(7))
    assert ntlm_broken(barred(7, challenges=1))
    assert not ntlm_broken(barred(7, **changes))
