"""Falls if: a full part of a worker's history is not compressed by the time it is closed, or a line of it is lost; or a disk
without room is called a crash of ours, or ends nothing."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

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
