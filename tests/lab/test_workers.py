"""Two load processes side by side, one of them killed in the middle, or stopped there for good.

Falls if: nobody ends the one that stands still, or a request that the surviving one made is missing from the history or counted twice, what the dead one
had measured up to its last second is lost or damaged, two workers' sum is not what each saw, or the run passes,
calls itself broken, or does not say who died.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from exsim.conduct import judging, patience
from exsim.conduct.loading import Event
from exsim.conduct.rig import died
from exsim.conduct.running import Done, Options, finish, measure, rig_for
from exsim.runs.directory import RunDirectory
from exsim.runs.exits import Exit
from exsim.runs.history import History
from exsim.runs.scenario import load_scenario
from exsim.session.detector import Detector
from exsim.session.hop import Hop
from exsim.session.tally import TOTAL, merged
from tests.lab.runs import confessions, scenario

pytestmark = [pytest.mark.lab, pytest.mark.slow]

VICTIM, SURVIVOR = 1, 0
ENOUGH = 40  # requests of the victim, after which it is killed


@dataclass
class Killed:
    """A run that is over, and what each worker told last."""

    done: Done
    last: dict[int, Event]

    @property
    def directory(self) -> RunDirectory:
        return self.done.directory

    def hops(self, worker: int) -> list[Hop]:
        file = self.directory.history_file(worker)
        return [line for line in History([file]) if isinstance(line, Hop)]


def load_process(directory: RunDirectory, worker: int) -> int:
    """Its process id: of our children the one that holds this worker's history open."""
    file = str(directory.history_file(worker).resolve())
    for child in psutil.Process().children():
        if file in (one.path for one in child.open_files()):
            return child.pid
    raise AssertionError(f"nobody writes {file}")


def written(folder: Path) -> Path:
    return scenario(
        folder,
        balancer="cookie",
        users=2,
        session={"polls": 40, "think": "50ms"},
        load={"workers": 2, "duration": "3s", "control": 0},
        expect={"min_sessions_per_combination": 0},
    )


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    return carried_out(written(tmp_path_factory.mktemp("workers")))


def test_one_that_stands_still_is_ended_after_the_planned_end_and_what_it_had_told_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With less patience than a real run has."""
    for name, limit in (("SILENCE", 4.0), ("GRACE", 4.0), ("ENDING", 2.0)):
        monkeypatch.setattr(patience, name, limit)
    still = carried_out(written(tmp_path), signal.SIGSTOP)
    (lost,) = still.directory.read_run().lost_workers
    assert re.fullmatch(r"Load process 2 of 2 \(stood still from \d+ s on, and was ended\)", lost)
    assert still.done.exit_code is Exit.INCONCLUSIVE
    assert lost in " ".join(still.done.judgement.results.reasons)
    assert len(still.hops(VICTIM)) >= still.last[VICTIM]["hops"] > ENOUGH
    assert still.directory.read_run().histories == ["w0"]


def carried_out(path: Path, number: int = signal.SIGKILL) -> Killed:
    last: dict[int, Event] = {}
    dead: list[int] = []
    options = Options(reports=path.parent / "reports", live=False)
    with rig_for(path, load_scenario(path), options) as (book, plan, lab):

        def show(event: Event) -> None:
            if event["event"] != "live":
                return
            worker = int(event["worker"])
            last[worker] = event
            if worker == VICTIM and event["hops"] > ENOUGH and not dead:
                dead.append(load_process(book.directory, VICTIM))
                os.kill(dead[0], number)

        assert not measure(plan, book, show)
        book.lab_died(died(lab))
        book.ended()
    assert dead, "nobody was killed"
    assert not psutil.pid_exists(dead[0])
    return Killed(finish(book.directory), last)


def test_the_run_says_who_died_and_neither_passes_nor_calls_itself_broken(killed: Killed) -> None:
    run, results = killed.directory.read_run(), killed.done.judgement.results
    assert killed.done.exit_code is Exit.INCONCLUSIVE
    assert (run.crashed, run.died, run.stopped, run.interrupted) == ("", [], "", "")
    assert results.outcome == "inconclusive"
    assert results.sessions > 0
    (sentence,) = [one for one in results.reasons if "died" in one]
    assert sentence.startswith("Load process 2 of 2 (signal 9, Killed) died before the end;")
    assert sentence in " ".join(killed.done.text(colour=False).split())


def test_what_the_dead_one_had_told_stands_in_the_history(killed: Killed) -> None:
    history = killed.directory.history()
    lines = list(history)
    assert history.unreadable == 0
    assert history.torn <= 1
    hops = [line for line in lines if isinstance(line, Hop)]
    assert len(hops) == len(killed.hops(SURVIVOR)) + len(killed.hops(VICTIM))
    assert len(killed.hops(VICTIM)) >= killed.last[VICTIM]["hops"] > ENOUGH


def test_the_survivor_s_hops_with_a_status_are_the_requests_that_nodes_answered(
    killed: Killed,
) -> None:
    whole = confessions(killed.directory)
    asked = Counter(one.client_request_id for one in whole)
    answered = [hop for hop in killed.hops(SURVIVOR) if hop.status is not None]
    assert answered
    assert all(asked[hop.client_request_id] == 1 for hop in answered)
    written = {line.client_request_id for line in killed.hops(SURVIVOR)}
    accounts = {one.user for one in whole if one.client_request_id in written} - {""}
    of_the_dead = {hop.client_request_id for hop in killed.hops(VICTIM)}
    assert len(accounts) == 2, "half of the users"
    unseen = [one for one in whole if one.client_request_id not in written | of_the_dead]
    assert not [one for one in unseen if one.user in accounts]


def test_two_workers_see_exactly_the_sum_of_what_each_saw(killed: Killed) -> None:
    whole = sessions(killed.directory.history())
    each = [
        sessions(History([killed.directory.history_file(worker)])) for worker in (SURVIVOR, VICTIM)
    ]
    assert len(whole) == len(each[0]) + len(each[1])
    assert whole == each[0] | each[1]
    assert all(each)
    told = merged(one["counts"] for one in killed.last.values())[TOTAL]
    assert told["sessions"] <= len(whole)
    alone = killed.last[SURVIVOR]["counts"][TOTAL]
    assert alone["sessions"] == len(each[0])


def sessions(history: History) -> dict[tuple[int, int], tuple[str, int]]:
    """(user, number of his session) -> what became of it, and by how many meetings."""
    detector = Detector()
    for line in history:
        detector.feed(line)
    numbers: Counter[int] = Counter()
    found = {}
    for one in detector.finish().sessions:
        numbers[one.user] += 1
        found[one.user, numbers[one.user]] = (one.state, len(one.meetings))
    return found


def test_judging_it_again_comes_to_the_same(killed: Killed) -> None:
    again = judging.judged(killed.directory).results
    assert again == killed.done.judgement.results
