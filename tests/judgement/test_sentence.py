"""Falls if: the verdict's sentences miss a number, claim what was not met, or forget to say "simulated"."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.expectations import Expectations
from exsim.judgement.facts import Balancer, Preset
from exsim.judgement.judge import judge
from exsim.judgement.possibility import how_many
from exsim.judgement.sentence import Statement, simulated_line, statement
from exsim.judgement.verdict import VERDICTS, Reason, Verdict
from exsim.session.records import Findings, Incident, Session
from tests.judgement.build import (
    OLD,
    A,
    B,
    facts,
    farm_sessions,
    finding,
    found,
    nothing,
    one_way,
    session,
    sticky_sessions,
)


def said(sessions: list[Session], findings: Findings | None = None, **changes: Any) -> Statement:
    return judge(findings or found(sessions), facts(**changes)).statement


def the_incident() -> list[Session]:
    """Nine of ten lost at each of the two losing pairs, none of 74 others."""
    sessions = []
    for login in (A, B):
        for i in range(10):
            rule = one_way if i else nothing
            sessions.append(session(len(sessions) + 1, login, [login, OLD], (OLD, A)[i % 2], rule))
    for login, count in ((A, 21), (B, 21), (OLD, 12)):
        sessions += [session(100 + len(sessions) + i, login, [login], A) for i in range(count)]
    return sessions


def test_a_failure_has_the_bad_number_and_the_good_one() -> None:
    assert said(the_incident()) == Statement(
        "FAIL",
        (
            "Sessions begun at a 2016 node are thrown out when EXCH13 serves them.",
            "18 of 20 were lost at that meeting (95 %: 68 to 99 %).",
            "0 of 74 other first meetings lost a session.",
        ),
    )


def test_a_pass_says_how_little_it_proves_and_what_was_met() -> None:
    assert said(farm_sessions(nothing, 40)).text == (
        "No session was lost: 0 of 240 (fewer than 1.2 % at 95 %). "
        "All 9 combinations were met, each at least 80 times, by 240 accounts."
    )


def test_a_masked_pass_says_that_the_fault_is_still_there() -> None:
    steered = [session(500 + i, (A, B)[i % 2], [OLD], A, one_way, forced=True) for i in range(9)]
    steered.append(session(600, A, [OLD], A, nothing, forced=True))
    balancer = Balancer("HAProxy 2.8.25", cookie="LB01")
    assert said([*sticky_sessions(80), *steered], balancer=balancer) == Statement(
        "PASS, MASKED",
        (
            "No session was lost, because none ever changed node (0 of 240 did).",
            "The fault is still there: steered across, 9 of 10 sessions from a 2016 node died at EXCH13.",
            "A drain, or a lost LB01 cookie, will throw those users out.",
        ),
    )


def test_a_sticky_pass_claims_nothing_of_what_the_balancer_prevented() -> None:
    text = said(sticky_sessions(), expect=Expectations(persistence="held")).text
    assert "3 of 9 combinations were met" in text
    assert (
        "The balancer prevented 6 of them (0 of 60 sessions changed node); nothing is said" in text
    )
    assert "All" not in text


def test_one_node_every_time_is_told_with_the_address_and_the_way_out() -> None:
    assert said(sticky_sessions(nodes=[A]), sources=("10.0.9.21",)).sentences[:4] == (
        "Nothing can be said about EXCH16-02 or EXCH13.",
        "The balancer sent this machine (10.0.9.21) to EXCH16-01 every time; it seems to keep a source "
        "address on one node.",
        "Add source_addresses, or give the nodes' own addresses.",
        "Of what was measured, 0 of 20 sessions were lost.",
    )


def test_a_safety_stop_concludes_nothing() -> None:
    stopped = "2 accounts were refused (wrong password or locked)"
    assert said([], stopped=stopped, lasted=41) == Statement(
        "STOPPED",
        (
            "Stopped after 41 s: 2 accounts were refused (wrong password or locked).",
            "Nothing is concluded.",
            "No further logon was tried.",
        ),
    )


def test_a_stop_does_not_hide_what_was_lost_before_it() -> None:
    statement = said(farm_sessions(one_way), stopped="a node suffered", lasted=41)
    assert statement.word == "FAIL"
    assert statement.sentences[-1] == "The run was stopped after 41 s; this is what it saw."


def test_nothing_measured_points_at_refused_logons() -> None:
    statement = said([], found([], refused_logons=3))
    assert statement.word == "INCONCLUSIVE"
    assert statement.sentences[-1] == "3 logons refused: look at the passwords first."


def test_a_wrong_mailbox_comes_before_every_loss() -> None:
    findings = found(
        farm_sessions(one_way), wrong_mailbox=[finding("wrong_mailbox", front_end=A)],
        identity={"own": 99, "stranger": 1},
    )  # fmt: skip
    sentences = said([], findings).sentences
    assert (
        sentences[0]
        == "Somebody saw another user's mailbox: 1 answer out of 100, served by EXCH16-01."
    )
    assert "18" not in sentences[0]
    assert any("thrown out" in sentence for sentence in sentences[1:])


def test_changed_front_ends_without_a_loss_say_so() -> None:
    sessions = [*sticky_sessions(), session(500, A, [A, B], A)]
    assert said(sessions, expect=Expectations(persistence="held")).text == (
        "1 of 61 sessions changed node, though the balancer was to keep each on one. "
        "None of them was lost."
    )


def test_losses_whose_node_is_unknown_are_still_losses() -> None:
    one = session(1, A, [A], A)
    one.state = "lost"
    assert said([one]).sentences[0] == (
        "1 of 1 session was thrown out, and which node did it is not known."
    )


def test_allowed_losses_are_not_called_none() -> None:
    sessions = [*farm_sessions(nothing, 20), session(500, A, [A, OLD], A, one_way)]
    text = said(sessions, expect=Expectations(max_lost_sessions=5)).text
    assert text.startswith("1 of 121 sessions was lost (fewer than")
    assert "No session was lost" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            "Simulated Exchange, preset authcert_asymmetry. This says something about your balancer's "
            "file, and nothing about your Exchange.",
        ),
        (
            {"presets": (Preset("a"), Preset("b")), "balancer": None},
            "Simulated Exchange, presets a and b. This says something about how nodes and clients "
            "behave, and nothing about your Exchange.",
        ),
        (
            {
                "presets": (Preset("healthy"),),
                "assumed": "Simulated after a measurement of mail.example.com.",
            },
            "Simulated Exchange, as it was measured. This says something about your balancer's "
            "file, and nothing about your Exchange.",
        ),
        (
            {
                "presets": (Preset("drained"),),
                "assumed": "Simulated after a measurement of mail.example.com.",
            },
            "Simulated Exchange, preset drained. This says something about your balancer's "
            "file, and nothing about your Exchange.",
        ),
        ({"rig": "target"}, ""),
        ({"rig": "shadow"}, ""),
    ],
)
def test_simulated_is_said_when_it_is(changes: dict[str, Any], expected: str) -> None:
    assert simulated_line(facts(**changes)) == expected


def lost_late(sessions: list[Session], count: int, of_session: str | None = "9.0") -> list[Session]:
    """The first `count` that were kept, lost to an answer that was no meeting of theirs."""
    kept = [one for one in sessions if one.state != "lost"][:count]
    for one in kept:
        one.state = "lost"
        one.incident = Incident(
            session=one.id, user=one.user, t=20.0, utc="", seq=9, sign="cookies_taken", step="leave",
            request="POST /owa/plt1.ashx", login_front_end=one.login_front_end,
            front_end=A if of_session else None, back_end=A, of_session=of_session,
        )  # fmt: skip
    return sessions


LATE = (
    "sessions were lost to late answers to an earlier page of the same browser; no combination of nodes "
    "is behind that."
)
UNKNOWN = "sessions were thrown out, and which node did it is not known."


def test_losses_that_stand_in_no_combination_are_told_beside_those_that_do() -> None:
    assert said(lost_late(farm_sessions(nothing), 7)).sentences == (f"7 of 60 {LATE}",)
    told = said(lost_late(farm_sessions(one_way), 7)).sentences
    assert told[0] == "Sessions begun at a 2016 node are thrown out when EXCH13 serves them."
    assert told[1].startswith("40 of 40 were lost") and told[3:] == (f"7 of 60 {LATE}",)
    told = said(lost_late(lost_late(farm_sessions(one_way), 7), 2, None)).sentences
    assert told[3:] == (f"7 of 60 {LATE}", f"2 of 60 {UNKNOWN}")
    assert len(said(farm_sessions(one_way)).sentences) == 3


def test_sessions_that_nobody_knows_who_served_were_served_all_the_same() -> None:
    """A balancer that takes X-FEServer from every answer: no combination, and a run that could tell nothing."""
    sessions = sticky_sessions()
    for one in sessions:
        one.meetings, one.login_front_end = [], None
    dark = found(sessions, attributed=0, unattributed=900, identity={"own": 800, "silent": 50})
    told = said(sessions, dark)
    assert told.word == "INCONCLUSIVE"
    assert told.sentences[0] == (
        "Nothing was measured: 60 sessions began, and of none is known which node answered it (850 answers)."
    )
    assert told.sentences[1].startswith("Who answered is not known for 900 of 900 answers")
    unanswered = found(sessions, attributed=0, unattributed=60, identity={})
    assert said(sessions, unanswered).sentences[0] == (
        "Nothing was measured: 60 sessions began, and none was answered under its own identity."
    )


def test_one_that_was_lost_is_spoken_of_as_one() -> None:
    one = [session(1, A, [A, OLD], OLD, one_way)]
    for changes, said in (
        ({"stopped": "2 accounts were refused", "expect": Expectations(max_lost_sessions=1)}, "until then 1 of 1 session was lost."),
        ({"interrupted": True, "expect": Expectations(max_lost_sessions=1)}, "1 of 1 session was lost."),
    ):  # fmt: skip
        judgement = judge(found(one), facts(**changes))
        assert said in " ".join([judgement.statement.text, *how_many(judgement)])
    assert how_many(judge(found(one), facts()))[0].startswith(
        "1 of 1 session of this load was lost"
    )


IN_OTHER_WORDS = {"wrong_mailbox", "lost", "changed_front_end", "stopped", "node_never_met"}


@pytest.mark.parametrize("name", [name for name in VERDICTS if name not in IN_OTHER_WORDS])
def test_what_stands_against_a_pass_is_always_told(name: str) -> None:
    judged = judge(found(farm_sessions(nothing)), facts())
    reason = Reason(name, "This is why.")
    against = Verdict(VERDICTS[name], False, (reason,))
    assert "This is why." in statement(judged.results, against, judged.findings, facts()).sentences


def of_ews(sessions: list[Session]) -> list[Session]:
    for one in sessions:
        one.protocol, one.id, one.login_front_end = "ews", f"{one.user + 900}.1", None
    return sessions


ONLY = "The balancer sent sessions to {} only."


@pytest.mark.parametrize(
    ("sessions", "sources", "told"),
    [
        (sticky_sessions(nodes=[A]), ("10.0.9.21", "10.0.9.22"), ONLY.format(A)),
        (sticky_sessions(nodes=[A, B]), ("10.0.9.21",), ONLY.format(f"{A} and {B}")),
        (of_ews(sticky_sessions(nodes=[A, B])), (), ONLY.format(f"{A} and {B}")),
    ],
)
def test_no_source_address_is_blamed_where_it_cannot_be(
    sessions: list[Session], sources: tuple[str, ...], told: str
) -> None:
    sentences = said(sessions, sources=sources).sentences
    assert sentences[1] == told and not any("source address" in one for one in sentences)


def test_losses_at_the_only_meeting_have_no_good_number() -> None:
    own = [session(n, OLD, [OLD], OLD, lambda *met: True) for n in range(8)]
    assert said(own).sentences[1:] == (  # 0.025 ** (1 / 8) is 0.63
        "8 of 8 were lost at that meeting (95 %: 63 to 100 %).",
        "No other meeting was seen.",
    )


def test_each_protocols_losses_are_told_under_its_name() -> None:
    ews = of_ews(farm_sessions(lambda login, serving, home: serving == OLD))
    sentences = said([*farm_sessions(one_way), *ews]).sentences
    assert sentences[0].startswith("OWA: Sessions begun at a 2016 node are thrown out")
    assert sentences[3] == "EWS: Sessions are thrown out when EXCH13 serves them."
    assert sentences[4].startswith("60 of 60 were lost")


def test_that_none_was_lost_is_said_only_where_none_was() -> None:
    told = said(farm_sessions(one_way), expect=Expectations(persistence="held")).text
    assert "60 of 60 sessions changed node" in told and "None of them was lost" not in told


def test_a_stop_says_what_was_seen_until_then() -> None:
    told = said(farm_sessions(nothing), stopped="2 accounts were refused", lasted=41)
    assert told.word == "STOPPED"
    assert "Nothing is concluded; until then 0 of 60 sessions were lost." in told.sentences


@pytest.mark.parametrize(
    ("logins", "at", "began"),
    [((A, B), OLD, "a 2016 node"), ((A, OLD), B, "EXCH13 or EXCH16-01"), ((A,), B, "EXCH16-01")],
)
def test_where_steered_sessions_began_is_told_by_version_only_where_it_is_one(
    logins: tuple[str, ...], at: str, began: str
) -> None:
    steered = [
        session(500 + i, logins[i % len(logins)], [at], A, lambda *met: True, forced=True)
        for i in range(10)
    ]
    masked = said([*sticky_sessions(80), *steered], balancer=Balancer("HAProxy 2.8.25"))
    assert masked.sentences[1:] == (
        f"The fault is still there: steered across, 10 of 10 sessions from {began} died at {at}.",
        "A drain, or a change of the balancer's choice, will throw those users out.",
    )


def test_a_masked_pass_in_which_some_changed_node_says_so() -> None:
    steered = [session(500 + i, A, [OLD], A, one_way, forced=True) for i in range(10)]
    moved = [session(700 + i, A, [A, B], (A, OLD)[i % 2]) for i in range(20)]
    sessions = [*sticky_sessions(80), *moved, *steered]
    told = said(sessions, rig="target", balancer=None).sentences[0]
    assert told.startswith("No session was lost: 0 of 260 (")
    assert told.endswith("20 of 260 changed node.")
    allowed = said(lost_late(sessions, 2), expect=Expectations(max_lost_sessions=5))
    assert allowed.word == "PASS, MASKED"
    assert allowed.sentences[0].startswith("2 of 260 sessions were lost (fewer than")
    assert allowed.sentences[0].endswith("that many are allowed.")


@pytest.mark.parametrize(
    ("rig", "who"),
    [("target", "The balancer prevented 6"), ("lab", "Without a balancer nobody can meet 6")],
)
def test_only_a_lab_without_a_balancer_has_none(rig: str, who: str) -> None:
    held = Expectations(persistence="held")
    told = said(sticky_sessions(), rig=rig, balancer=None, expect=held).text
    assert f"{who} of them" in told and "nobody met" not in told


def test_a_pass_tells_that_steering_across_lost_nobody() -> None:
    steered = [session(500 + i, A, [OLD], A, nothing, forced=True) for i in range(7)]
    held = Expectations(persistence="held")
    told = said([*sticky_sessions(), *steered], expect=held).text
    assert "Steered across on purpose, 0 of 7 meetings lost a session." in told
    assert "Steered" not in said(sticky_sessions(), expect=held).text
