"""Falls if: what a protocol that signs in by HTTP suffered names no cause, the wrong one, or one that is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exsim.judgement.diagnosis import RULES, diagnose_run
from exsim.judgement.diagnosis.signed_in import LOST, TELLING
from exsim.judgement.facts import Balancer, Node
from exsim.judgement.judge import judge
from exsim.judgement.report import csv, html, junit, text
from exsim.session.hop import Evidence, Line
from exsim.session.meaning import SIGNS, Sign
from tests.judgement.build import OLD, A, B, facts
from tests.session.calls import LOST_CONTEXT, Caller
from tests.session.dialogue import judged

Made = Callable[[], list[Line]]
CUT = "sH: POST /Microsoft-Server-ActiveSync was cut 3 times"


def lines(act: Callable[[Caller], object], protocol: str = "ews", begin: bool = True) -> Made:
    def made() -> list[Line]:
        caller = Caller(protocol)
        caller.begin()
        if begin:
            (caller.connect if protocol in ("mapi_http", "outlook_anywhere") else caller.handshake)(
                A
            )
        act(caller)
        return caller.lines

    return made


def answered(body: Evidence, **fields: object) -> Callable[[Caller], object]:
    return lambda caller: caller.call(B, body=body, **fields)


def broken_ntlm(caller: Caller) -> None:
    caller.challenged(A)
    caller.challenged(B, "ntlm_1")
    caller.refused(OLD)


def shut_out(*legs: tuple[str | None, str | None]) -> list[Line]:
    """Clients that are refused for good: who challenged each, and who refused its last leg."""
    made: list[Line] = []
    for user, (challenger, refuser) in enumerate(legs, 1):
        caller = Caller("ews", user)
        caller.begin()
        caller.challenged(challenger)
        caller.challenged(challenger, "ntlm_1")
        caller.refused(refuser)
        made += caller.lines
    return made


def stranger() -> list[Line]:
    caller = Caller("ews", authentication="none")
    caller.challenged(A)
    caller.call(B, auth="")
    return caller.lines


ROWS: list[tuple[str, Made, list[str]]] = [
    ("nothing wrong", lines(lambda caller: caller.call(B)), []),
    ("ntlm's legs apart", lines(broken_ntlm, begin=False), ["ntlm_broken"]),
    ("a 401 on an accepted connection", lines(lambda caller: caller.refused(B, "bound")), ["connection_unbound"]),
    ("a node that refuses what others take", lines(lambda caller: caller.refused(OLD, "basic")), ["refused_here"]),
    ("a stranger who was told", stranger, ["connection_shared"]),
    ("another identity", lines(answered(Evidence(is_="answer", owner="other"))), ["connection_shared"]),
    ("a cut poll", lines(lambda caller: caller.hop(None, 504, auth="bound"), "activesync"), ["poll_cut"]),
    ("a stream broken off", lines(answered(Evidence(is_="answer"), error="truncated")), ["poll_cut"]),
    ("a body awaited", lines(lambda caller: caller.in_channel(None, 408), "outlook_anywhere", False), ["body_awaited"]),
    ("channels that hang", lines(lambda caller: caller.hop(None, None, auth="ntlm_3", error="timeout"), "outlook_anywhere", False), ["body_awaited"]),
    ("a body too long", lines(lambda caller: caller.in_channel(None, 413), "outlook_anywhere", False), ["body_limit"]),
    ("small pieces held back", lines(answered(Evidence(is_="answer", pieces=9, median_gap=0.206))), ["pieces_delayed"]),
    ("channels apart", lines(answered(LOST_CONTEXT), "outlook_anywhere", False), ["channels_apart"]),
    ("a context gone", lines(answered(LOST_CONTEXT), "mapi_http"), ["context_gone"]),
    ("a telephone begun anew", lines(answered(Evidence(is_="answer", code="132")), "activesync"), ["device_state_gone"]),
    ("cookies stripped", lines(answered(Evidence(is_="fault", code="13")), "mapi_http"), ["cookies_stripped"]),
    ("a request repeated", lines(answered(Evidence(is_="fault", code="15")), "mapi_http"), ["request_repeated"]),
    ("a page in its place", lines(answered(Evidence(is_="logon_page"))), ["not_the_protocol"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "made", "rules"), ROWS, ids=[row[0] for row in ROWS])
def test_what_was_seen_names(name: str, made: Made, rules: list[str]) -> None:
    found = diagnose_run(judged(made()), facts())
    assert [one.rule for one in found] == rules
    for one in found:
        assert one.evidence and one.fault == RULES[one.rule].fault


def test_the_rows_above_are_every_rule_of_these_protocols() -> None:
    from exsim.judgement.diagnosis import http_rules

    below = {"channel_binding"}  # with whose nodes it is
    assert {rule for *_, rules in ROWS for rule in rules} | below == {
        rule.id for rule in http_rules.RULES
    }


LAB, OF_2016, OF_2019 = {}, {"rig": "target", "presets": (), "nodes": (Node(A, "2016"),)}, {"rig": "target", "presets": (), "nodes": (Node(A, "2019"),)}  # fmt: skip


@pytest.mark.parametrize(
    ("legs", "of", "rule", "alike"),
    [
        ([(A, A), (B, B)], OF_2019, "channel_binding", ["ntlm_broken"]),
        ([(A, A), (B, B)], OF_2016, "ntlm_broken", ["channel_binding"]),  # off there unless asked for
        ([(A, A), (B, B)], LAB, "ntlm_broken", ["channel_binding"]),  # in a lab, too
        ([(B, B), (B, OLD)], OF_2019, "ntlm_broken", []),
        ([(None, None)], OF_2019, "channel_binding", ["ntlm_broken"]),  # nobody says who answered
    ],
)  # fmt: skip
def test_a_last_leg_that_reached_another_node_is_the_balancers_and_one_that_did_not_may_be(
    legs: list[tuple[str | None, str | None]], of: dict[str, Any], rule: str, alike: list[str]
) -> None:
    (found,) = diagnose_run(judged(shut_out(*legs)), facts(**of))
    assert (found.rule, found.alike) == (rule, alike)
    assert ("ExtendedProtectionTokenChecking" in found.decides) is bool(alike)


def test_the_balancers_log_stands_beside_a_cut_poll() -> None:
    made = lines(lambda caller: caller.hop(None, 504, auth="bound", took=6.0), "activesync")
    told = diagnose_run(judged(made()), facts(balancer=Balancer(log_findings=(CUT, "was full"))))
    assert told[0].evidence == [
        "Cut by the balancer: call (504 after 6.0 s, 1 time).", f"The balancer's log: {CUT}.",
    ]  # fmt: skip


def test_losses_of_these_protocols_are_no_trials_of_logon_cookies() -> None:
    found = diagnose_run(judged(lines(answered(LOST_CONTEXT), "mapi_http")()), facts())
    assert [one.rule for one in found] == ["context_gone"]


@pytest.mark.parametrize(("name", "made", "rules"), ROWS, ids=[row[0] for row in ROWS])
def test_every_report_can_tell_it(name: str, made: Made, rules: list[str]) -> None:
    every = made()
    findings = judged(every)
    hops = {17: [line for line in every if hasattr(line, "seq")]}
    told = judge(findings, facts(), hops)  # type: ignore[arg-type]
    assert "Whose mailbox answered" in text.render(told) or not findings.identity_by
    for rendered in (html.render(told), junit.render(told), csv.render(told)):
        assert rendered
    assert "MAPI_HTTP" not in text.render(told)


def test_the_tables_name_signs_that_there_are() -> None:
    assert set(TELLING) | set(LOST) <= {sign.value for sign in Sign}
    assert all(SIGNS[Sign(kind)].finding for kind in TELLING)
