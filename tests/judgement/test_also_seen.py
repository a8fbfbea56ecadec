"""Falls if: a report names a finding by a word that only this project knows, or does not say what it was about."""

from dataclasses import replace

import pytest

from exsim.judgement.also_seen import finding_lines, kind_words
from exsim.judgement.judge import judge
from exsim.session.records import Waits
from tests.judgement.build import OLD, A, B, facts, finding, found, nothing, session
from tests.judgement.compare.sides import balancer


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("lb_timeout", "lb timeout (504 by the balancer: the node was silent for longer than it allows)"),
        ("fault", "fault (an error of the protocol's own)"),
        ("autodiscover_fallback", "autodiscover fallback"),
    ],
)  # fmt: skip
def test_a_sign_is_told_with_its_meaning(kind: str, expected: str) -> None:
    assert kind_words(kind) == expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["ErrorA"], "fault (an error of the protocol's own): 1 time at EXCH16-01: ErrorA"),
        (
            ["ErrorB", "ErrorA", "ErrorB"],
            "fault (an error of the protocol's own): 3 times at EXCH16-01: ErrorB (2), and 1 more",
        ),
        (
            ["E" * 5000],
            f"fault (an error of the protocol's own): 1 time at EXCH16-01: {'E' * 64}",
        ),
    ],
)
def test_calls_that_failed_are_told_with_the_error_that_came_most_often(
    codes: list[str], expected: str
) -> None:
    findings = [finding("fault", front_end=A, detail=f"200 {code}") for code in codes]
    assert finding_lines(judge(found([], findings=findings), facts()))[0] == expected


def test_what_the_balancer_cut_comes_first_then_each_kind_with_its_nodes_then_its_log() -> None:
    findings = [
        finding("lb_timeout"),
        finding("server_error", front_end=B, detail="500 Owa.E"),
        finding("server_error", front_end=A, detail="500 Owa.E"),
        finding("server_error", front_end=A),
    ]
    log = ("frontend full, 1000 connections", "a request of 5 s was cut by timeout server")
    here = facts(balancer=replace(balancer("x.cfg"), log_findings=log))
    sessions = [session(1, A, [A, B], OLD, nothing)]
    assert finding_lines(judge(found(sessions, findings=findings), here)) == [
        "the balancer's log: a request of 5 s was cut by timeout server",
        "lb timeout (504 by the balancer: the node was silent for longer than it allows): 1 time",
        "server error (an error of the server's own): 3 times at EXCH16-01 and EXCH16-02",
        "the balancer's log: frontend full, 1000 connections",
    ]


def test_where_several_protocols_ran_each_is_told_by_itself() -> None:
    sessions = [
        session(1, A, [A, B], OLD, nothing),
        session(2, A, [A, B], OLD, nothing, protocol="ews"),
    ]
    findings = [
        finding("no_answer", front_end=A),
        finding("no_answer", protocol="ews", front_end=B),
        finding("no_answer", protocol="ews", front_end=B),
    ]
    assert finding_lines(judge(found(sessions, findings=findings), facts(balancer=None))) == [
        "EWS, no answer (no answer came): 2 times at EXCH16-02",
        "OWA, no answer (no answer came): 1 time at EXCH16-01",
    ]


@pytest.mark.parametrize(
    ("mean", "scale", "said"),
    [
        (60.0, 1.0, "a wait lasted 60 s on average, so they ask 8.0 times as often"),
        (6.0, 0.1, "a wait lasted 60 s on average, so they ask 8.0 times as often"),
        (480.0, 1.0, "a wait lasted 8 min on average"),
        (0.0, 1.0, "a wait lasted 0 s on average"),
    ],
)
def test_how_much_more_often_telephones_ask_is_told_where_it_is_more(
    mean: float, scale: float, said: str
) -> None:
    waits = Waits(devices=4, cut=3, cuts=5, asked=480.0, left=60.0, mean=mean)
    (line,) = finding_lines(judge(found([], waits=waits), facts(balancer=None, time_scale=scale)))
    assert line == (
        f"3 of 4 telephones had a wait cut and shortened it, from 8 min to 60 s: {said}"
    )


def test_telephones_whose_waits_were_not_cut_are_not_told_of() -> None:
    waits = Waits(devices=4, mean=480.0)
    assert finding_lines(judge(found([], waits=waits), facts(balancer=None))) == []
