"""Falls if: a load process that somebody's signal ended is called a crash of ours, a crash of ours is called
anything else, an end that the operator asked for counts as a death, or a history that has no end is said to have one."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from exsim.runs.directory import RunDirectory
from exsim.runs.exits import STILL
from exsim.runs.history import HistoryWriter
from exsim.runs.runbook import Runbook
from exsim.session.hop import Mark
from tests.load.orders import orders
from tests.runs.test_directory import a_run

OURS, THEIRS, NOTHING = "crashed", "lost", ""
CODES = [
    (0, NOTHING),
    (5, "stopped"),
    (4, THEIRS),
    (70, OURS),
    (1, OURS),
    (-signal.SIGKILL, THEIRS),
    (-signal.SIGHUP, THEIRS),
    (-int(signal.SIGRTMIN) - 1, THEIRS),
    (130, THEIRS),
    (-signal.SIGSEGV, OURS),
    (-signal.SIGABRT, OURS),
]


def book(folder: Path, **more: object) -> Runbook:
    directory = RunDirectory.create(folder, "x", datetime(2026, 11, 22, tzinfo=UTC))
    return Runbook(directory, a_run(workers=2, **more))


@pytest.mark.parametrize(("code", "expected"), CODES)
def test_how_a_load_process_ended_is_told_by_its_code(
    tmp_path: Path, code: int, expected: str
) -> None:
    one = book(tmp_path)
    one.phase_ended(orders(workers=2)[1], code, "last words")
    run = one.directory.read_run()
    found = {"crashed": run.crashed, "lost": run.lost_workers, "stopped": run.stopped}
    assert {name for name, value in found.items() if value} == ({expected} - {NOTHING})
    assert bool(run.cut_short) == bool(expected)


@pytest.mark.parametrize("code", [0, 5, 130, 1, 70, -9])
def test_a_history_is_told_to_be_whole_of_those_alone_who_came_to_their_end(
    tmp_path: Path, code: int
) -> None:
    one = book(tmp_path)
    one.phase_ended(orders(workers=2)[1], code, "")
    one.phase_ended(msgspec.structs.replace(orders()[0], phase="unmask"), code, "")
    told = one.directory.read_run().histories
    assert told == (["w1", "w0-unmask"] if code in (0, 5, 130) else [])


def test_the_dead_are_named_with_their_signal(tmp_path: Path) -> None:
    one = book(tmp_path)
    for order in orders(workers=2):
        one.phase_ended(order, -9, "")
    assert one.run.lost_workers == [
        "Load process 1 of 2 (signal 9, Killed)",
        "Load process 2 of 2 (signal 9, Killed)",
    ]
    one.phase_ended(orders(workers=2)[1], STILL, "stood still from 4 s on, and was ended")
    assert one.run.lost_workers[-1] == (
        "Load process 2 of 2 (stood still from 4 s on, and was ended)"
    )
    assert one.run.crashed == "" and one.run.histories == []
    assert msgspec.to_builtins(one.directory.read_run()) == msgspec.to_builtins(one.run)


@pytest.mark.parametrize(
    ("why", "lost"),
    [("no logon form of Exchange's", False), ("signal", True), ("the run went away", True)],
)
def test_a_check_that_ends_itself_is_no_dead_load_process(
    tmp_path: Path, why: str, lost: bool
) -> None:
    one = book(tmp_path)
    order = msgspec.structs.replace(orders()[0], phase="check")
    with HistoryWriter(one.directory.history_file(0, "check")) as history:
        history.append(Mark("", 1.0, "phase_ended", facts={"phase": "check", "why": why}))
    one.phase_ended(order, 130, "")
    assert bool(one.run.lost_workers) is lost


def test_an_operator_s_own_signal_is_no_death(tmp_path: Path) -> None:
    one = book(tmp_path, interrupted="signal")
    one.phase_ended(orders(workers=2)[0], 130, "")
    assert (one.run.lost_workers, one.run.histories) == ([], [])
