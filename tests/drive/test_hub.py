"""The deadlines of the real world: one sweeper keeps them all.

Falls if: an exchange is told too early, far too late, twice, or although it is over; or a deadline that is far
off when it is set is never looked at again.
"""

from __future__ import annotations

from typing import Any

import gevent
import pytest

from exsim.drive import hub
from exsim.drive.hub import HubWorld

SWEEP, FAR = 0.01, 0.08


class Exchange:
    def __init__(self, world: HubWorld, seconds: float) -> None:
        self.world, self.deadline, self.told = world, world.now() + seconds, []

    def on_deadline(self) -> None:
        self.told.append(self.world.now() - self.deadline)


def test_each_deadline_is_kept_whether_it_is_near_or_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SWEEP", SWEEP)
    monkeypatch.setattr(hub, "FAR", FAR)
    world: Any = HubWorld({})
    due = [Exchange(world, seconds) for seconds in (0.0, 0.03, 0.075, 0.085, 0.17, 0.25, 0.33)]
    over = [Exchange(world, seconds) for seconds in (0.02, 5.0)]
    for one in (*over, *due):
        world.watch(one)
    gevent.sleep(0.1)
    due.append(Exchange(world, 0.02))
    world.watch(due[-1])
    moved = Exchange(world, 5.0)
    world.watch(moved)
    assert [len(one.told) for one in over] == [1, 0]
    world.unwatch(over[1])
    world.unwatch(moved)
    moved.deadline = world.now() + 0.05
    world.watch(moved)
    gevent.sleep(0.4)
    for one in (*due, moved):
        assert len(one.told) == 1 and 0 <= one.told[0] < FAR, one.told
    assert [len(one.told) for one in over] == [1, 0]
    assert not world._near and not world._far, "nobody is held on to"


def test_a_stamp_is_of_its_own_second_whichever_came_before() -> None:
    stamp = hub.stamper(1_763_788_800.0)
    said = [stamp(t) for t in (5.25, 3.75, 3.125, 65.5, 5.25)]
    wanted = ["05.250", "03.750", "03.125", "05.500", "05.250"]
    assert [text[17:] for text in said] == [f"{each}Z" for each in wanted]
    assert said[0] == said[-1] == "2025-11-22T05:20:05.250Z" and said[3][:16] == "2025-11-22T05:21"
