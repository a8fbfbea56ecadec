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
        assert len(one.told) == 1 and one.told[0] >= 0
    assert [len(one.told) for one in over] == [1, 0]
