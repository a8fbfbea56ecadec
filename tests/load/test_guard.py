"""Falls if: a stop rule that is one of time does not end the run, ends it silently, or ends a lab's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from exsim.load import guard as guards
from exsim.load.guard import Guard
from exsim.load.worker import Worker
from exsim.runs.sections import Limits
from exsim.session.hop import Evidence
from tests.load.orders import orders
from tests.session.test_signs import BE, POLL, hop


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(guards.Guard, "_watch_health", lambda self: None)
    order = msgspec.structs.replace(
        orders()[0], lab=False, directory=str(tmp_path), limits=Limits(window=60.0), ca="system"
    )
    made = Worker(order)
    yield made
    made.close()


def test_the_window_ends_a_run(worker: Worker) -> None:
    guard = Guard(worker)
    guard.look(59.9)
    assert not worker.stopping.is_set()
    guard.look(60.0)
    assert worker.by_rule and worker.why == "the window of 60 s was over"
    guard.stop()


def test_an_answer_from_another_mailbox_ends_it_at_once(worker: Worker) -> None:
    guard = Guard(worker)
    answer = hop(POLL, 200, BE, body=Evidence(is_="json", owner="stranger"))
    answer.step = "service"
    worker.recorder.take(answer)
    assert worker.by_rule and "came from another user's mailbox" in worker.why
    guard.stop()


def test_the_second_account_that_rests_ends_it_and_the_first_does_not(worker: Worker) -> None:
    assert worker.gate is not None
    worker.rested("user01@example.com", "its password was refused")
    worker.rested("user01@example.com", "again")
    assert not worker.stopping.is_set()
    worker.rested("user02@example.com", "its password was refused")
    assert worker.by_rule and worker.why == "2 accounts were refused (wrong password or locked)"


def test_one_that_the_check_had_refused_counts(tmp_path: Path) -> None:
    order = msgspec.structs.replace(
        orders()[0], lab=False, directory=str(tmp_path), resting={"a@b.c": "its password was refused"}
    )  # fmt: skip
    worker = Worker(order)
    worker.rested("user02@example.com", "its password was refused")
    assert worker.by_rule
    worker.close()


def test_nothing_guards_a_lab(tmp_path: Path) -> None:
    worker = Worker(msgspec.structs.replace(orders()[0], directory=str(tmp_path)))
    guard = Guard(worker)
    assert worker.gate is None and worker.recorder.on_hop is None
    guard.stop()
    worker.close()
