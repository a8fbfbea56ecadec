"""Falls if: the proof calls dead what was alive, alive what was refused, or takes a hop of the load for evidence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exsim.judgement.proof import answer_of, best, node_of, proof, reason_of
from exsim.judgement.story import story
from exsim.session.hop import Evidence
from tests.judgement.build import (
    DELETED,
    OLD,
    A,
    hop,
    lost_dialogue,
    one_way,
    session,
)

LOGON = "/owa/auth/logon.aspx?replaceCurrent=1&reason=0&url=x"


def test_the_same_cookies_have_two_answers() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    found = proof(lost.incident, hops)
    assert found
    assert [(line.node, line.status, line.alive) for line in found.lines] == [
        (OLD, 440, False),
        (A, 200, True),
        (OLD, 302, False),
    ]
    assert found.lines[0].answer == "440, and deletes all five logon cookies"
    assert found.lines[1].later == pytest.approx(0.4)
    assert found.alive
    assert found.conclusion == [
        "The session was alive.",
        "EXCH13 could not read it (reason=0: not expired, not refused).",
        "The 2 refusals after it came from nodes that are innocent.",
    ]


def test_a_logon_page_is_no_sign_of_life() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    hops[6] = msgspec.structs.replace(hops[6], body=Evidence(is_="logon_page"))
    found = proof(lost.incident, hops)
    assert found
    assert not found.alive
    assert found.conclusion[0] == "No other node served a copy of the cookies either."


def test_the_culprit_answering_itself_again_proves_no_life() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    hops[6] = msgspec.structs.replace(hops[6], headers={"x-feserver": OLD})
    found = proof(lost.incident, hops)
    assert found
    assert not found.alive


UNKNOWN = "Whether it was still alive is not known: no other node's answer to a copy says."
NO_SIGN_OF_LIFE: list[dict[str, Any]] = [
    {"status": 302, "location": "https://x/owa/auth/errorFE.aspx?CafeError=SSLCertificateProblem"},
    {"status": 302, "location": "https://sts.example.com/adfs/ls"},
    {"status": 301, "location": "https://x/owa/", "headers": {}},  # the balancer's own
    {"status": 200, "headers": {}},  # its page of excuses
    {"status": 200, "body": Evidence(is_="foreign_logon")},
    {"status": 200, "body": Evidence(is_="boot_page", owner="other")},
    {"status": 503},
    {"status": None, "error": "reset"},
]


@pytest.mark.parametrize("changes", NO_SIGN_OF_LIFE)
def test_an_answer_that_serves_nobody_is_neither_life_nor_death(changes: dict[str, Any]) -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    hops[6] = msgspec.structs.replace(hops[6], **changes)
    found = proof(lost.incident, hops)
    assert found
    assert (found.alive, found.conclusion[0]) == (False, UNKNOWN)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 302, "location": "/owa/languageselection.aspx", "headers": {"x-feserver": A, "x-beserver": A}},
        {"headers": {}, "body": Evidence(is_="boot_page", owner="own")},
        {"headers": {}, "origin": A},
    ],
)  # fmt: skip
def test_what_a_back_end_answers_is_life(changes: dict[str, Any]) -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    hops[6] = msgspec.structs.replace(hops[6], **changes)
    found = proof(lost.incident, hops)
    assert found and found.alive


def test_nothing_is_said_of_other_nodes_where_only_the_culprit_was_asked() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    found = proof(lost.incident, [*hops[:6], hops[7]])
    assert found
    assert found.conclusion[0] == "EXCH13 could not read it (reason=0: not expired, not refused)."


@pytest.mark.parametrize(
    "changes", [{"cookies": {"cadata": "9f2c"}}, {"headers": {}}, {"headers": {"x-feserver": "exch13.x.y"}}]
)  # fmt: skip
def test_who_refused_the_cookies_too_or_is_not_known_is_not_called_innocent(
    changes: dict[str, Any],
) -> None:
    """Six connections meet two nodes with another key at once, and both refuse the same cookies."""
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    hops[4] = msgspec.structs.replace(hops[4], **changes)
    found = proof(lost.incident, hops)
    assert found
    assert found.conclusion[-1] == "Of the 2 refusals after it 1 came from nodes that are innocent."


def test_only_control_hops_with_the_same_cookies_are_evidence() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    strangers = [
        hop(7, 90, 30.0, "GET /owa/", A, control=True, cookies={"cadata": "other"}),
        hop(8, 91, 30.0, "GET /owa/", A, control=True),
        hop(7, 92, 0.1, "GET /owa/", A, control=True),
        hop(7, 93, 30.0, "GET /owa/", A),
    ]
    found = proof(lost.incident, [*hops, *strangers])
    assert found
    assert len(found.lines) == 3


def test_without_control_hops_nothing_is_said_of_life() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = [one for one in lost_dialogue(lost) if not one.control]
    assert lost.incident
    found = proof(lost.incident, hops)
    assert found
    assert (found.alive, len(found.lines)) == (False, 1)
    assert found.conclusion == ["The 2 refusals after it came from nodes that are innocent."]
    assert proof(lost.incident, []) is None


def test_the_culprits_own_later_refusals_are_not_called_innocent() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    hops[4] = msgspec.structs.replace(hops[4], headers={"x-feserver": OLD})
    found = proof(lost.incident, hops)
    assert found
    assert found.conclusion[-1] == "Of the 2 refusals after it 1 came from nodes that are innocent."


def test_one_refusal_after_it_is_one() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    lost.incident.aftermath = lost.incident.aftermath[:1]
    found = proof(lost.incident, hops)
    assert found
    assert found.conclusion[-1] == "The refusal after it came from a node that is innocent."


def test_a_refusal_that_was_passed_on_is_the_back_ends_whatever_reason_stands_in_it() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    assert lost.incident
    lost.incident.passed_on, lost.incident.reason = "EXCH16-02", "0"
    found = proof(lost.incident, lost_dialogue(lost))
    assert found
    assert found.conclusion[1] == (
        "EXCH13 had read it and passed the request on: its refusal names the back end EXCH16-02, which turned "
        "it down."
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("1", "took it for logged off (reason=1: a log-off page was asked for)"),
        ("2", "read it, and its password was refused (reason=2: read, and not expired)"),
        ("3", "read it, and held it for expired (reason=3: read, and not refused)"),
    ],
)
def test_the_reason_of_the_loss_goes_before_that_of_a_copy(reason: str, words: str) -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    assert lost.incident
    lost.incident.reason = reason
    found = proof(lost.incident, lost_dialogue(lost))
    assert found
    assert found.conclusion[1] == f"EXCH13 {words}."


def test_another_nodes_reason_is_not_the_culprits() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    hops[6] = msgspec.structs.replace(hops[6], status=302, location=LOGON.replace("=0", "=3"))
    found = proof(lost.incident, hops)
    assert found
    assert found.conclusion[:2] == [
        "No other node served a copy of the cookies either.",
        "EXCH13 could not read it (reason=0: not expired, not refused).",
    ]


def test_a_copy_without_logon_cookies_is_told_by_its_session() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    assert lost.incident
    hops = [
        msgspec.structs.replace(one, cookies={"sessionid": "5a"}) for one in lost_dialogue(lost)
    ]
    other = msgspec.structs.replace(hops[6], seq=95, session="7.9")
    found = proof(lost.incident, [*hops, other])
    assert found
    assert len(found.lines) == 3


def test_of_two_proofs_with_life_in_them_a_440_is_shown_first() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    by_440 = proof(lost.incident, hops)
    hops[3] = msgspec.structs.replace(hops[3], status=302, location=LOGON)
    by_302 = proof(lost.incident, hops)
    assert by_440 and by_302
    assert best([by_302, by_440]) is by_440
    assert best([by_302, by_302]) is by_302


def test_the_proof_with_life_in_it_is_shown_first() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    bare = proof(lost.incident, [one for one in hops if not one.control])
    full = proof(lost.incident, hops)
    assert bare
    assert full
    assert best([bare, full]) is full
    assert best([]) is None


@pytest.mark.parametrize(
    ("changes", "answer", "reason"),
    [
        ({}, "200", None),
        ({"status": 440, "set_cookies": DELETED}, "440, and deletes all five logon cookies", None),
        ({"status": 440, "set_cookies": {"cadata": None}}, "440, and deletes 1 of the logon cookies", None),
        ({"status": 302, "location": LOGON}, "302 to the logon page (reason=0)", "0"),
        ({"status": 302, "location": LOGON.replace("reason=0", "x=1")}, "302 to the logon page", None),
        ({"status": 302, "location": "/owa/?reason=0"}, "302", None),
        ({"status": None, "error": "reset"}, "no answer (reset)", None),
        ({"set_cookies": {"cadata": "new"}}, "200", None),
    ],
)  # fmt: skip
def test_answers_in_words(changes: dict[str, object], answer: str, reason: str | None) -> None:
    one = hop(1, 1, 0.0, "GET /owa/", A, **changes)
    assert (answer_of(one), reason_of(one)) == (answer, reason)


def test_who_answered_is_what_the_answer_says_or_who_was_asked() -> None:
    assert node_of(hop(1, 1, 0.0, "GET /", "exch16-01")) == "EXCH16-01"
    assert node_of(hop(1, 1, 0.0, "GET /", "", headers={"x-diaginfo": "CAS10"})) == "CAS10"
    assert node_of(hop(1, 1, 0.0, "GET /", "", headers={}, origin="EXCH13")) == "EXCH13"
    assert node_of(hop(1, 1, 0.0, "GET /", "", headers={})) == ""


def test_a_story_marks_culprit_aftermath_and_evidence() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    told = story(lost, lost_dialogue(lost))
    assert told
    marks = [line.mark for line in told.lines]
    assert marks == ["", "", "", "culprit", "aftermath", "aftermath", "control", "control"]
    assert (told.login_front_end, told.culprit, told.omitted) == (A, OLD, 0)


def test_a_long_story_keeps_its_logon_and_says_what_it_left_out() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    polls = [hop(7, 1000 + i, hops[2].t, "POST /owa/service.svc", A) for i in range(200)]
    told = story(lost, [*hops[:3], *polls, *hops[3:]])
    assert told
    assert told.lines[0].request == "POST /owa/auth.owa"
    assert len(told.lines) + told.omitted == 208
    assert len(told.lines) < 60


def test_a_session_that_lived_has_no_story() -> None:
    assert story(session(7, A, [A], A), []) is None


def test_of_two_hops_with_one_number_the_requests_id_tells_the_culprit() -> None:
    lost = session(7, A, [A, OLD], A, one_way)
    hops = lost_dialogue(lost)
    assert lost.incident
    lost.incident.client_request_id = "the one"
    hops[3] = msgspec.structs.replace(hops[3], client_request_id="the one")
    other = hop(7, lost.incident.seq, 0.0, "GET /owa/", A, client_request_id="another")
    found = proof(lost.incident, [other, *hops])
    assert found
    assert found.lines[0].status == 440
