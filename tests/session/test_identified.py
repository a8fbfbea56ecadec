"""Falls if: a session of a protocol beside OWA begins too early or too late, is lost by what the client asked
for, or is not lost by a refusal, another identity or a lost context."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from exsim.session.answers import IN_CHANNEL
from exsim.session.browser import REMEMBERED
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop
from exsim.session.records import Findings
from tests.session.calls import ANSWER, LOST_CONTEXT, TARGETS, Caller
from tests.session.dialogue import OLD, A, B, judged, only, shared

OTHER = Evidence(is_="answer", owner="other")


def kinds(found: Findings) -> list[str]:
    return [one.kind for one in found.findings]


def begun(protocol: str) -> Caller:
    """A client with a live session that began at A."""
    caller = Caller(protocol)
    caller.begin()
    (caller.connect if protocol in ("mapi_http", "outlook_anywhere") else caller.handshake)(A)
    return caller


@pytest.mark.parametrize("protocol", TARGETS)
def test_a_session_that_is_live_at_the_end_has_survived(protocol: str) -> None:
    caller = begun(protocol)
    if protocol == "outlook_anywhere":
        caller.in_channel(B)
    else:
        caller.call(B)
    found = judged(caller.lines)
    session = only(found)
    with_login = protocol in ("mapi_http", "outlook_anywhere")
    assert (session.id, session.state, session.protocol) == ("17.1", "live", protocol)
    assert session.login_front_end == (A if with_login else None)
    met = [B] if with_login else [A, B]  # what begins a session is no trial of where it began
    assert [meeting.front_end for meeting in session.meetings] == met
    assert (found.shut_out, found.findings, found.wrong_mailbox) == ([], [], [])
    assert found.identity == {"own": 1 if protocol == "outlook_anywhere" else 2}


def test_a_session_bears_its_accounts_facts_and_whether_it_was_steered() -> None:
    for facts, fields in (({}, {}), ({}, {"forced": True}), ({"forced": True}, {})):
        caller = Caller("ews", **facts, **({"population": 3} if facts else {}))
        caller.begin()
        caller.handshake(A, **fields)
        one = only(judged(caller.lines))
        assert (one.account, one.home, one.private) == ("user17@example.com", "2016", True)
        assert (one.forced, one.population) == (bool(facts or fields), 3 if facts else 0)


def test_the_back_end_that_was_named_last_is_the_mailboxs_and_the_next_sessions_too() -> None:
    caller, named = begun("ews"), {"x-calculatedbetarget": "ex16-02.example.com"}
    caller.call(A, headers=named)
    caller.call(A)  # says nothing of it
    caller.begin()
    caller.handshake(A)
    assert [one.back_end for one in judged(caller.lines).sessions] == ["EX16-02", "EX16-02"]


def test_who_meets_a_live_session_is_told_at_once() -> None:
    caller, detector = begun("ews"), Detector()
    for line in caller.lines:
        detector.feed(line)
    assert [one.id for one in detector.changed()] == ["17.1"]
    told = []
    for node in (A, B):
        detector.feed(caller.call(node))
        told.append([meeting.front_end for one in detector.changed() for meeting in one.meetings])
    assert told == [[], [A, B]]


def test_where_a_session_began_is_told_when_its_channel_says_so() -> None:
    caller, detector = Caller("outlook_anywhere"), Detector()
    caller.begin()
    caller.mark("accepted", number=1)
    for line in caller.lines:
        detector.feed(line)
    assert [one.login_front_end for one in detector.changed()] == [None]
    detector.feed(caller.connect(A))
    assert [one.login_front_end for one in detector.changed()] == [A]


LOSSES: list[tuple[str, dict[str, Any], str]] = [
    ("a refusal of the last leg", {"status": 401, "auth": "ntlm_3"}, "unauthorized"),
    ("a refusal of a name and password", {"status": 401, "auth": "basic"}, "unauthorized"),
    ("a 401 on an accepted connection", {"status": 401, "auth": "bound"}, "unbound"),
    ("a lost context", {"body": LOST_CONTEXT, "auth": "bound"}, "context_lost"),
    ("another identity", {"body": OTHER, "auth": "bound"}, "wrong_mailbox"),
]


@pytest.mark.parametrize("protocol", [name for name in TARGETS if name != "outlook_anywhere"])
@pytest.mark.parametrize(("name", "fields", "sign"), LOSSES, ids=[row[0] for row in LOSSES])
def test_a_live_session_is_lost_by(
    protocol: str, name: str, fields: dict[str, Any], sign: str
) -> None:
    caller = begun(protocol)
    culprit = caller.hop(OLD, **fields)
    after = caller.refused(B, "bound")
    session = only(judged(caller.lines))
    incident = session.incident
    assert incident is not None and session.state == "lost"
    assert (incident.sign, incident.front_end, incident.seq) == (sign, OLD, culprit.seq)
    assert (incident.aftermath, incident.refusers) == ([after.seq], [OLD, B])
    first = [] if protocol == "mapi_http" else [(A, False)]
    assert [(m.front_end, m.lost) for m in session.meetings] == [*first, (OLD, True)]


HARMLESS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("a challenge", {"status": 401, "auth": ""}, []),
    ("a first leg", {"status": 401, "auth": "ntlm_1"}, []),
    ("a cut poll", {"status": 504, "node": None}, ["lb_timeout"]),
    ("the balancer's 503", {"status": 503, "node": None}, ["lb_error"]),
    ("a stream that breaks off", {"body": ANSWER, "error": "truncated"}, ["truncated"]),
    ("a fault", {"status": 500, "body": Evidence(is_="fault", code="ErrorX")}, ["fault"]),
    ("no answer", {"status": None, "node": None, "error": "reset"}, ["no_answer"]),
    ("the end of the run", {"status": None, "node": None, "ended": "abandoned", "error": "abandoned"}, []),
    ("an error of the front end", {"status": 503}, ["front_end_503"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fields", "finds"), HARMLESS, ids=[row[0] for row in HARMLESS])
def test_a_live_session_is_not_lost_by(name: str, fields: dict[str, Any], finds: list[str]) -> None:
    caller = begun("ews")
    caller.hop(fields.pop("node", B), **{"auth": "bound", **fields})
    found = judged(caller.lines)
    assert (only(found).state, kinds(found)) == ("live", finds)


def test_what_the_client_ended_itself_is_not_lost_afterwards() -> None:
    caller = begun("ews")
    caller.leave()
    caller.refused(B, "bound")
    assert only(judged(caller.lines)).state == "ended"


def test_a_new_session_ends_the_one_before_it() -> None:
    caller = begun("ews")
    caller.begin()
    caller.handshake(B)
    caller.refused(OLD, "bound")
    states = [(s.id, s.state) for s in judged(caller.lines).sessions]
    assert states == [("17.1", "ended"), ("17.2", "lost")]


def test_a_session_that_goes_on_elsewhere_after_its_loss_was_rescued_and_stays_lost() -> None:
    caller = begun("ews")
    caller.refused(OLD, "bound")
    caller.call(B)
    caller.call(B)
    found = judged(caller.lines)
    assert (only(found).state, kinds(found)) == ("lost", ["rescued"])


def test_a_challenge_after_the_loss_rescues_nobody() -> None:
    caller = begun("ews")
    caller.refused(OLD, "bound")
    caller.challenged(B)
    assert kinds(judged(caller.lines)) == []


def test_the_in_channels_front_end_serves_although_it_ends_before_the_out_channel() -> None:
    caller = Caller("outlook_anywhere")
    caller.begin()
    caller.challenged(OLD)
    caller.in_channel(B)
    caller.connect(A)
    session = only(judged(caller.lines))
    assert (session.login_front_end, session.state) == (A, "live")
    assert [(m.front_end, m.lost) for m in session.meetings] == [(B, False)]


def test_a_silent_in_channel_is_served_by_whoever_challenged_its_connection() -> None:
    caller = Caller("outlook_anywhere")
    caller.begin()
    caller.challenged(B, "ntlm_1", conn=7)
    caller.in_channel(None, conn=7)
    caller.in_channel(None, conn=8, auth="basic")
    caller.connect(A)
    session = only(judged(caller.lines))
    assert [(m.front_end, m.evidence) for m in session.meetings] == [(B, "ntlm")]


def test_an_in_channel_that_is_refused_within_a_session_loses_it() -> None:
    caller = Caller("outlook_anywhere")
    caller.begin()
    caller.mark("accepted", number=1)
    caller.in_channel(B)
    caller.in_channel(OLD, 401)
    caller.connect(A)
    session = only(judged(caller.lines))
    assert session.incident is not None
    assert (session.login_front_end, session.incident.front_end) == (None, OLD)


def test_the_out_channels_front_end_is_no_meeting_in_its_session() -> None:
    caller = begun("outlook_anywhere")
    caller.call(OLD)  # the OUT channel's successor
    caller.in_channel(B)
    assert [m.front_end for m in only(judged(caller.lines)).meetings] == [B]


def test_of_a_lost_sessions_channels_those_count_that_were_open_while_it_lived() -> None:
    caller = begun("outlook_anywhere")
    caller.refused(OLD, "bound")
    lost = caller.t + 0.02
    for node, sent, status in ((A, lost - 0.5, None), (B, lost + 0.5, None), ("EX9", 0.5, 200)):
        late = caller.in_channel(node, status)
        caller.lines[-1] = replace(late, t=sent, took=late.t - sent)
    session = only(judged(caller.lines))
    assert [(m.front_end, m.lost) for m in session.meetings] == [(OLD, True), (A, False)]


def test_a_stream_that_begins_a_session_and_breaks_off_is_told() -> None:
    caller = Caller("outlook_anywhere")
    caller.begin()
    caller.connect(A, error="truncated")
    found = judged(caller.lines)
    assert [(one.kind, one.detail) for one in found.findings] == [("truncated", "truncated")]
    assert only(found).state == "live"
    slow = Evidence(is_="accepted", pieces=9, median_gap=0.205)
    caller.connect(A, body=slow)
    told = [(one.kind, one.detail) for one in judged(caller.lines).findings]
    assert told == [("truncated", "truncated"), ("slow_pieces", "")]


def test_each_answer_confirms_names_another_or_says_nothing() -> None:
    caller = begun("ews")
    caller.call(B, body=Evidence(is_="answer"))
    caller.call(B, body=OTHER)
    found = judged(caller.lines)
    assert found.identity == {"own": 1, "other": 1, "silent": 1}
    assert found.identity_by == {"ews": {"own": 1, "other": 1, "silent": 1}}


def test_a_control_client_is_followed_and_never_counted() -> None:
    caller = Caller("ews", control=True)
    caller.begin()
    caller.handshake(A, origin="EX16-01")
    caller.refused(A, "bound", origin="EX16-01")
    detector = Detector()
    assert [one for line in caller.lines for one in detector.feed(line)] == []
    found = detector.finish()
    assert (only(found).control, only(found).state, found.hops) == (True, "lost", 0)
    assert only(found).account == "user17@example.com"


def test_a_control_clients_session_is_control_also_by_its_own_word() -> None:
    caller = Caller("outlook_anywhere", control=True)
    caller.begin()
    caller.mark("accepted", number=1)
    assert only(judged(caller.lines)).control is True


@pytest.mark.parametrize("protocol", ["ews", "mapi_http"])
def test_a_client_that_runs_for_days_remembers_its_last_sessions_only(protocol: str) -> None:
    caller, detector = Caller(protocol), Detector()
    caller.begin()
    caller.refused(A)
    caller.begin()
    caller.refused(A)
    caller.mark("accepted", number=caller.count)
    for _ in range(100):
        caller.begin()
        caller.refused(B)
        caller.connect(A) if protocol == "mapi_http" else caller.handshake(A)
        caller.refused(OLD, "bound")
    late = {"session": f"{caller.user}.{102 - REMEMBERED - 3}"}
    caller.call(B, **late)
    for line in caller.lines:
        detector.feed(line)
    kept = detector._browsers[caller.user]
    assert len(kept.sessions) == REMEMBERED and len(kept.logons) <= REMEMBERED + 2
    found = detector.finish()
    assert [session.state for session in found.sessions] == ["ended", *["lost"] * 100]
    assert [one.session for one in found.shut_out] == [f"{caller.user}.1"]


NODES = st.sampled_from([A, B, OLD, None])
ACTS = st.sampled_from(["call", "refused", "unbound", "lost", "challenged", "cut", "begin", "leave", "other", "connect", "in_channel"])  # fmt: skip


def life(protocol: str, steps: list[tuple[str, str | None]], control: bool) -> Caller:
    caller = Caller(protocol, control=control)
    for act, node in steps:
        if act in ("begin", "leave"):
            getattr(caller, act)()
        elif act == "unbound":
            caller.refused(node, "bound")
        elif act == "lost":
            caller.call(node, body=LOST_CONTEXT)
        elif act == "other":
            caller.call(node, body=OTHER)
        elif act == "cut":
            caller.hop(None, 504)
        else:
            getattr(caller, act)(node)
    return caller


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(TARGETS)), st.lists(st.tuples(ACTS, NODES), max_size=25), st.booleans()
)
def test_whatever_comes_live_and_later_agree_and_what_is_kept_is_consistent(
    protocol: str, steps: list[tuple[str, str | None]], control: bool
) -> None:
    lines = life(protocol, steps, control).lines
    detector, again = Detector(), Detector()
    told = [one.session for line in lines for one in detector.feed(line)]
    found = detector.finish()
    assert told == [one.session for line in lines for one in again.feed(line)]
    assert found == again.finish()
    lost = [session for session in found.sessions if session.state == "lost"]
    assert sorted(told) == sorted(session.id for session in lost if not control)
    assert [session for session in found.sessions if session.incident is not None] == lost
    assert len({session.id for session in found.sessions}) == len(found.sessions)
    in_or_out = {session.id for session in found.sessions}.intersection(
        one.session for one in found.shut_out
    )
    assert not in_or_out
    hops = {line.seq: line for line in lines if isinstance(line, Hop)}
    for session in found.sessions:
        met = [meeting.front_end for meeting in session.meetings]
        assert len(set(met)) == len(met)
        if session.incident is not None:
            assert hops[session.incident.seq].session == session.id
            assert session.incident.seq not in session.incident.aftermath


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(TARGETS)), st.lists(st.tuples(ACTS, NODES), max_size=25), st.booleans()
)
def test_answers_that_share_their_headers_are_judged_as_if_they_did_not(
    protocol: str, steps: list[tuple[str, str | None]], control: bool
) -> None:
    usual = [("call", A), ("call", A)]  # among what is not
    lines = life(protocol, [one for step in steps for one in (step, *usual)], control).lines
    assert judged(shared(lines)) == judged(lines)


def test_answers_that_share_headers_without_a_name_are_attributed_to_nobody() -> None:
    caller = begun("ews")
    for _ in range(3):
        caller.call(None)
    found = judged(shared(caller.lines))
    assert found == judged(caller.lines)
    assert (found.attributed, found.witnesses) == (3, {"header": 3})


@pytest.mark.parametrize(
    "what", [{"conn": 2}, {"body": OTHER}, {"error": "truncated"}, {"status": 503}]
)
def test_what_is_new_beside_the_headers_is_seen(what: dict[str, Any]) -> None:
    caller = begun("activesync")
    for _ in range(2):
        caller.call(A)
    caller.call(A, **what)
    usual, new = judged(shared(caller.lines[:-1])), judged(shared(caller.lines))
    assert new == judged(caller.lines)
    assert (only(new).connections, new.wrong_mailbox, new.findings) != (
        only(usual).connections,
        usual.wrong_mailbox,
        usual.findings,
    )


def test_an_answer_on_the_other_channel_is_a_meeting_though_its_headers_are_not_new() -> None:
    caller = begun("outlook_anywhere")
    caller.call(A)
    caller.call(A, request=f"{IN_CHANNEL} /rpc/rpcproxy.dll")
    found = judged(shared(caller.lines))
    assert found == judged(caller.lines)
    assert [meeting.front_end for meeting in only(found).meetings] == [A]
