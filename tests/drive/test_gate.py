"""The gate before the wire, in virtual time.

Falls if: an attempt leaves that the budget forbids, one that waits is forgotten or never answered, a refused
account's cookies go on being shown, what is held does not show as lateness, a ceiling is passed, or a request
that never left has a hop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.drive.gate import Gate
from exsim.drive.pace import Pace, pace_of
from exsim.org.work import Begin, Peer, Piece, Wait, Work
from exsim.protocols.flow import (
    Close,
    CookieLine,
    End,
    Flow,
    Open,
    Pause,
    Receive,
    Request,
    Response,
    Start,
    Stop,
    together,
)
from exsim.session.attempts import Attempts
from exsim.wire.message import Answer
from exsim.wire.message import Request as OrgRequest
from tests.drive.toys import Recorded
from tests.rig.balancers import PerConnection
from tests.rig.memory import Network

WHO = "user01@example.com"
LOGON_PAGE = "https://m/owa/auth/logon.aspx?url=x&reason=2"


class Door:
    """Answers after `takes` seconds: 401 where `good` says no, 302 with reason=2 at /owa/changed."""

    def __init__(self, good: Callable[[int], bool] = lambda number: True, takes: float = 1.0):
        self.good, self.takes = good, takes
        self.asked = 0
        self.at_once = self.most_at_once = 0

    def front(self, request: OrgRequest, peer: Peer) -> Work:
        self.asked += 1
        good = self.good(self.asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if request.path == "/stream":
            yield Begin(Answer(200 if good else 401, "OK"))
            self.at_once -= 1
            yield Wait(600.0)
            yield Piece(b"x")
            return None
        yield Wait(self.takes)
        self.at_once -= 1
        if request.path == "/owa/changed":
            return Answer(302, "Found", [("Location", LOGON_PAGE)])
        return Answer(200 if good else 401, "", [], b"x")

    def back(self, request: OrgRequest, peer: Peer) -> Work:
        raise NotImplementedError


class Rig:
    def __init__(self, door: Door, **gate: Any) -> None:
        self.net = Network({"A": door}, PerConnection(["A"]))
        self.recorded = Recorded(self.net.world, connections=12)
        self.rested: list[tuple[str, str]] = []
        self.gate = Gate(
            self.net.world, Attempts(), rested=lambda *rest: self.rested.append(rest), **gate
        )
        self.gate.follow(self.recorded.client)

    def run(self, flow: Flow[Any]) -> Any:
        task = self.recorded.client.run(flow)
        self.net.world.run()
        assert task.done
        return task.result


def basic(target: str = "/EWS", **more: Any) -> Request:
    return Request("POST", target, account=WHO, auth="basic", **more)


def side_by_side(count: int, **more: Any) -> Flow[list[Response]]:
    return (yield from together([basic(**more).__iter__() for _ in range(count)]))


def said(responses: list[Response]) -> list[int | str | None]:
    return [response.status or response.error for response in responses]


def test_until_the_first_success_one_is_out_at_a_time_and_then_as_many_as_the_budget() -> None:
    door = Door()

    def flow() -> Flow[list[Response]]:
        first = yield from side_by_side(3)
        assert door.most_at_once == 2, "one, and the two others after its success"
        return first + (yield from side_by_side(10))

    rig = Rig(door)
    assert said(rig.run(flow())) == [200] * 13
    assert door.most_at_once == 6 and rig.rested == []
    assert max(hop.late for hop in rig.recorded.hops) >= 1.0, "who was held is late"


def test_a_wrong_password_is_tried_once_however_many_ask() -> None:
    door = Door(lambda number: False)
    rig = Rig(door)
    assert said(rig.run(side_by_side(6))) == [401, *["not_allowed"] * 5]
    assert door.asked == len(rig.recorded.hops) == 1
    assert rig.rested == [(WHO, "its password was refused")]


def test_a_password_that_changes_costs_what_is_in_flight_and_nothing_more() -> None:
    door = Door(lambda number: number <= 4)

    def flow() -> Flow[list[Response]]:
        yield from side_by_side(4)
        return (yield from side_by_side(9))

    assert said(Rig(door).run(flow())) == [*[401] * 6, *["not_allowed"] * 3]
    assert door.asked == 4 + 6


def test_reason_2_on_an_ordinary_answer_stops_the_accounts_cookies_everywhere() -> None:
    live = CookieLine({"cadata": "x"})

    def flow() -> Flow[list[Response]]:
        changed = yield from Request("GET", "/owa/changed", account=WHO, cookies=live)
        assert changed.status == 302
        again = yield from Request("GET", "/owa/", account=WHO, cookies=live)
        bare = yield from Request("GET", "/owa/", account=WHO)
        other = yield from Request("GET", "/owa/", account="user02@example.com", cookies=live)
        return [again, bare, other]

    rig = Rig(Door())
    assert said(rig.run(flow())) == ["not_allowed", 200, 200]
    assert [who for who, _ in rig.rested] == [WHO]


def test_a_stream_is_settled_by_its_head_and_not_after_minutes() -> None:
    def flow() -> Flow[tuple[float, list[Response]]]:
        channel = yield from Open(basic("/stream"))
        yield from Receive(channel)
        others = yield from side_by_side(3)
        yield from Close(channel)
        return rig.net.world.now(), others

    rig = Rig(Door())
    at, others = rig.run(flow())
    assert said(others) == [200] * 3 and at < 10


def test_a_channel_that_is_not_allowed_is_over_before_it_began() -> None:
    def flow() -> Flow[Any]:
        yield from basic()
        channel = yield from Open(basic("/stream"))
        piece = yield from Receive(channel)
        yield from Close(channel)
        return piece

    rig = Rig(Door(lambda number: False))
    assert rig.run(flow()) == End("not_allowed")
    assert len(rig.recorded.hops) == 1


def test_an_attempt_whose_flow_is_stopped_before_it_left_holds_nobody_up() -> None:
    def flow() -> Flow[Response]:
        tasks = []
        for _ in range(2):
            tasks.append((yield from Start(basic().__iter__())))
        for task in tasks:
            yield from Stop(task)
        return (yield from basic())

    assert Rig(Door()).run(flow()).status == 200


@pytest.mark.parametrize(
    ("count", "period", "asked", "given"),
    [
        (2, 1.0, [0, 0, 0, 0, 0.5], [0, 0, 1, 1, 2]),
        (2, 1.0, [0, 0.9, 1.0, 1.1, 5], [0, 0.9, 1.0, 1.9, 5]),
        (1, 60.0, [10, 11, 12], [10, 70, 130]),
    ],
)
def test_a_pace_is_never_passed_in_any_period(
    count: int, period: float, asked: list[float], given: list[float]
) -> None:
    pace = Pace(count, period)
    assert [pace.place(now) for now in asked] == given


def happened(pace: Pace, now: float, pauses: list[float]) -> tuple[list[float], float]:
    """One after the other, each when it is free; and the time that it is then."""
    times: list[float] = []
    for pause in pauses:
        now = pace.free(now + pause)
        pace.take(now)
        times.append(now)
    return times, now


PAUSES = st.lists(st.sampled_from([0.0, 0.0, 0.25, 1.0, 7.5, 40.0]), max_size=30)


@given(count=st.integers(1, 6), first=PAUSES, between=st.sampled_from([0.0, 3.0]), later=PAUSES)
def test_a_pace_that_begins_with_what_was_before_it_is_passed_in_no_period_across_both(
    count: int, first: list[float], between: float, later: list[float]
) -> None:
    before = Pace(count, 60.0)
    times, now = happened(before, 0.0, first)
    now += between
    told = before.lately(now)
    assert told == tuple(at for at in times if at > now - 60.0)
    after = Pace(count, 60.0, reversed(told))
    more, now = happened(after, now, later)
    every = times + more
    assert all(b - a >= 60.0 for a, b in zip(every, every[count:], strict=False))
    assert after.lately(now) == tuple(at for at in more if at > now - 60.0), "its own alone"


@given(count=st.integers(1, 6), before=PAUSES, wanted=st.integers(1, 9))
def test_a_pace_says_when_so_many_may_happen_at_once_and_not_later_than_that(
    count: int, before: list[float], wanted: int
) -> None:
    pace = Pace(count, 60.0)
    _, now = happened(pace, 0.0, before)
    at = pace.free(now, wanted)
    at_once = min(wanted, count)
    assert [pace.place(at) for _ in range(at_once)] == [at] * at_once
    one_by_one = Pace(count, 60.0)
    _, now = happened(one_by_one, 0.0, before)
    assert [one_by_one.place(now) for _ in range(at_once)][-1] == at


def test_a_pace_of_less_than_one_a_second_and_of_none() -> None:
    slow = pace_of(0.25)
    assert slow is not None and [slow.place(0), slow.place(0)] == [0, 4]
    assert pace_of(None) is None


def test_requests_keep_to_the_pace_and_forms_to_theirs_besides() -> None:
    def flow() -> Flow[None]:
        yield from basic()
        yield from together(
            [Request("GET", "/x", account=WHO).__iter__() for _ in range(8)]
            + [Request("POST", "/f", account=WHO, attempt="form").__iter__() for _ in range(3)]
        )

    rig = Rig(Door(takes=0.01), requests=Pace(4, 1.0), logons=Pace(2, 60.0))
    rig.run(flow())
    sent = sorted(hop.t for hop in rig.recorded.hops if hop.request == "GET /x")
    assert all(later - sooner >= 1.0 for sooner, later in zip(sent, sent[4:], strict=False))
    forms = sorted(hop.t for hop in rig.recorded.hops if hop.request == "POST /f")
    assert forms[2] >= 60.0


def form(number: int) -> Flow[Response]:
    return (yield from Request("POST", "/f", account=f"user{number}@example.com", attempt="form"))


def test_who_waits_to_log_on_and_goes_away_has_taken_no_place_and_what_left_is_still_told() -> None:
    pace = Pace(2, 60.0)
    rig = Rig(Door(takes=0.01), logons=pace)

    def flow() -> Flow[float]:
        yield from together([form(1), form(2)])
        tasks = []
        for number in (3, 4, 5):
            tasks.append((yield from Start(form(number))))
        yield from Pause(5.0)
        for task in tasks:
            yield from Stop(task)
        assert pace.lately(rig.net.world.now()) == (0.0, 0.0)
        yield from form(6)
        return rig.net.world.now()

    assert rig.run(flow()) == pytest.approx(60.0, abs=0.1)
    assert rig.gate.attempts.rests("user3@example.com") == ""


def test_one_that_rests_while_it_waits_to_log_on_is_told_so_in_its_turn_and_holds_up_nobody() -> (
    None
):
    rig = Rig(Door(takes=0.01), logons=Pace(1, 60.0))

    def told(number: int) -> Flow[tuple[str | None, int]]:
        response = yield from form(number)
        return response.error, round(rig.net.world.now())

    def flow() -> Flow[Any]:
        yield from form(1)
        rig.net.world.later(5.0, rig.gate.attempts.rest, "user3@example.com", "it was refused")
        return (yield from together([told(2), told(3), told(4)]))

    assert rig.run(flow()) == [(None, 60), ("not_allowed", 60), (None, 120)]


def test_logons_that_were_held_leave_in_turn_within_the_pace_of_all_requests() -> None:
    def flow() -> Flow[None]:
        yield from together([form(number) for number in range(7)] + [busy()])

    def busy() -> Flow[None]:
        yield from Pause(59.95)
        yield from together([iter(Request("GET", "/x", account=WHO)) for _ in range(12)])

    rig = Rig(Door(takes=0.01), requests=Pace(4, 1.0), logons=Pace(3, 60.0))
    rig.run(flow())
    sent = sorted(hop.t for hop in rig.recorded.hops)
    assert len(sent) == 7 + 12
    assert all(later - sooner >= 1.0 for sooner, later in zip(sent, sent[4:], strict=False))
    forms = [hop for hop in rig.recorded.hops if hop.request == "POST /f"]
    at = sorted(hop.t for hop in forms)
    assert all(later - sooner >= 60.0 for sooner, later in zip(at, at[3:], strict=False))
    assert max(hop.late for hop in forms) >= 120.0, "what is held shows as lateness"
