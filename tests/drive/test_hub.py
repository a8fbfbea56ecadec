"""The deadlines of the real world: one sweeper keeps them all.

Falls if: an exchange is told too early, far too late, twice, or although it is over; or a deadline that is far
off when it is set is never looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from exsim.drive import hub
from exsim.drive.driver import Client, Identity
from exsim.drive.hub import HubWorld
from exsim.drive.target import Target

SWEEP, FAR = 0.01, 0.08


class Exchange:
    """One on a line of its own, as the world finds it; it is both."""

    def __init__(self, world: Any, seconds: float) -> None:
        self.world, self.deadline, self.told = world, world.now() + seconds, []
        self.ended: object = None
        self.exchange: Exchange | None = self
        world.lines.add(self)
        if self.deadline < world.horizon:  # as the driver does
            world.watch(self)

    def on_deadline(self) -> None:
        self.told.append(self.world.now() - self.deadline)
        self.over()

    def over(self) -> None:
        self.ended, self.exchange = "over", None
        self.world.lines.discard(self)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One that has begun to look at its lines, because it made one; nobody listens at the other end."""
    monkeypatch.setattr(hub, "SWEEP", SWEEP)
    monkeypatch.setattr(hub, "FAR", FAR)
    made = HubWorld({None: Target("127.0.0.1", 9, "nobody")})
    line = made.line(Client(made, Identity(1, "owa"), *[None] * 5), None)  # type: ignore[arg-type]
    line.pool = SimpleNamespace(forget=lambda line: None)  # type: ignore[assignment]
    yield made
    line.drop()


def test_each_deadline_is_kept_whether_it_is_near_or_far(world: Any) -> None:
    due = [Exchange(world, seconds) for seconds in (0.0, 0.03, 0.075, 0.085, 0.17, 0.25, 0.33)]
    parked = Exchange(world, 0.05)
    near, far = [Exchange(world, seconds) for seconds in (0.05, 0.2)]
    waits_no_more = Exchange(world, 0.05)
    near.over()
    gevent.sleep(0.02)
    waits_no_more.deadline = None  # a channel whose flow was handed its piece
    parked.deadline = world.now() + 5.0  # and one that waits for the next one, for long
    gevent.sleep(0.08)
    far.over()
    due.append(Exchange(world, 0.02))
    moved = Exchange(world, 5.0)
    moved.deadline = world.now() + 0.05  # and waits for the next one
    world.watch(moved)
    gevent.sleep(0.4)
    for one in (*due, moved):
        assert len(one.told) == 1 and 0 <= one.told[0] < FAR, one.told
    assert [one.told for one in (near, far, waits_no_more)] == [[], [], []]
    assert parked.told == [] and not world._near, "nobody is held on to"
    parked.over()


def test_a_deadline_is_kept_though_its_line_is_gone(world: Any) -> None:
    one = Exchange(world, 0.03)
    world.lines.clear()
    gevent.sleep(0.1)
    assert len(one.told) == 1


def test_a_world_without_lines_looks_at_none(world: Any) -> None:
    for line in list(world.lines):
        line.drop()
    gevent.sleep(3 * SWEEP)
    assert world._sweeper is None


def test_a_stamp_is_of_its_own_second_whichever_came_before() -> None:
    stamp = hub.stamper(1_763_788_800.0)
    said = [stamp(t) for t in (5.25, 3.75, 3.125, 65.5, 5.25)]
    wanted = ["05.250", "03.750", "03.125", "05.500", "05.250"]
    assert [text[17:] for text in said] == [f"{each}Z" for each in wanted]
    assert said[0] == said[-1] == "2025-11-22T05:20:05.250Z" and said[3][:16] == "2025-11-22T05:21"
