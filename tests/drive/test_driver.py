"""The driver's core in virtual time.

Falls if: a request leaves without a hop, a flow hears of an answer before it is written, more connections
are opened than are needed, something is followed or repeated, or a stopped flow's request is forgotten.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.protocols.flow import (
    Close,
    End,
    Flow,
    Head,
    Join,
    Lease,
    Mark,
    Open,
    Pause,
    Receive,
    Release,
    Request,
    Response,
    Start,
    Stop,
    together,
)
from exsim.session.hop import ConnectionLine, Evidence
from exsim.session.hop import Mark as MarkLine
from tests.drive.toys import Recorded, ToyNode, bodies, get
from tests.rig.balancers import PerConnection, PerRequest
from tests.rig.memory import Network

NODES = ["A", "B", "C"]


def network(balancer: type[PerRequest] = PerRequest) -> Network:
    return Network({name: ToyNode(name) for name in NODES}, balancer(NODES))


def run(flow: Flow[Any], net: Network | None = None, **identity: Any) -> tuple[Recorded, Any]:
    net = net or network()
    recorded = Recorded(net.world, **identity)
    task = recorded.client.run(flow)
    net.world.run()
    assert task.done
    return recorded, task.result


def test_who_wants_more_of_a_hop_is_told_after_all_others_and_before_the_flow() -> None:
    net, told = network(), []
    recorded = Recorded(net.world)
    client = recorded.client
    client.hop_sink = lambda hop: told.append(("sink", hop.step)) or hop.step == "two"
    client.listeners.append(lambda exchange, hop: told.append(("all", hop.step)))
    client.on_more = lambda exchange, hop: told.append(("more", exchange.request.step))

    def flow() -> Flow[None]:
        for step in ("/one", "/two"):
            yield from get(step)
            told.append(("flow", step[1:]))

    client.run(flow())
    net.world.run()
    one, two = ([(who, step) for who in ("sink", "all", "more", "flow")] for step in ("one", "two"))
    assert told == [one[0], one[1], one[3], *two]


def test_each_request_is_one_hop_and_the_answer_comes_back() -> None:
    def flow() -> Flow[bytes]:
        first = yield from get("/one", session=2)
        yield from get("/two")
        return first.body

    recorded, result = run(flow())
    assert result == b"A"
    assert [(hop.seq, hop.session, hop.request, hop.status) for hop in recorded.hops] == [
        (1, "1.2", "GET /one", 200),
        (2, "1.0", "GET /two", 200),
    ]
    assert recorded.hops[0].headers == {"x-feserver": "A"}
    assert recorded.hops[0].client_request_id != recorded.hops[1].client_request_id


def test_the_hop_is_written_before_the_flow_hears_of_the_answer() -> None:
    seen: list[int] = []
    net = network()
    recorded = Recorded(net.world)

    def flow() -> Flow[None]:
        yield from get("/one")
        seen.append(len(recorded.hops))

    recorded.client.run(flow())
    net.world.run()
    assert seen == [1]


def test_one_request_after_another_uses_one_connection() -> None:
    def flow() -> Flow[None]:
        for _ in range(5):
            yield from get("/x")

    recorded, _ = run(flow())
    assert {hop.conn for hop in recorded.hops} == {recorded.hops[0].conn}
    assert [hop.reused for hop in recorded.hops] == [False, True, True, True, True]


@pytest.mark.parametrize(("limit", "connections"), [(1, 1), (3, 3), (6, 6)])
def test_parallel_requests_open_as_many_connections_as_the_client_may(
    limit: int, connections: int
) -> None:
    def flow() -> Flow[list[Response]]:
        return (yield from together([get(f"/{i}").__iter__() for i in range(12)]))

    recorded, result = run(flow(), connections=limit)
    assert len(result) == 12
    assert len({hop.conn for hop in recorded.hops}) == connections
    assert sum(isinstance(line, ConnectionLine) for line in recorded.lines) == connections


def test_six_connections_meet_every_node_where_one_stays_on_one() -> None:
    """As HAProxy with the incident's options was measured to do."""

    def flow() -> Flow[list[bytes]]:
        yield from together([get(f"/{i}").__iter__() for i in range(6)])
        return bodies((yield from together([get(f"/{i}").__iter__() for i in range(6)])))

    assert set(run(flow(), network(PerConnection), connections=6)[1]) == {b"A", b"B", b"C"}
    assert len(set(run(flow(), network(PerConnection), connections=1)[1])) == 1


def test_the_last_used_idle_connection_is_taken_first_or_the_oldest_when_asked() -> None:
    def flow() -> Flow[None]:
        yield from together([get("/slow?seconds=1").__iter__(), get("/slow?seconds=2").__iter__()])
        yield from get("/last")

    recent, _ = run(flow())
    assert recent.hops[-1].conn == recent.hops[-2].conn
    oldest, _ = run(flow(), oldest_first=True)
    assert oldest.hops[-1].conn == oldest.hops[0].conn


def test_a_pause_is_scaled_and_tells_the_wall_clock() -> None:
    def flow() -> Flow[tuple[float, float]]:
        first = yield from Pause(0)
        second = yield from Pause(10)
        return first, second

    net = network()
    net.world.scale = 0.1
    _, (first, second) = run(flow(), net)
    assert second - first == pytest.approx(1.0)


def test_an_answer_that_does_not_come_in_time_is_an_answer_with_an_error() -> None:
    def flow() -> Flow[Response]:
        return (yield from get("/slow?seconds=100", timeout=5.0))

    recorded, response = run(flow())
    assert (response.status, response.error) == (None, "timeout")
    hop = recorded.hops[0]
    assert (hop.ended, hop.error, hop.took) == ("unanswered", "timeout", pytest.approx(5.0))


def test_a_stream_is_read_piece_by_piece_and_its_gaps_are_kept() -> None:
    def flow() -> Flow[list[Any]]:
        channel = yield from Open(get("/stream"))
        seen: list[Any] = []
        while not seen or not isinstance(seen[-1], End):
            seen.append((yield from Receive(channel, 100.0)))
        yield from Close(channel, Evidence(is_="notifications"))
        return seen

    recorded, seen = run(flow())
    assert isinstance(seen[0], Head) and seen[1:4] == [b"alive"] * 3 and seen[4] == End(None)
    body = recorded.hops[0].body
    assert (body.is_, body.pieces, body.longest_gap) == ("notifications", 3, pytest.approx(40.0))


def test_a_wait_for_a_piece_may_end_and_leaves_the_channel_open() -> None:
    def flow() -> Flow[list[Any]]:
        channel = yield from Open(get("/stream"))
        head = yield from Receive(channel, 10.0)
        late = yield from Receive(channel, 10.0)
        piece = yield from Receive(channel, 60.0)
        yield from Close(channel)
        return [type(head), late, piece]

    recorded, seen = run(flow())
    assert seen == [Head, End("timeout"), b"alive"]
    assert [(hop.ended, hop.status) for hop in recorded.hops] == [("closed", 200)]


def test_what_a_flow_made_of_a_channel_so_far_is_kept_when_the_run_stops_it() -> None:
    def listen() -> Flow[None]:
        channel = yield from Open(get("/stream"))
        yield from Receive(channel, 100.0)
        channel.evidence = Evidence(is_="accepted", owner="own")
        while True:
            yield from Receive(channel, 100.0)

    def flow() -> Flow[None]:
        task = yield from Start(listen())
        yield from Pause(50)
        yield from Stop(task)

    recorded, _ = run(flow())
    (hop,) = recorded.hops
    assert (hop.ended, hop.body.is_, hop.body.owner) == ("abandoned", "accepted", "own")
    assert hop.body.pieces


def test_a_stopped_sub_flow_abandons_its_request_as_a_hop() -> None:
    def flow() -> Flow[None]:
        task = yield from Start(get("/slow?seconds=100").__iter__())
        yield from Pause(1)
        yield from Stop(task)

    recorded, _ = run(flow())
    assert [(hop.ended, hop.status) for hop in recorded.hops] == [("abandoned", None)]


def test_the_end_of_the_client_abandons_everything_in_flight() -> None:
    net = network()
    recorded = Recorded(net.world)
    recorded.client.run(together([get("/slow?seconds=100").__iter__() for _ in range(3)]))
    net.world.run(until=1.0)
    recorded.client.stop()
    net.world.run()
    assert [hop.ended for hop in recorded.hops] == ["abandoned"] * 3


def test_nothing_is_sent_any_more_when_the_client_ends() -> None:
    """The parts of a flow end one after the other; what waits for the first must not go on meanwhile."""
    net = network()
    recorded = Recorded(net.world)

    def life() -> Flow[None]:
        yield from together([get("/slow?seconds=100").__iter__()])
        yield Start(get("/after").__iter__())
        yield from get("/later")

    for _ in range(5):  # whichever of a client's tasks is ended first
        recorded.client.run(life())
    net.world.run(until=1.0)
    recorded.client.stop()
    net.world.run()
    assert {hop.request for hop in recorded.hops} == {"GET /slow?seconds=…"}
    assert recorded.client.seq == len(recorded.hops) == 5


def test_a_flow_waits_for_the_first_of_several_or_no_longer_than_it_says() -> None:
    def flow() -> Flow[tuple[int, int, int]]:
        tasks = []
        for seconds in (5, 50):
            tasks.append((yield from Start(get(f"/slow?seconds={seconds}").__iter__())))
        soon = yield from Join(tasks, timeout=1.0)
        first = yield from Join(tasks, first=True)
        both = yield from Join(tasks)
        return len(soon), len(first), len(both)

    assert run(flow())[1] == (0, 1, 2)


def test_a_leased_connection_is_ones_own_until_it_is_given_back() -> None:
    def flow() -> Flow[None]:
        mine = yield from Lease()
        yield from get("/leg1", on=mine)
        yield from get("/other")
        yield from get("/leg2", on=mine)
        yield from Release(mine)
        fresh = yield from Lease(fresh=True)
        yield from get("/fresh", on=fresh)
        yield from Release(fresh, keep=False)

    recorded, _ = run(flow())
    leg1, other, leg2, fresh = (hop.conn for hop in recorded.hops)
    assert leg1 == leg2 != other
    assert fresh not in (leg1, other)


def test_a_node_can_be_asked_itself() -> None:
    def flow() -> Flow[list[bytes]]:
        answers = []
        for _ in range(3):
            answers.append((yield from get("/x", origin="C")))
        return bodies(answers)

    recorded, result = run(flow())
    assert result == [b"C"] * 3
    assert {hop.origin for hop in recorded.hops} == {"C"}


def test_what_would_write_is_refused_unless_the_scenario_allows_it() -> None:
    def flow() -> Flow[Response]:
        return (yield from Request("POST", "/x", writes="mail", step="send"))

    recorded, response = run(flow())
    assert response.error == "not_allowed" and recorded.hops == []
    assert [line.what for line in recorded.lines if isinstance(line, MarkLine)] == ["write_refused"]
    allowed, response = run(flow(), allowed_writes=frozenset({"mail"}))
    assert response.status == 200 and len(allowed.hops) == 1


def test_what_is_made_stands_in_the_ledger_before_it_leaves_and_without_a_ledger_nothing_is_made() -> (
    None
):
    net = network()
    recorded = Recorded(net.world, allowed_writes=frozenset({"mail"}))
    entered: list[tuple[str, int]] = []

    def flow() -> Flow[list[str | None]]:
        first = yield from Request("POST", "/x", writes="mail", makes="draft A", step="save")
        recorded.client.enter_in_ledger = lambda request: entered.append(
            (request.makes, len(recorded.hops))
        )
        second = yield from Request("POST", "/x", writes="mail", makes="draft B", step="save")
        return [first.error, second.error]

    task = recorded.client.run(flow())
    net.world.run()
    assert task.result == ["not_allowed", None] and len(recorded.hops) == 1
    assert entered == [("draft B", 0)]


def test_no_cookie_value_stands_in_a_hop_but_the_balancers_own() -> None:
    from exsim.protocols.flow import CookieLine

    def flow() -> Flow[None]:
        yield from get("/cookie", cookies=CookieLine({"cadata": "secret-value", "LB01": "EXCH13"}))

    recorded, _ = run(flow())
    hop = recorded.hops[0]
    assert hop.cookies["LB01"] == "EXCH13"
    assert hop.cookies["cadata"] == hop.set_cookies["cadata"] != "secret-value"


def test_a_mark_is_a_line_of_its_own() -> None:
    def flow() -> Flow[None]:
        yield from Mark("hang", {"step": "boot"})

    recorded, _ = run(flow())
    assert isinstance(recorded.lines[0], MarkLine) and recorded.lines[0].facts == {"step": "boot"}


def test_a_crash_in_a_flow_ends_the_run_and_is_marked() -> None:
    def flow() -> Flow[None]:
        yield from get("/x")
        raise ZeroDivisionError

    net = network()
    recorded = Recorded(net.world)
    recorded.client.run(flow(), "user")
    with pytest.raises(ZeroDivisionError):
        net.world.run()
    marks = [line for line in recorded.lines if isinstance(line, MarkLine)]
    assert marks[0].facts == {"flow": "user", "error": "ZeroDivisionError"}


def test_a_hop_shows_its_own_request_without_its_secrets() -> None:
    def flow() -> Flow[None]:
        for target in ("/a?key=1", "/a?key=2", "/b?key=1", "/b?key=1"):
            yield from get(target)
        yield from Request("POST", "/b?key=1", step="b")

    recorded, _ = run(flow())
    shown = [hop.request for hop in recorded.hops]
    assert shown == [
        "GET /a?key=…",
        "GET /a?key=…",
        "GET /b?key=…",
        "GET /b?key=…",
        "POST /b?key=…",
    ]
