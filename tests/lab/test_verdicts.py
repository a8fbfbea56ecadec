"""Whole runs through the real balancer, and what they come to.

Falls if: the incident is not found or blamed on the wrong node, its workaround is not called masked, a
healthy organisation loses anybody, a combination that nobody met is called kept, or what the run steered
is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.lab.runs import NODES, Ran, carried_out, scenario

pytestmark = pytest.mark.lab

FAIL = 1
HELD = {"persistence": "held", "min_sessions_per_combination": 2}
EACH_BY_ITSELF = [
    {"mailbox": version, "users": 1, "node": node}
    for node, _ in NODES
    for version in ("2013", "2016")
]
RUNS = {
    "roundrobin": {"users": 6, "load": {"duration": "8s", "control": 1}},
    "cookie": {"balancer": "cookie", "users": 6, "expect": HELD, "load": {"duration": "8s"}},
    "cookie_healthy": {
        "balancer": "cookie",
        "preset": "healthy",
        "users": 6,
        "expect": HELD,
        "load": {"duration": "8s"},
    },
    # one home of mailboxes: 27 combinations are more than a few users meet in a few seconds
    "healthy": {
        "preset": "healthy",
        "populations": [{"mailbox": "2013", "users": 12}],
        "session": {"polls": 6, "relogin_after": "200ms"},
        "load": {"duration": "8s"},
    },
    "direct": {
        "balancer": "none",
        "lab": {"tls": "nodes"},
        "populations": EACH_BY_ITSELF,
        "load": {"control": 0, "unmask": False},
        "expect": {"persistence": "held", "min_sessions_per_combination": 1},
    },
    "forced": {
        "balancer": "cookie",
        "users": 1,
        "session": {"polls": 2},
        "load": {"force": True, "duration": "3s", "control": 0},
    },
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Ran]]]:
    """Three at a time: a run waits more than it works."""
    pool = ThreadPoolExecutor(3)
    yield {
        name: pool.submit(carried_out, scenario(tmp_path_factory.mktemp("run") / name, **how))
        for name, how in RUNS.items()
    }
    pool.shutdown(cancel_futures=True)


def states(ran: Ran) -> set[str]:
    return {cell.state for cell in ran.results.matrix}


def test_round_robin_fails_and_every_loss_is_blamed_on_the_2013_node(runs):
    ran = runs["roundrobin"].result()
    assert (ran.results.outcome, ran.code) == ("fail", 1), ran.said
    assert len(ran.lost) == ran.results.lost >= 6
    assert {session.incident.front_end for session in ran.lost} == {"EXCH13"}
    assert {session.login_front_end for session in ran.lost} == {"EXCH16-SYD-01", "EXCH16-SYD-02"}
    assert {session.home for session in ran.lost} == {"2013", "2016"}
    assert [s.state for s in ran.load if s.login_front_end == "EXCH13"].count("lost") == 0
    assert any(session.login_front_end == "EXCH13" for session in ran.load)
    assert ran.results.unattributed == 0


def test_the_first_losses_are_proved_by_copies_of_their_cookies(runs):
    ran = runs["roundrobin"].result()
    begun = {session.id: session.login_front_end for session in ran.lost}
    proofs = [one for one in ran.results.proofs if len(one.lines) > 1]
    assert {begun[one.session] for one in proofs} == {"EXCH16-SYD-01", "EXCH16-SYD-02"}
    assert {one.culprit for one in proofs} == {"EXCH13"}
    assert all(one.alive for one in proofs)
    reasons = {line.reason for one in proofs for line in one.lines if not line.alive}
    assert reasons - {None} == {"0"}  # unreadable: not expired, not refused
    for hop in ran.hops:
        if hop.step == "proof":
            assert hop.control
            assert (hop.status == 200) == (hop.origin != "EXCH13"), hop


def test_each_node_by_itself_loses_nobody_while_the_balancer_does(runs):
    control = runs["roundrobin"].result().results.control
    assert {one.node for one in control} == {name for name, _ in NODES}
    assert all(one.sessions and not one.lost for one in control)


def test_cookie_persistence_passes_and_is_called_masked(runs):
    ran = runs["cookie"].result()
    assert (ran.results.outcome, ran.results.masked, ran.code) == ("pass", True, 0), ran.said
    assert ran.results.lost == 0 < ran.results.sessions
    dead = {
        (cell.login_front_end, cell.serving_front_end)
        for cell in ran.results.steered
        if cell.state == "lost"
    }
    assert dead == {("EXCH16-SYD-01", "EXCH13"), ("EXCH16-SYD-02", "EXCH13")}


def test_the_same_balancer_before_a_healthy_organisation_masks_nothing(runs):
    ran = runs["cookie_healthy"].result()
    assert (ran.results.outcome, ran.results.masked, ran.code) == ("pass", False, 0), ran.said
    assert ran.results.steered and not any(cell.lost for cell in ran.results.steered)


def test_a_healthy_organisation_behind_round_robin_loses_nobody(runs):
    ran = runs["healthy"].result()
    assert (ran.results.outcome, ran.results.masked, ran.code) == ("pass", False, 0), ran.said
    assert ran.results.lost == 0 < ran.results.changed
    assert states(ran) == {"kept"}


def test_each_node_by_itself_passes(runs):
    ran = runs["direct"].result()
    assert (ran.results.outcome, ran.results.masked, ran.code) == ("pass", False, 0), ran.said
    assert {session.login_front_end for session in ran.load} == {name for name, _ in NODES}
    assert ran.results.changed == 0
    assert not ran.directory.lb_log.exists()


@pytest.mark.parametrize("name", RUNS)
def test_what_was_not_met_is_never_called_kept(runs, name):
    ran = runs[name].result()
    for cell in [*ran.results.matrix, *ran.results.steered]:
        if not cell.sessions:
            assert cell.state in ("prevented", "not_exercised"), cell
        if cell.state == "kept":
            assert cell.sessions > 0 == cell.lost
    if name != "forced":  # too short to say so of its own users
        assert ("prevented" in states(ran)) == (name not in ("roundrobin", "healthy"))


def test_a_forced_run_meets_every_combination_and_counts_none(runs):
    ran = runs["forced"].result()
    names = [name for name, _ in NODES]
    met = {
        (cell.login_front_end, cell.serving_front_end): cell.lost
        for cell in ran.results.steered
        if cell.sessions
    }
    assert set(met) == {(login, serving) for login in names for serving in names}
    assert {pair for pair, lost in met.items() if lost} == {
        ("EXCH16-SYD-01", "EXCH13"),
        ("EXCH16-SYD-02", "EXCH13"),
    }
    steered = [one for one in ran.findings.sessions if one.forced]
    assert len(steered) >= len(met)
    assert any(session.state == "lost" for session in steered)
    users = {session.user for session in steered}
    assert all(hop.forced == (hop.user in users) for hop in ran.hops if not hop.control)
    assert not users & {session.user for session in ran.load}
    assert ran.results.sessions == len(ran.load) > 0
    assert (ran.results.lost, ran.lost) == (0, []), (
        "behind the workaround nobody is lost by himself"
    )
    assert ran.code != FAIL, ran.said
