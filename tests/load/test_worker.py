"""Falls if: what the phases before sent or logged on does not count in this one's pace, or counts where nobody suffers;
a full part of a worker's history is not compressed by the time it is closed, or a line of it is lost; or a disk
without room is called a crash of ours, or ends nothing."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from exsim.load.worker import Worker
from exsim.runs import history
from exsim.runs.history import read_history
from exsim.runs.parts import packed, part
from exsim.runs.sections import Limits
from tests.load.orders import orders


def test_full_parts_are_compressed_before_the_worker_is_gone(tmp_path: Path) -> None:
    worker = Worker(msgspec.structs.replace(orders()[0], directory=str(tmp_path)))
    writer = worker.history
    writer._limit = 1
    for number in range(3):
        worker.mark("looked", number=number)
        writer.flush()
    worker.close()
    assert packed(writer.path).is_file()
    assert packed(part(writer.path, 1)).is_file()
    assert part(writer.path, 2).is_file(), "the last one is not full"
    assert len(list(writer.path.parent.iterdir())) == 3
    found = read_history(writer.path.parent)
    assert [line.facts["number"] for line in found] == [0, 1, 2]


def a_worker(folder: Path, capfd: pytest.CaptureFixture[str]) -> Worker:
    capfd.readouterr()
    return Worker(msgspec.structs.replace(orders()[0], directory=str(folder)))


def test_a_history_without_room_ends_the_worker_and_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = a_worker(tmp_path, capfd)

    def full(file: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(history.os, "write", full)
    worker.mark("looked")
    worker.history.flush()
    worker.mark("looked again")
    worker.close()
    said, shown = capfd.readouterr()
    assert worker.stopping.is_set() and worker.crash is None and shown == ""
    assert worker.unwritten == "w0.jsonl: No space left on device"
    events = [msgspec.json.decode(line) for line in said.splitlines()]
    assert events == [{"event": "unwritten", "why": worker.unwritten}]


@pytest.mark.parametrize(
    ("error", "unwritten"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/ledger.jsonl"), True),
        (OSError(errno.EFBIG, "File too large"), True),
        (OSError(errno.ECONNRESET, "Connection reset"), False),
        (ValueError("ours"), False),
    ],
)
def test_only_a_file_without_room_is_no_fault_of_ours(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], error: Exception, unwritten: bool
) -> None:
    """The ledger's, in the middle of a flow, for example."""
    worker = a_worker(tmp_path, capfd)
    worker.crashed(error)
    worker.close()
    assert worker.stopping.is_set()
    assert (bool(worker.unwritten), worker.crash is None) == (unwritten, unwritten)


@pytest.mark.parametrize(
    ("lab", "limits", "waits"),
    [
        (True, Limits(requests_per_second=50.0), 0.0),
        (False, Limits(), 0.0),
        (False, Limits(requests_per_second=50.0), 1.0),
        (False, Limits(requests_per_second=0.5), 2.0),
    ],
)
def test_a_phase_begins_when_the_one_before_it_counts_no_more(
    tmp_path: Path, lab: bool, limits: Limits, waits: float
) -> None:
    order = msgspec.structs.replace(orders()[0], directory=str(tmp_path), lab=lab, limits=limits)
    worker, waited = Worker(order), [0.0]
    worker.stopping = SimpleNamespace(wait=waited.append)
    worker.let_pace_pass()
    worker.close()
    assert waited[-1] == waits


ZERO, NOW = (
    1_000_000.0,
    100.0,
)  # the run's zero on the wall clock, and the time of the run that it is


class Waiting:
    """The worker's end, which does not come; the time that is waited for passes at once."""

    def __init__(self) -> None:
        self.now = NOW

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float) -> None:
        self.now += seconds


def on_a_target(folder: Path, monkeypatch: pytest.MonkeyPatch, **order: Any) -> tuple[Worker, Any]:
    """A worker of a run that began at ZERO, at NOW; and its clock."""
    clock = Waiting()
    monkeypatch.setattr("exsim.drive.hub.HubWorld.now", lambda world: clock.now)
    given = {"started": ZERO, "lab": False, "limits": Limits(logons_per_minute=3), **order}
    worker = Worker(msgspec.structs.replace(orders()[0], directory=str(folder), **given))
    worker.stopping = clock  # type: ignore[assignment]
    return worker, clock


@pytest.mark.parametrize(
    ("order", "logons", "until"),
    [
        ({"lab": True, "limits": Limits()}, 9, NOW),
        ({"limits": Limits(), "logons": (99.0,) * 9}, 9, NOW),
        ({}, 9, NOW),
        ({"logons": (99.0, 90.0)}, 1, NOW),
        ({"logons": (99.0, 90.0)}, 2, 150.0),
        ({"logons": (99.0, 90.0)}, 3, 159.0),
        ({"logons": (99.0, 90.0)}, 9, 159.0),  # never are there more than three
        ({"logons": (10.0, 39.0, 50.0, 99.0, 20.0)}, 1, NOW),
        ({"logons": (10.0, 41.0, 50.0, 99.0, 20.0)}, 1, 101.0),  # the newest three
        ({"logons": (3600.0, 3600.0, 3600.0)}, 1, 160.0),  # the clock was set back meanwhile
    ],
)
def test_a_load_begins_when_the_phases_before_it_leave_room_for_its_logons(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: dict[str, Any],
    logons: int,
    until: float,
) -> None:
    worker, clock = on_a_target(tmp_path, monkeypatch, **order)
    worker.make_room(logons)
    worker.close()
    assert clock.now == until


def test_a_worker_tells_when_it_logged_on_in_the_last_minute_and_what_it_was_told_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, clock = on_a_target(tmp_path, monkeypatch, logons=(50.0, 99.0))
    assert worker.gate is not None and worker.gate.logons is not None
    for passed in (0.0, 12.0, 30.0):
        clock.now += passed
        worker.make_room(1)
        worker.gate.logons.take(clock.now)
    worker.close()
    assert worker.logons() == (100.0, 112.0, 159.0)
    clock.now += 1.0
    assert worker.logons() == (112.0, 159.0)
