"""Clients that sign in by HTTP on their way in: what lets them in, and what bars them.

Falls if: a session begins with what is no answer under the client's own identity, a client that was never let in
goes unsaid or one that was is called shut out, or a stranger who was told of a mailbox goes unsaid.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session import identified
from exsim.session.hop import Evidence
from tests.session.calls import ANSWER, LOST_CONTEXT, Caller
from tests.session.dialogue import OLD, A, B, judged, only
from tests.session.test_identified import kinds


def test_an_answer_without_credentials_begins_no_session() -> None:
    caller = Caller("ews")
    caller.begin()
    caller.call(A, auth="")
    assert judged(caller.lines).sessions == []


def test_connect_and_not_the_answers_before_it_begins_a_session_of_mapi() -> None:
    caller = Caller("mapi_http")
    caller.begin()
    caller.call(OLD, body=Evidence(is_="fault", code="12"))
    caller.connect(B)
    session = only(judged(caller.lines))
    assert (session.login_front_end, session.began) == (B, 2.02)


def test_a_refused_probe_before_the_channels_is_none_of_the_sessions_end() -> None:
    """The balancer moved its connection: the client signed in anew, and had no session yet."""
    caller = Caller("outlook_anywhere")
    caller.begin()
    caller.in_channel(B, 401, auth="bound", step="echo_in", body=Evidence(is_="challenge"))
    caller.t += 1.0
    caller.mark("accepted", number=1)
    caller.in_channel(B)
    caller.connect(A)
    assert only(judged(caller.lines)).state == "live"


BARS: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("a fault", {"body": Evidence(is_="fault", code="12")}, "fault", [A]),
    ("no cookies", {"body": Evidence(is_="answer", code="13")}, "cookies_missing", [A]),
    ("the balancer", {"status": 503, "node": None}, "lb_error", []),
    ("a challenge", {"status": 401}, "", []),
    ("an answer that breaks off", {"body": ANSWER, "error": "truncated"}, "", []),
]


@pytest.mark.parametrize(("name", "fields", "sign", "nodes"), BARS, ids=[row[0] for row in BARS])
def test_who_never_connects_is_shut_out_by(
    name: str, fields: dict[str, Any], sign: str, nodes: list[str]
) -> None:
    caller = Caller("mapi_http")
    caller.begin()
    for _ in range(2):
        caller.hop(**({"node": A} | fields))
    barred = [(one.sign, one.front_ends) for one in judged(caller.lines).shut_out]
    assert barred == ([(sign, nodes)] if sign else [])


@pytest.mark.parametrize(
    ("refuser", "auth", "moved", "stayed"),
    [(A, "ntlm_3", 0, 1), (B, "ntlm_3", 1, 0), (None, "ntlm_3", 0, 0), (B, "basic", 0, 0)],
)
def test_who_refuses_a_last_leg_is_held_against_who_had_challenged(
    refuser: str | None, auth: str, moved: int, stayed: int
) -> None:
    caller = Caller("ews")
    caller.begin()
    caller.challenged(A, "ntlm_1")
    caller.refused(refuser, auth, headers={"server": "Microsoft-IIS/10.0"})
    (one,) = judged(caller.lines).shut_out
    assert (one.moved, one.stayed, one.refusals) == (moved, stayed, 1)


def test_a_client_that_never_gets_its_last_leg_through_was_shut_out() -> None:
    caller = Caller("ews")
    caller.begin()
    for _ in range(2):
        caller.challenged(A)
        caller.challenged(B, "ntlm_1")
        caller.refused(OLD)
    found = judged(caller.lines)
    (one,) = found.shut_out
    assert found.sessions == []
    assert (one.sign, one.auth, one.challenges, one.refusals) == ("unauthorized", "ntlm_3", 4, 2)
    assert (one.account, one.front_ends) == ("user17@example.com", [OLD])


def test_channels_that_are_never_joined_shut_the_client_out() -> None:
    caller = Caller("outlook_anywhere")
    caller.begin()
    caller.in_channel(B)
    caller.hop(A, auth="ntlm_3", body=LOST_CONTEXT)
    found = judged(caller.lines)
    assert [(one.sign, one.front_ends) for one in found.shut_out] == [("context_lost", [A])]


def test_who_is_let_in_at_last_was_not_shut_out() -> None:
    caller = Caller("ews")
    caller.begin()
    caller.hop(None, 503)
    caller.handshake(A)
    found = judged(caller.lines)
    assert (found.shut_out, kinds(found), only(found).state) == ([], ["lb_error"], "live")


def test_who_was_let_in_by_his_own_word_was_not_shut_out() -> None:
    caller = Caller("outlook_anywhere")
    caller.begin()
    caller.hop(None, 503)
    caller.mark("accepted", number=1)  # and the run ends before a channel does
    found = judged(caller.lines)
    assert (found.shut_out, only(found).state) == ([], "live")


@pytest.mark.parametrize(("keeps", "told"), [(True, 9), (False, 3)])
def test_a_load_remembers_the_last_that_were_never_let_in_and_judgement_all(
    keeps: bool, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identified, "MOST_ATTEMPTS", 3)
    caller = Caller("ews")
    for _ in range(9):
        caller.begin()
        caller.refused(A)
    found = judged(caller.lines, findings=keeps)
    assert [one.session for one in found.shut_out] == [f"17.{n}" for n in range(10 - told, 10)]


def test_a_stranger_has_no_session_and_must_be_told_of_no_mailbox() -> None:
    caller = Caller("ews", authentication="none")
    caller.begin()
    caller.challenged(A)
    caller.hop(B, body=Evidence(is_="answer"))
    for owner in ("own", "other", "stranger"):
        caller.hop(B, body=Evidence(is_="answer", owner=owner))
    caller.hop(None, None, error="reset")
    found = judged(caller.lines)
    assert (found.sessions, found.shut_out, found.identity) == ([], [], {})
    assert found.strangers == {"answers": 5, "told": 3}
    assert [one.front_end for one in found.wrong_mailbox] == [B, B, B]
    assert kinds(found) == ["unasked"]


def test_what_could_not_be_measured_is_kept_with_its_reason_once() -> None:
    caller = Caller("ews")
    for _ in range(2):
        caller.begin()
        caller.challenged(A)
        caller.mark("not_measured", number=1, why="offers negotiate, this client has basic")
    found = judged(caller.lines)
    assert found.not_measured == {"ews": ["offers negotiate, this client has basic"]}
    assert (found.shut_out, found.sessions) == ([], [])
