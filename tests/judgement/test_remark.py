"""Falls if: what the balancer did with the sessions is said to be more than they asked for, or less than they showed."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from exsim.judgement.judge import judge
from exsim.judgement.remark import h2_sentence, remarks, spread_sentence
from exsim.judgement.report import html, text
from exsim.session.records import Session
from tests.judgement.build import (
    OLD,
    A,
    B,
    facts,
    farm_sessions,
    found,
    nothing,
    session,
    sticky_sessions,
)

GUIDE = ", which Microsoft's guide for 2013 and later allows."


def short(each: int = 20) -> list[Session]:
    """Three requests over one connection: no balancer had an occasion to move them."""
    return [
        session(i, node, [node], A, requests=3, connections=1)
        for i, node in enumerate([A, B, OLD] * each, 1)
    ]


def half_of_them_kept() -> list[Session]:
    moved = [session(100 + i, A, [A, B, OLD], A) for i in range(30)]
    return [*moved, *sticky_sessions(10)]


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        (sticky_sessions(), "The balancer kept every session on one node (0 of 60 changed)."),
        (short(), "No session changed node (0 of 60); too few asked for enough to say that the balancer keeps them there."),
        (farm_sessions(nothing), f"The balancer does not keep a session on one node (60 of 60 changed){GUIDE}"),
        (half_of_them_kept(), "30 of 60 sessions changed node."),
        ([*farm_sessions(nothing), *short(1)], f"The balancer does not keep a session on one node (60 of 63 changed){GUIDE}"),
        ([], ""),
    ],
)  # fmt: skip
def test_the_balancer_is_said_to_do_what_sessions_that_could_tell_have_shown(
    sessions: list[Session], said: str
) -> None:
    assert spread_sentence(judge(found(sessions), facts())) == said


def test_of_one_node_alone_nothing_is_said_of_keeping() -> None:
    alone = [session(i, A, [A], A) for i in range(1, 31)]
    said = spread_sentence(judge(found(alone), facts(nodes=())))
    assert said == "No session changed node (0 of 30): no other node was seen."


@pytest.mark.parametrize(
    ("protocol", "offered", "said"),
    [("owa", True, "differently."), ("ews", True, "NTLM"), ("activesync", True, "differently."), ("ews", False, ""), ("ews", None, "")],
)  # fmt: skip
def test_http_2_is_said_to_spread_browsers_and_to_break_ntlm_where_clients_may_sign_in_by_it(
    protocol: str, offered: bool | None, said: str
) -> None:
    sessions = [msgspec.structs.replace(one, protocol=protocol) for one in sticky_sessions()]
    judged = judge(found(sessions), facts(h2_offered=offered), {})
    told = h2_sentence(judged)
    assert (said in told) if said else not told
    assert ("NTLM" in told) is (said == "NTLM")
    assert told in " ".join(text.render(judged).split())
    assert told in html.render(judged)


def test_where_the_balancers_log_has_gaps_nobody_claims_to_know_all_who_answered() -> None:
    whole = facts()
    assert whole.balancer is not None
    gaps = replace(whole, balancer=replace(whole.balancer, log_missing=3))
    findings = found(farm_sessions(nothing), attributed=1000, witnesses={"lb_log": 1000})
    for here, mark, said in ((whole, "ok", ""), (gaps, "note", "; lines of that log are missing, so 3 of them may be told wrongly")):  # fmt: skip
        judgement = judge(findings, here)
        (remark,) = (one for one in remarks(judgement) if one.sentence.startswith("Who answered"))
        assert remark.mark == mark
        assert remark.sentence.endswith(f"(100 %): 100 % by the balancer's log{said}.")
        assert ("may be told wrongly" in text.render(judgement)) == bool(said)
