"""Falls if: somebody who interrupts a run waits for a load that hangs, or the others' last words are not heard."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from threading import Event as Signal
from types import SimpleNamespace
from typing import Any

import pytest

from exsim.conduct import loading
from exsim.conduct.loading import Event, carry_out
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
            self.left.wait()
            return
        self.asked.wait()
        yield {"event": "done", "worker": self.place[2]}

    def enough(self) -> None:
        """Nobody says so."""

    def say(self, word: Event) -> None:
        """Nobody does."""

    def stop(self) -> None:
        self.asked.set()

    def ended(self) -> int:
        assert not self.hangs, "nobody waits for its end"
        return 130

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
    monkeypatch.setattr(loading, "ENDING", 0.2)
    monkeypatch.setattr(loading, "Queue", Interrupted)
    loads = [Told(0, hangs=False), Told(1, hangs=True)]
    early: Any = SimpleNamespace(take=lambda order: loads[order.worker])
    heard: list[Event] = []
    with pytest.raises(KeyboardInterrupt):
        carry_out(orders(workers=2), heard.append, early=early)
    assert [one["event"] for one in heard] == ["done"]
    assert all(one.asked.is_set() and one.left.is_set() for one in loads)
