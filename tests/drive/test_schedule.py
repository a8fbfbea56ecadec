"""A server that stands still for two seconds, seen from sending and by the clients' own plan, in virtual time.

Falls if: the requests that a client could not send while it waited are left out in silence, what waits for an
event counts as held up, a request's pause is another's, or lateness of our own goes missing.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.latency import Latencies, LatencyRow
from exsim.judgement.saturation import held_up
from exsim.org.work import Peer, Wait, Work
from exsim.protocols.flow import Flow, Pause
from exsim.session.hop import Evidence, Hop
from exsim.wire.message import Answer
from exsim.wire.message import Request as OrgRequest
from tests.drive.toys import Recorded, get
from tests.judgement.build import A, hop
from tests.rig.balancers import PerConnection
from tests.rig.memory import Network

EVERY, STALL, POLLS = 0.1, 2.0, 200
STALLS_AT = 50  # the request that meets the stall; its client alone asks here


class Stalling:
    """Answers at once, but for the time in which it answers nobody."""

    def __init__(self) -> None:
        self.asked = 0

    def front(self, request: OrgRequest, peer: Peer) -> Work:
        self.asked += 1
        if self.asked == STALLS_AT:
            yield Wait(STALL)
        return Answer(200, "OK", [("X-FEServer", "A")], b"A")

    def back(self, request: OrgRequest, peer: Peer) -> Work:
        raise NotImplementedError


def polls() -> Flow[None]:
    for _ in range(POLLS):
        yield Pause(EVERY)
        yield from get("/poll")


def hops_of(flow: Flow[Any]) -> list[Hop]:
    net = Network({"A": Stalling()}, PerConnection(["A"]))
    recorded = Recorded(net.world)
    recorded.client.run(flow)
    net.world.run()
    return recorded.hops


def row_of(hops: list[Hop]) -> LatencyRow:
    latencies = Latencies()
    for one in hops:
        latencies.add(one)
    (row,) = latencies.rows()
    return row


def test_a_stall_shows_by_the_schedule_and_hardly_from_sending() -> None:
    hops = hops_of(polls())
    row = row_of(hops)
    plan = row.by_schedule
    assert plan is not None
    assert row.count == len(hops) == POLLS
    assert row.p99 < 0.05, "one slow answer in two hundred"
    assert 1.75 < plan.p99 <= 2.01
    assert plan.max == row.max == pytest.approx(STALL, abs=0.05)
    assert plan.unsent == plan.count - POLLS == 18, "one each 104 ms, but for the last"
    assert "18 that clients were kept from sending" in held_up([row])


def test_the_pause_belongs_to_the_request_that_follows_it() -> None:
    def flow() -> Flow[None]:
        yield Pause(EVERY)
        yield from get("/poll")
        yield from get("/poll")
        yield Pause(3.0)
        yield from get("/poll")

    assert [one.pause for one in hops_of(flow())] == [EVERY, 0.0, 3.0]


HELD = {"took": 30.0, "pause": 1.0}


@pytest.mark.parametrize(
    ("held", "unsent"),
    [
        (HELD, 28),
        (
            {"took": 1.5, "late": 1.0, "pause": 1.0},
            1,
        ),  # 2.5 s after its time: the one due at 1.01 s
        ({**HELD, "pause": 0.0}, 0),
        ({**HELD, "pause": 40.0}, 0),
        (
            {**HELD, "head": 5.0, "body": Evidence(pieces=3)},
            0,
        ),  # its head came when something happened
        ({**HELD, "protocol": "activesync", "step": "ping"}, 0),
    ],
)
def test_only_a_plan_that_could_not_be_kept_is_made_up_for(
    held: dict[str, Any], unsent: int
) -> None:
    same = {name: held[name] for name in ("protocol", "step") if name in held}
    quick = [hop(1, n, 0.0, "GET /", A, took=0.01, pause=1.0, **same) for n in range(9)]
    row = row_of([*quick, hop(1, 10, 0.0, "GET /", A, **held)])
    assert row.by_schedule is not None
    assert row.by_schedule.unsent == unsent


def test_a_usually_slow_answer_is_part_of_the_plan() -> None:
    row = row_of([hop(1, n, 0.0, "GET /", A, took=5.0, pause=1.0) for n in range(9)])
    assert row.by_schedule is not None
    assert (row.by_schedule.unsent, row.by_schedule.p99) == (0, row.p99)


def test_our_own_lateness_counts_by_the_schedule_alone() -> None:
    row = row_of([hop(1, n, 0.0, "GET /", A, took=0.02, late=0.5) for n in range(9)])
    assert row.by_schedule is not None
    assert row.p50 == pytest.approx(0.02, rel=2e-3)
    assert row.by_schedule.p50 == pytest.approx(0.52, rel=2e-3)
    assert (row.by_schedule.late, row.by_schedule.count) == (0.5, 9)


def test_who_was_late_counts_once_and_not_where_he_would_have_been() -> None:
    usual = [hop(1, n, 0.0, "GET /", A, took=0.02) for n in range(8)]
    plan = row_of([*usual, hop(1, 9, 0.0, "GET /", A, took=0.02, late=0.5)]).by_schedule
    assert plan is not None
    assert plan.count == 9
    assert (plan.p50, plan.max) == pytest.approx((0.02, 0.52), rel=2e-3)
