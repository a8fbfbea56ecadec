"""Falls if: the document's first keys change, it does not survive a round trip, or steered sessions leak
into its counts."""

from __future__ import annotations

import json

import msgspec
import pytest

from exsim.judgement.judge import Judgement, judge, sessions_to_tell
from exsim.judgement.latency import Latencies
from exsim.judgement.results import FORMAT, decode, encode, schema
from tests.judgement.build import (
    OLD,
    A,
    control_sessions,
    facts,
    farm_sessions,
    finding,
    found,
    lost_dialogue,
    one_way,
    session,
)


def judged() -> Judgement:
    steered = [session(700 + i, A, [OLD], A, one_way, forced=True) for i in range(5)]
    findings = found(
        [*farm_sessions(one_way), *control_sessions(), *steered],
        findings=[finding("hang"), finding("hang"), finding("lb_error")],
    )
    hops = {s.user: lost_dialogue(s) for s in sessions_to_tell(findings)}
    latencies = Latencies()
    for dialogue in hops.values():
        for hop in dialogue:
            latencies.add(hop)
    return judge(findings, facts(h2_offered=True), hops, latencies.rows())


def test_the_documents_first_keys_are_the_interface() -> None:
    document = json.loads(encode(judged().results))
    assert list(document)[:9] == [
        "format", "outcome", "masked", "reasons", "sessions", "lost", "unattributed", "matrix", "run",
    ]  # fmt: skip
    assert list(document["matrix"][0]) == [
        "protocol", "login_front_end", "serving_front_end", "mailbox_back_end", "sessions", "lost",
        "low", "high", "state",
    ]  # fmt: skip
    assert document["format"] == FORMAT == "exsim-results/1"


def test_counts_hold_the_loads_own_sessions_alone() -> None:
    results = judged().results
    assert (results.sessions, results.lost) == (60, 40)
    assert sum(cell.lost for cell in results.matrix) == 40
    assert [(c.sessions, c.lost) for c in results.steered] == [(5, 5)]
    assert [(c.node, c.sessions, c.lost) for c in results.control] == [
        (node.name, 12, 0) for node in facts().nodes
    ]
    assert results.findings == {"hang": 2, "lb_error": 1}
    assert results.h2_offered is True


def test_a_document_survives_a_round_trip() -> None:
    results = judged().results
    assert decode(encode(results)) == results
    assert results.proofs
    assert results.latencies


def test_another_format_is_refused() -> None:
    text = encode(judged().results).replace(FORMAT.encode(), b"exsim-results/2")
    with pytest.raises(msgspec.ValidationError, match="exsim-results/2"):
        decode(text)


def test_the_schema_demands_the_interface() -> None:
    described = schema()
    definition = described["$defs"]["Results"]
    assert definition["required"][:9] == [
        "format", "outcome", "masked", "reasons", "sessions", "lost", "unattributed", "matrix", "run",
    ]  # fmt: skip
    assert {"steered", "control", "proofs", "latencies"} <= set(definition["properties"])


def test_judging_twice_gives_the_same() -> None:
    assert encode(judged().results) == encode(judged().results)


def test_a_few_sessions_of_each_combination_are_told() -> None:
    told = sessions_to_tell(judged().findings)
    places = [(s.login_front_end, s.incident.front_end) for s in told if s.incident]
    assert len(places) == 6
    assert all(places.count(place) == 3 for place in places)
    assert not any(session.forced for session in told)


def test_the_bound_over_accounts_counts_accounts() -> None:
    sessions = [session(i, A, [A], A, account=f"u{i % 20}") for i in range(300)]
    bounds = judge(found(sessions), facts()).results.bounds
    assert bounds.sessions == pytest.approx(0.00994, abs=1e-4)
    assert bounds.accounts == pytest.approx(0.139, abs=1e-3)
