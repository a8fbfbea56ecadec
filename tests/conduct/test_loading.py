"""Falls if: somebody who interrupts a run, or nobody at all, waits for a load that hangs, the others' last words are not heard,
one that still tells news or that nobody listened to is ended, one that stood still is not told from one that was killed, or
nobody is told of a silence while it lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from queue import Queue
from threading import Event as Signal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from exsim.conduct import loading, patience
from exsim.conduct.loading import Event, carry_out
from exsim.runs.exits import STILL
from exsim.runs.sections import Load
from tests.load.orders import orders


class Told:
    """A load that ends when it is asked to and tells so; or, when it hangs, when it is left."""

    def __init__(self, worker: int, hangs: bool) -> None:
        self.place: tuple[str, Any, int] = ("", "main", worker)
        self.run = ""
        self.hangs = hangs
        self.asked, self.left = Signal(), Signal()

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        self.left.set()

    def begin(self, order: object) -> None:
        """It has its order."""

    def events(self) -> Iterator[Event]:
        if self.hangs:
            self.left.wait(10)
            return
        self.asked.wait()
        yield {"event": "done", "worker": self.place[2]}

    def enough(self) -> None:
        """Nobody says so."""

    def say(self, word: Event) -> None:
        """Nobody does."""

    def stop(self) -> None:
        self.asked.set()

    def end_by_force(self) -> None:
        self.left.set()

    def ended(self) -> int:
        assert not self.hangs or self.left.is_set(), "nobody waits for its end"
        return -9 if self.hangs else 130

    def last_words(self) -> str:
        return ""


class Interrupted(Queue[Any]):
    """Somebody presses Ctrl-C while the news is waited for."""

    pressed = False

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt
        return super().get(block, timeout)


def test_nobody_waits_for_a_load_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "ENDING", 0.2)
    monkeypatch.setattr(loading, "LOOK", 0.02)
    monkeypatch.setattr(loading, "Queue", Interrupted)
    loads = [Told(0, hangs=False), Told(1, hangs=True)]
    early: Any = SimpleNamespace(take=lambda order: loads[order.worker])
    heard: list[Event] = []
    with pytest.raises(KeyboardInterrupt):
        carry_out(orders(workers=2), heard.append, early=early)
    assert [one["event"] for one in heard] == ["done"]
    assert all(one.asked.is_set() and one.left.is_set() for one in loads)


class Ticking(Told):
    """It tells news until it is asked to end; when it hangs, that it began, and nothing more."""

    def events(self) -> Iterator[Event]:
        yield {"event": "load_started", "worker": self.place[2]}
        yield {"event": "live", "worker": self.place[2], "t": 4.2}
        if self.hangs:
            self.left.wait(10)
        while not (self.hangs or self.asked.wait(0.02)):
            yield {"event": "live", "worker": self.place[2], "t": 5.0}

    def ended(self) -> int:
        return super().ended() if self.hangs else 0


def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of less than a second, whose patience is as short."""
    for name in ("SILENCE", "GRACE", "ENDING"):
        monkeypatch.setattr(patience, name, 0.1)
    monkeypatch.setattr(loading, "LOOK", 0.02)


def carried_out(loads: list[Any], enough: int) -> list[tuple[int, str]]:
    """What `carry_out` says of `loads` that have no end of their own, and are told of it after `enough` news."""
    early: Any = SimpleNamespace(take=lambda order: loads[order.worker])
    heard: list[Event] = []
    made = [
        msgspec.structs.replace(one, load=msgspec.structs.replace(one.load, duration=0.1))
        for one in orders(workers=len(loads))
    ]
    return carry_out(made, heard.append, lambda: len(heard) >= enough, early=early)


class Obliging(Ticking):
    def enough(self) -> None:
        self.asked.set()


def test_a_load_that_stands_still_past_its_end_is_ended_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short(monkeypatch)
    loads = [Obliging(0, hangs=False), Obliging(1, hangs=True)]
    assert carried_out(loads, enough=60) == [
        (0, ""),
        (STILL, "stood still from 4 s on, and was ended"),
    ]
    assert loads[1].asked.is_set() and loads[1].left.is_set()


def test_one_that_is_told_to_end_is_not_waited_for_until_the_end_that_was_planned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short(monkeypatch)
    loads = [Obliging(0, hangs=False), Obliging(1, hangs=True)]
    early: Any = SimpleNamespace(take=lambda order: loads[order.worker])
    heard: list[Event] = []
    codes = carry_out(orders(workers=2), heard.append, lambda: len(heard) > 9, early=early)
    assert [code for code, _ in codes] == [0, STILL]


def test_whoever_did_not_listen_says_of_nobody_that_he_was_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process that conducts a run may stand still itself, and everybody's news wait for it."""
    short(monkeypatch)
    monkeypatch.setattr(loading, "DEAF", 0.3)
    load = Obliging(0, hangs=False)
    early: Any = SimpleNamespace(take=lambda order: load)
    heard: list[Event] = []

    def show(event: Event) -> None:
        heard.append(event)
        if len(heard) == 5:
            time.sleep(0.5)

    order = msgspec.structs.replace(orders()[0], load=Load(duration=0.1))
    assert carry_out([order], show, lambda: len(heard) >= 40, early=early) == [(0, "")]
    assert len(heard) >= 40


class Pausing(Ticking):
    """It tells news, is silent for a while, and tells news again."""

    def events(self) -> Iterator[Event]:
        yield {"event": "live", "worker": 0, "t": 4.2}
        self.asked.wait(0.3)
        while not self.asked.wait(0.02):
            yield {"event": "live", "worker": 0, "t": 5.0}


def test_of_a_silence_whoever_watches_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "QUIET", 0.1)
    monkeypatch.setattr(loading, "LOOK", 0.02)
    load = Pausing(0, hangs=False)
    load.run = "r"
    early: Any = SimpleNamespace(take=lambda order: load)
    heard: list[Event] = []
    carry_out(orders(), heard.append, lambda: len(heard) >= 6 and not load.stop(), early=early)
    assert [one["event"] for one in heard[:3]] == ["live", "silent", "live"]
    assert heard[1] == {"event": "silent", "run": "r", "worker": 0, "since": 4.2}
    assert [one["event"] for one in heard].count("silent") == 1


class Roomless(Told):
    """It has no room for what it sees, says so, and ends."""

    def events(self) -> Iterator[Event]:
        yield {"event": "unwritten", "why": "w0.jsonl: No space left on device"}

    def ended(self) -> int:
        return 4


def test_a_load_without_room_for_its_history_says_which_file_though_it_has_no_last_words() -> None:
    early: Any = SimpleNamespace(take=lambda order: Roomless(0, hangs=False))
    assert carry_out(orders(), lambda event: None, early=early) == [
        (4, "no room for what it saw, w0.jsonl: No space left on device")
    ]
