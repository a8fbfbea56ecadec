"""A run that somebody ends in the middle: by Ctrl-C, by SIGTERM, or by killing it outright.

Falls if: it ends with another code than 130, its report does not say that it was interrupted, what was
measured until then is lost or damaged, or a process of the lab or the load outlives it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from exsim.runs.directory import RunDirectory, open_run
from exsim.session.hop import Hop, Mark
from tests.lab.rig import running
from tests.lab.runs import ROOT, scenario

pytestmark = pytest.mark.lab

START, END = 40.0, 25.0  # seconds until it measures, and until it is gone
ENOUGH = 60  # lines of history: the load is in the middle of it


def until(happened: Callable[[], object], limit: float, what: str) -> None:
    end = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.1)


class Going:
    """A run as a process of its own, in a group of its own as at a terminal."""

    def __init__(self, folder: Path) -> None:
        self.reports = folder / "reports"
        path = scenario(folder, balancer="cookie", users=3, load={"duration": "60s", "control": 0})
        self.words = (folder / "words").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "exsim", "run", str(path), f"--reports={self.reports}"],
            cwd=ROOT,
            stdout=self.words,
            stderr=self.words,
            start_new_session=True,
        )
        self.family: set[int] = set()

    def history(self) -> Path:
        return self.directory.history_folder / "w0.jsonl"

    @property
    def directory(self) -> RunDirectory:
        return open_run("scenario", self.reports)

    def measures(self) -> bool:
        self.look()
        files = list(self.reports.glob("scenario/2*/history/w0.jsonl"))
        return bool(files) and files[0].read_bytes().count(b"\n") > ENOUGH

    def look(self) -> None:
        """Note everybody that belongs to it, while they still do."""
        assert self.process.poll() is None, self.said()
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        self.family |= {child.pid for child in children}

    def alive(self) -> list[int]:
        return [pid for pid in self.family if running(pid)]

    def said(self) -> str:
        self.words.seek(0)
        return self.words.read()


@contextmanager
def going(folder: Path) -> Iterator[Going]:
    one = Going(folder)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        for pid in one.alive():  # nothing of a test that failed either
            os.kill(pid, signal.SIGKILL)
        one.words.close()


def sigterm(run: Going) -> None:
    run.process.send_signal(signal.SIGTERM)


def ctrl_c(run: Going) -> None:
    """At a terminal everybody in the foreground gets it."""
    os.killpg(run.process.pid, signal.SIGINT)


def impatient(run: Going) -> None:
    for _ in range(3):
        run.process.send_signal(signal.SIGINT)
        time.sleep(0.3)


@pytest.mark.parametrize("end", [ctrl_c, sigterm])
def test_an_interrupted_run_keeps_what_it_has_and_leaves_nobody(tmp_path, end):
    with going(tmp_path) as run:
        until(run.measures, START, "a history")
        run.look()
        assert len(run.family) >= 5, "three nodes, a balancer, a load"
        kept = run.history().read_bytes()
        end(run)
        assert run.process.wait(END) == 130, run.said()
        assert run.alive() == []
        directory = run.directory
        assert "Traceback" not in run.said()
        assert not list(directory.path.glob("load-*.log"))
    told = directory.read_run()
    assert told.interrupted and told.ended and not told.crashed and not told.died
    assert "nterrupted" in directory.report_text.read_text()
    assert "nterrupted" in directory.report_html.read_text()
    assert run.history().read_bytes().startswith(kept)
    history = directory.history()
    lines = list(history)
    assert (history.unreadable, history.torn) == (0, 0)
    assert sum(isinstance(line, Hop) for line in lines) > ENOUGH // 2
    assert [line.what for line in lines if isinstance(line, Mark)][-1] == "phase_ended"


def test_an_impatient_user_leaves_nobody_behind_either(tmp_path):
    with going(tmp_path) as run:
        until(run.measures, START, "a history")
        run.look()
        impatient(run)
        assert run.process.wait(END) == 130, run.said()
        until(lambda: not run.alive(), END, f"the end of {run.alive()}")
        history = run.directory.history()
        assert sum(isinstance(line, Hop) for line in history) > ENOUGH // 2
        assert history.unreadable == 0


def test_a_run_interrupted_before_its_lab_stands_leaves_nobody(tmp_path):
    with going(tmp_path) as run:
        until(lambda: run.look() or len(run.family) >= 2, START, "the first nodes")
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(END) == 130, run.said()
        # Whom the interrupt met between fork and exec nobody knew yet: that one ends by its lifeline.
        until(lambda: not run.alive(), END, f"the end of {run.alive()}")
        assert run.said().splitlines()[-1] == "exsim: interrupted"
        assert run.directory.read_run().cut_short == "interrupted"


def test_a_run_that_is_killed_takes_everybody_with_it(tmp_path):
    with going(tmp_path) as run:
        until(run.measures, START, "a history")
        run.look()
        run.process.kill()
        run.process.wait()
        until(lambda: not run.alive(), END, f"the end of {run.alive()}")
        history = run.directory.history()
        assert sum(isinstance(line, Hop) for line in history) > ENOUGH // 2
        assert history.unreadable == 0
