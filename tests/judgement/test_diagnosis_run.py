"""Falls if: a finished run's losses are laid to another cause than the one put in, a healthy organisation is
accused, evidence against is not counted, or the reports do not say cause, evidence, what to do and source."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from exsim.judgement.diagnosis import blame, diagnose_run
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.facts import Node, Preset, RunFacts
from exsim.judgement.judge import judge
from exsim.judgement.report import html, text
from exsim.judgement.results import decode, encode
from exsim.session.hop import Hop
from exsim.session.records import Findings, Session
from exsim.wire.message import Answer
from tests.judgement.build import (
    FARM,
    OLD,
    A,
    B,
    Rule,
    control_sessions,
    facts,
    farm_sessions,
    finding,
    found,
    nothing,
    one_way,
    session,
    sticky_sessions,
)
from tests.rig.balancers import ByCookieButLast, PerConnection, PerRequest
from tests.rig.slice import INCIDENT, farm, run

E14 = [{"name": f"EXCH10-0{number}", "version": "2010"} for number in (1, 2, 3)]
PUBLIC = {"private": False, "user_activity": False, "polls": 30, "think": 5.0, "logons": 1}
SPLIT = {"cert_split", "stale_cert", "hmac_skew"}


@dataclass(frozen=True)
class Case:
    """`named`: the first cause with its class.  `changes`: one browser, mailboxes of several homes."""

    named: set[str]
    presets: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    balancer: type[PerRequest] = PerConnection
    nodes: Any = field(default_factory=lambda: INCIDENT)
    changes: bool = False


CASES: dict[str, Case] = {
    "healthy": Case(set()),
    "authcert_asymmetry": Case({"authcert_asymmetry"}),
    "cert_split": Case(SPLIT),
    "stale_cert": Case(SPLIT),
    "hmac_skew": Case(SPLIT),
    "cng_node": Case({"cng_node"}),
    "auth_cert_expired": Case({"auth_cert_expired"}),
    "e14_no_affinity": Case({"e14_no_affinity"}, nodes=E14),
    "short_public_ttl": Case({"short_public_ttl"}, settings=PUBLIC),
    "clock_skew": Case({"clock_skew"}, settings=PUBLIC, balancer=PerRequest),
    "be_kerberos_broken": Case({"be_kerberos_broken"}),
    "canary_epoch_change": Case({"canary_epoch_change"}, settings={"polls": 12}),
    "build_skew": Case(
        {"build_skew"}, settings={"boot_page_kept": True, "logons": 3}, changes=True
    ),
    "boot_stall": Case({"boot_stall"}, settings={"logons": 5, "polls": 2}),
    "late_wipe": Case(
        {"late_wipe"},
        ("authcert_asymmetry", "late_wipe"),
        {"late_answers": True, "relogin_after": 2.0, "logons": 3},
        ByCookieButLast,
    ),
    "second_factor_key_split": Case({"second_factor_key_split"}),
    "drained": Case(set()),  # the health check alone tells it: a visit asks for that
}


@cache
def diagnosed(name: str) -> tuple[Diagnosis, ...]:
    case = CASES[name]
    organisation, accounts = farm(case.nodes, case.presets or [name], 8)
    settings = dict(case.settings)
    if case.changes:
        settings["change_mailbox"] = tuple(accounts[3:])
        accounts = accounts[:3]
    result = run(organisation, accounts, case.balancer, settings)
    nodes = tuple(Node(node["name"], node["version"]) for node in case.nodes)
    return tuple(diagnose_run(result.findings, RunFacts(nodes=nodes)))


@pytest.mark.parametrize("name", CASES)
def test_each_cause_is_found_where_it_is_and_no_other_is_named_first(name: str) -> None:
    found, wanted = diagnosed(name), CASES[name].named
    if not wanted:
        assert found == ()
        return
    assert {found[0].rule, *found[0].alike} == wanted
    assert found[0].evidence and not found[0].against


@pytest.mark.parametrize("absent", CASES)
def test_no_cause_is_reported_in_a_run_without_it(absent: str) -> None:
    for name, case in CASES.items():
        if absent in (name, *case.presets) or absent in case.named:
            continue
        sure = [one for one in diagnosed(name) if one.score > 0.5]
        assert absent not in {one.rule for one in sure}, name


def test_expiry_is_told_by_nodes_that_had_served_the_session() -> None:
    rows = " ".join(diagnosed("short_public_ttl")[0].evidence)
    assert "refused by a node that had served the session before" in rows


def losing(rule: Rule, **changes: Any) -> list[Diagnosis]:
    return diagnose_run(found(farm_sessions(rule, **changes)), facts())


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (one_way, {"authcert_asymmetry"}),
        (lambda login, serving, home: (login == OLD) != (serving == OLD), SPLIT),
        (lambda login, serving, home: login != serving, {"cert_split", "stale_cert", "hmac_skew"}),
        (lambda login, serving, home: serving == B, {"cng_node"}),
        (lambda login, serving, home: login == OLD and serving != OLD, {"not_known"}),
    ],
    ids=["one way", "one node apart", "each for itself", "one column", "the wrong way round"],
)
def test_the_shape_of_the_losses_names_the_cause(rule: Rule, named: set[str]) -> None:
    first = losing(rule)[0]
    assert {first.rule, *first.alike} >= named and first.rule in named


def test_nothing_to_explain_is_no_diagnosis() -> None:
    assert losing(nothing) == []
    assert diagnose_run(found([]), facts()) == []


def test_losses_that_follow_no_pair_of_nodes_are_not_known() -> None:
    sessions = farm_sessions(nothing, each=20)
    for one in sessions[::3]:
        taken = session(one.user, str(one.login_front_end), [A], OLD, lambda *_: True)
        one.meetings[0].lost, one.incident, one.state = True, taken.incident, "lost"
        one.meetings[0].seq = 5
    first = diagnose_run(found(sessions), facts())[0]
    assert first.rule == "not_known"
    assert blame(first) == "Whether it is the balancer or Exchange is not known."


def test_one_stray_loss_among_many_meetings_accuses_nobody() -> None:
    sessions = farm_sessions(nothing, each=30)
    stray = session(999, A, [OLD], A, lambda *_: True)
    assert diagnose_run(found([*sessions, stray]), facts())[0].rule == "not_known"


def test_kept_meetings_are_evidence_against() -> None:
    """The same losses, with and without the sessions of 2013 that were kept at the others."""
    lost = [session(i, A, [A, OLD], A, one_way) for i in range(1, 9)]
    alone = diagnose_run(found(lost), facts())[0]
    kept = [session(i, OLD, [OLD, A, B], A) for i in range(20, 26)]
    both = diagnose_run(found([*lost, *kept]), facts())[0]
    assert {"cert_split", "authcert_asymmetry"} <= {alone.rule, *alone.alike}
    assert (both.rule, both.alike) == ("authcert_asymmetry", [])


def test_sessions_asked_directly_tell_a_blind_node_from_a_split() -> None:
    lost = [session(i, A, [A, OLD], A, one_way) for i in range(1, 9)]
    kept = [session(i, OLD, [OLD, OLD], A) for i in range(20, 26)]
    names = {one.rule for one in diagnose_run(found([*lost, *kept]), facts())}
    assert "cng_node" not in names
    blind = [
        session(900 + i, OLD, [OLD], A, lambda *_: True, control=True, origin=OLD) for i in range(4)
    ]
    assert diagnose_run(found([*lost, *blind]), facts())[0].rule == "cng_node"


def test_steered_losses_of_a_masked_run_are_explained_too() -> None:
    steered = [session(500 + i, A, [OLD], A, one_way, forced=True) for i in range(6)]
    first = diagnose_run(found([*sticky_sessions(), *steered]), facts())[0]
    assert "authcert_asymmetry" in (first.rule, *first.alike)


def test_a_reason_decides_between_unreadable_and_expired() -> None:
    sessions = farm_sessions(one_way)
    for one in sessions:
        one.private = False
        if one.incident:
            one.incident.reason = "3"
    assert diagnose_run(found(sessions), facts())[0].rule == "clock_skew"


def test_a_503_is_laid_to_the_pair_or_to_the_back_end() -> None:
    sessions = farm_sessions(nothing)
    at_a = [one for one in sessions if one.back_end == A][:3]

    def failed(front_ends: list[str]) -> Findings:
        return found(sessions, findings=[
            finding("front_end_503", session=one.id, front_end=node) for one in at_a for node in front_ends
        ])  # fmt: skip

    assert diagnose_run(failed([OLD]), facts())[0].rule == "be_kerberos_broken"
    assert diagnose_run(failed([A, B, OLD]), facts())[0].rule == "back_end_down"


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("lb_error", "lb_error"),
        ("throttled", "throttling"),
        ("version_mismatch", "build_skew"),
        ("hang", "boot_stall"),
    ],
)
def test_findings_that_name_themselves(kind: str, rule: str) -> None:
    sessions = farm_sessions(nothing)
    first = diagnose_run(found(sessions, findings=[finding(kind, session=sessions[0].id)]), facts())
    assert [one.rule for one in first] == [rule]


def test_a_wrong_mailbox_comes_before_everything() -> None:
    crossed = found(farm_sessions(one_way), wrong_mailbox=[finding("wrong_mailbox", front_end=A)])
    assert [one.rule for one in diagnose_run(crossed, facts())[:2]] == [
        "wrong_mailbox",
        "authcert_asymmetry",
    ]


def test_nothing_is_taken_from_what_the_lab_was_told() -> None:
    """The same sessions under another preset's name give the same diagnosis."""
    sessions: list[Session] = [*farm_sessions(one_way), *control_sessions()]
    told = facts(presets=(Preset("cng_node", "Another sentence."),))
    assert diagnose_run(found(sessions), told) == diagnose_run(found(sessions), facts())


def test_the_results_and_both_reports_carry_it() -> None:
    judged = judge(found([*farm_sessions(one_way), *control_sessions()]), facts(nodes=FARM))
    first = judged.results.diagnosis[0]
    assert (first.rule, first.lost) == ("authcert_asymmetry", 40)
    assert decode(encode(judged.results)).diagnosis == judged.results.diagnosis
    screen, page = " ".join(text.render(judged).split()), " ".join(html.render(judged).split())
    for shown in (screen, page):
        assert first.name in shown and "It is Exchange, not the balancer" in shown
        assert "may share a name" in shown and "exsim explain authcert_asymmetry" in shown
        assert "Let clients reach the newer nodes alone" in shown and "xplained" not in shown
    assert all(row in page for row in first.evidence)
    assert "E13 E16 SEED" in screen and "serverfault 836124" in page


class Refusing:
    """A node whose back end answers `status` below `path`."""

    def __init__(self, node: Any, path: str, status: int) -> None:
        self.node, self.path, self.status, self.front = node, path, status, node.front

    def back(self, request: Any, peer: Any) -> Any:
        if request.target.lower().startswith(self.path) and "logoff" not in request.target:
            return Answer(self.status, "No", [], b"<html>no</html>")
        return (yield from self.node.back(request, peer))


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/ecp/", 404, "0"),
        ("/ecp/", 403, "0"),
        ("/ecp/", 401, "2"),
        ("/owa/service.svc", 401, None),
    ],
)
def test_a_back_ends_refusal_is_no_cookie_that_nobody_could_read(
    path: str, status: int, reason: str | None
) -> None:
    """A front end makes of it what it makes of a missing logon, but names the back end that it had asked."""

    def prepare(network: Any) -> None:
        network.nodes["EXCH13"] = Refusing(network.nodes["EXCH13"], path, status)

    organisation, accounts = farm(INCIDENT, ["healthy"], 6)
    result = run(organisation, accounts, PerConnection, {"polls": 6, "ecp": 2}, prepare=prepare)
    lost = [one.incident for one in result.findings.sessions if one.incident is not None]
    assert lost and {one.passed_on for one in lost} == {"EXCH13"}
    assert reason is None or {one.reason for one in lost} == {reason}
    told = diagnose_run(result.findings, RunFacts(nodes=tuple(Node(n["name"], n["version"]) for n in INCIDENT)))  # fmt: skip
    assert [one.rule for one in told] == ["back_end_refused"] and told[0].lost == len(lost)
    assert path.rstrip("/") in told[0].evidence[0] and told[0].evidence[0].startswith("EXCH13, ")
    by_user: dict[int, list[Hop]] = {}
    for hop in result.hops:
        by_user.setdefault(hop.user, []).append(hop)
    report = " ".join(text.render(judge(result.findings, facts(), by_user)).split())
    assert "passed the request on: its refusal names the back end EXCH13" in report
    assert "could not read it" not in report and "its password was refused" not in report


@pytest.mark.parametrize("preset", ["authcert_asymmetry", "cert_split", "cng_node", "hmac_skew"])
def test_a_front_ends_own_refusal_names_no_back_end(preset: str) -> None:
    organisation, accounts = farm(INCIDENT, [preset], 6)
    result = run(organisation, accounts, PerRequest)
    lost = [one.incident for one in result.findings.sessions if one.incident is not None]
    assert lost and {one.passed_on for one in lost} == {""}
