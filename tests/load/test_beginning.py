"""When a load, and each session beside it, begins on a farm whose logons a minute are limited.

Falls if: users come, or their measure is taken, before there is room for all their logons; a session is begun that has to
wait at the gate while its own limit runs; what happened before the load is called its own; or Locust's own command
forgets what its check of the accounts logged on.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import msgspec
import pytest
from gevent.event import Event

from exsim.load import guard as guards
from exsim.load import plain_target, steering
from exsim.load.guard import Guard
from exsim.load.status import Status
from exsim.load.worker import Worker
from exsim.protocols.checked import ACCEPTED
from exsim.runs.runbook import Runbook
from exsim.runs.sections import Limits
from exsim.session.strain import Strain
from tests.conduct.made_run import TARGET, run_directory
from tests.load.orders import a_plan, orders

# Importing Locust replaces the sockets of the process: a process of its own.
BEGINNING = """
import sys, time
import msgspec
from exsim.load import spawn
from exsim.load.worker import Worker
from exsim.runs.sections import Limits
from tests.load.orders import orders

zero = time.time() - 100.0
wait = 0.3
before = 100.0 - 60.0 + wait
limits = Limits(logons_per_minute=10)
order = msgspec.structs.replace(
    orders()[0], directory=sys.argv[1], lab=False, limits=limits, started=zero, logons=(before, before + 5)
)
worker = Worker(order)
told = []
worker.on_load.append(lambda: told.append(("measured", worker.world.now())))
worker.mark = lambda what, **facts: told.append((what, worker.world.now()))


def tell(event, **facts):
    told.append((event, worker.world.now()))
    worker.stop("seen")


spawn.tell = tell
spawn.main_phase(worker)
worker.close()
assert [what for what, _ in told][:3] == ["measured", "load_started", "load_started"], told
assert all(at >= before + 60.0 for _, at in told), (told, before)
assert told[0][1] < before + 62.0, told

again = Worker(msgspec.structs.replace(order, logons=(before + 60.0,) * 2))
told.clear()
again.mark = lambda what, **facts: told.append(what)
again.stop("nobody waits any more")
spawn.main_phase(again)
again.close()
assert not told, told
"""


def test_a_load_begins_when_there_is_room_for_all_its_users(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING, str(tmp_path)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_session_is_begun_only_when_it_may_log_on_beside_those_that_have_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room: list[int] = []
    begun: list[int] = []

    def one(*_: object) -> None:
        begun.append(len(room))
        gevent.sleep(0.01)

    monkeypatch.setattr(steering, "_one", one)
    worker: Any = SimpleNamespace(
        order=SimpleNamespace(spare=[]), resting={}, stopping=Event(), make_room=room.append
    )
    steering._carry_out(worker, [("", lambda account: None)] * 9)  # type: ignore[list-item, return-value]
    assert len(begun) == len(room) == 9
    assert room[:6] == [1, 2, 3, 4, 5, 6] and max(room) == 6


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(guards.Guard, "_watch_health", lambda self: None)
    made = Worker(msgspec.structs.replace(orders()[0], lab=False, directory=str(tmp_path)))
    yield made
    made.close()


def test_what_was_before_the_load_is_not_taken_for_its_own(worker: Worker) -> None:
    status, guard = Status(worker, "main", silent=True), Guard(worker)
    status._began = time.monotonic() - 60.0, time.process_time() - 30.0
    status.probe.samples, status.probe.late_samples = 1200, 7
    before: Strain = guard.strain
    assert status.busy() == pytest.approx(0.5, abs=0.05)
    for begin in worker.on_load:
        begin()
    time.sleep(0.02)
    began = status._began[0]
    status.stop()
    guard.stop()
    assert (status.probe.samples, status.probe.late_samples) == (0, 0)
    assert time.monotonic() - began < 30.0 and guard.strain is not before


def test_locusts_own_command_begins_its_load_with_what_its_check_logged_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at: list[float] = []

    def checked(worker: Worker) -> None:
        assert worker.gate is not None and worker.gate.logons is not None
        for user in accounts:
            at.append(worker.world.now())
            worker.gate.logons.take(at[-1])
            worker.mark("account_checked", address=user, status=ACCEPTED)

    directory = run_directory(tmp_path, [], TARGET.format(more=""), rig="target")
    monkeypatch.setattr(plain_target, "check_accounts", checked)
    monkeypatch.setattr(guards.Guard, "_watch_health", lambda self: None)
    limits, plan = Limits(logons_per_minute=30), a_plan()
    accounts = [one.address for one in plan.assignment.accounts]
    scenario = msgspec.structs.replace(plan.scenario, lab=None, limits=limits)
    plan = replace(plan, scenario=scenario, directory=directory.path, started=time.time())
    after, why, _ = plain_target.checked(plan, Runbook(directory, directory.read_run()))
    assert not why and len(at) == len(accounts)
    assert after.order().logons == pytest.approx(at, abs=1e-5)
