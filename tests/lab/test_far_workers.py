"""Two workers that are processes of their own, as on two machines, and a master: one run whole, in one a worker is killed.

Falls if: the histories do not come to the master's directory, a request that nodes answered is missing or counted
twice, two workers' sum is not what each saw, a killed worker's history is lost beyond its last second, or the
verdict does not say that it died.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from exsim.conduct.far import place
from exsim.conduct.far_loads import FarLoads
from exsim.conduct.loading import Event
from exsim.conduct.rig import died
from exsim.conduct.running import Done, Options, finish, measure, rig_for
from exsim.runs.exits import Exit
from exsim.runs.history import History
from exsim.runs.scenario import load_scenario
from exsim.session.hop import Hop
from tests.bench.target import free_port
from tests.lab.runs import confessions, scenario
from tests.lab.test_workers import sessions

pytestmark = [pytest.mark.lab, pytest.mark.slow]

ENOUGH = 40  # requests of the victim, after which it is killed
LOADS = {"workers": 2, "duration": "3s", "control": 0}
SESSION = {"polls": 40, "think": "50ms"}


@dataclass
class Ran:
    """A run that is over, what each worker told, and what its processes ended with."""

    done: Done
    told: dict[int, list[Event]] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)

    def hops(self, worker: int) -> list[Hop]:
        file = self.done.directory.history_file(worker)
        return [line for line in History([file]) if isinstance(line, Hop)]


@contextmanager
def workers(address: str, secret: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two of them, which try until the master listens."""
    words = [sys.executable, "-m", "exsim", "worker", address, "--secret", str(secret)]
    made = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(2)]
    try:
        yield made
    finally:
        for one in made:
            one.kill()
            one.wait()


def carried_out(folder: Path, kill: bool) -> Ran:
    path = scenario(
        folder, balancer="cookie", users=2, session=SESSION, load=LOADS,
        expect={"min_sessions_per_combination": 0},
    )  # fmt: skip
    secret = folder / "secret"
    secret.write_text("a secret of some length")
    where = f"127.0.0.1:{free_port()}"
    told: dict[int, list[Event]] = {0: [], 1: []}
    with workers(where, secret) as processes:

        def show(event: Event) -> None:
            if event["event"] != "live":
                return
            told[int(event["worker"])].append(event)
            if kill and event["worker"] == 1 and event["hops"] > ENOUGH:
                # which of the two came first is nobody's choice: the one whose load is worker 1
                os.kill(agent_of(processes, 1), signal.SIGKILL)

        options = Options(reports=folder / "reports", live=False)
        loads = FarLoads(place(where, secret, master=True), 2, lambda text: None, 60.0)
        with loads, rig_for(path, load_scenario(path), options, loads) as (book, plan, lab):
            assert not measure(plan, book, show, early=loads)
            book.lab_died(died(lab))
            book.ended()
        codes = [process.wait(20) for process in processes]
    return Ran(finish(book.directory), told, codes)


def agent_of(processes: list[subprocess.Popen[bytes]], worker: int) -> int:
    """The worker process whose load writes this worker's history, in a directory of its own."""
    for process in processes:
        for child in psutil.Process(process.pid).children(recursive=True):
            if any(one.path.endswith(f"/w{worker}.jsonl") for one in child.open_files()):
                return process.pid
    raise AssertionError(f"nobody is worker {worker}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return carried_out(tmp_path_factory.mktemp("far"), kill=False)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return carried_out(tmp_path_factory.mktemp("killed"), kill=True)


def test_the_hops_with_a_status_are_exactly_the_requests_that_nodes_answered(whole: Ran) -> None:
    assert whole.codes == [0, 0]
    assert not whole.done.directory.read_run().lost_workers
    asked = Counter(one.client_request_id for one in confessions(whole.done.directory))
    hops = [line for line in whole.done.directory.history() if isinstance(line, Hop)]
    assert all(whole.hops(worker) for worker in (0, 1))
    answered = Counter(hop.client_request_id for hop in hops if hop.status is not None)
    assert answered
    assert all(asked[name] == 1 for name in answered)
    silent = {hop.client_request_id for hop in hops if hop.status is None}
    assert all(hop.error or hop.ended == "abandoned" for hop in hops if hop.status is None)
    assert set(asked) - {""} <= set(answered) | silent


def test_two_workers_see_exactly_the_sum_of_what_each_saw(whole: Ran) -> None:
    directory = whole.done.directory
    each = [sessions(History([directory.history_file(worker)])) for worker in (0, 1)]
    assert all(each)
    both = sessions(History([directory.history_file(worker) for worker in (0, 1)]))
    assert both == each[0] | each[1]
    assert len(both) == len(each[0]) + len(each[1])


def test_a_killed_worker_is_named_and_what_it_had_told_counts(killed: Ran) -> None:
    run, results = killed.done.directory.read_run(), killed.done.judgement.results
    assert sorted(killed.codes) == [-signal.SIGKILL, 0]
    assert run.lost_workers == ["Load process 2 of 2 (its machine or its connection went away)"]
    assert (run.crashed, run.stopped) == ("", "")
    assert killed.done.exit_code is Exit.INCONCLUSIVE
    assert [one for one in results.reasons if "Load process 2 of 2" in one]
    history = killed.done.directory.history()
    assert len([line for line in history if isinstance(line, Hop)]) >= sum(
        len(killed.hops(worker)) for worker in (0, 1)
    )
    assert history.unreadable == 0 and history.torn <= 1
    assert len(killed.hops(1)) >= killed.told[1][-1]["hops"] > ENOUGH  # but for the last second
    assert killed.hops(0)
