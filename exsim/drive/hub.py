"""The world of real time: gevent's hub, sockets, and one sweeper that keeps every deadline."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING, Any

from gevent import get_hub
from gevent.event import Event

from exsim.drive.target import Target
from exsim.drive.transport import HubLine

if TYPE_CHECKING:
    from exsim.drive.driver import Client
    from exsim.drive.exchange import Exchange
    from exsim.drive.task import Task

SWEEP = 0.1  # seconds between two looks at the deadlines that are near
FAR = 20.0  # seconds; a deadline further off is looked at no more often: parked users have thousands of them
MILLISECONDS = tuple(f".{number:03d}Z" for number in range(1000))  # as a stamp ends
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


class HubTimer:
    """One timer of the loop, closed when it has called or is cancelled."""

    __slots__ = ("watcher",)

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self.watcher = get_hub().loop.timer(seconds)
        self.watcher.start(self._due, call)

    def _due(self, call: Callable[[], None]) -> None:
        self.cancel()
        call()

    def cancel(self) -> None:
        watcher, self.watcher = self.watcher, None
        if watcher is not None:
            watcher.stop()
            watcher.close()


class HubCallback:
    """Something to be done in the loop's next turn."""

    __slots__ = ("callback",)

    def __init__(self, call: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self.callback = get_hub().loop.run_callback(call, *arguments)

    def cancel(self) -> None:
        self.callback.stop()


class HubWorld:
    """Sockets and real time.  `targets`: origin (None: the scenario's target) -> where it is."""

    def __init__(
        self,
        targets: dict[str | None, Target],
        started: float | None = None,
        scale: float = 1.0,
        on_crash: Callable[[Exception], None] | None = None,
    ) -> None:
        self.targets = targets
        self.scale = scale
        self.on_crash = on_crash
        self.started = time.time() if started is None else started
        self.zero = time.perf_counter() - (time.time() - self.started)
        self.numbers = count(1)
        self.lines: set[HubLine] = set()  # that are open
        self.horizon = 0.0  # what is due after this is found on its line in time
        self._near: set[Exchange] = set()  # what is due before
        self._sweeper: HubTimer | None = None

    def now(self) -> float:
        return time.perf_counter() - self.zero

    def wall(self) -> float:
        return self.started + self.now()

    def later(
        self, seconds: float, call: Callable[..., None], *arguments: Any
    ) -> HubTimer | HubCallback:
        if seconds <= 0:
            return HubCallback(call, arguments)
        return HubTimer(seconds, lambda: call(*arguments) if arguments else call())

    def line(self, client: Client, origin: str | None) -> HubLine:
        line = HubLine(self, client, origin, next(self.numbers))
        self.lines.add(line)
        if self._sweeper is None:
            self.horizon = self.now() + FAR
            self._sweeper = HubTimer(SWEEP, self._sweep)
        return line

    def watch(self, exchange: Exchange) -> None:
        deadline = exchange.deadline
        if deadline is not None and deadline < self.horizon:
            self._near.add(exchange)

    def _sweep(self) -> None:
        now = self.now()
        if now + SWEEP >= self.horizon:
            self._look_far(now + SWEEP + FAR)
        late = []
        for exchange in list(self._near):
            deadline = exchange.deadline
            if exchange.ended is not None or deadline is None or deadline >= self.horizon:
                self._near.discard(exchange)
            elif deadline <= now:
                self._near.discard(exchange)
                late.append(exchange)
        for exchange in late:
            exchange.on_deadline()
        self._sweeper = HubTimer(SWEEP, self._sweep) if self.lines or self._near else None

    def _look_far(self, until: float) -> None:
        """Bring near what is due before `until`, when the lines are looked at again."""
        self.horizon = until
        for line in self.lines:
            if line.exchange is not None:
                self.watch(line.exchange)

    def crashed(self, error: Exception) -> None:
        if self.on_crash is None:
            raise error
        self.on_crash(error)


def run_until(task: Task, seconds: float) -> bool:
    """Run the hub from a program that has no greenlets of its own, until `task` is over.

    False when `seconds` passed before.  SIGINT and SIGTERM end the wait, and raise KeyboardInterrupt here
    and not in the middle of an answer.  What a flow of ours raises is for the world's `on_crash`.
    """
    over, told = Event(), []

    def interrupt(number: int, frame: FrameType | None) -> None:
        told.append(number)
        over.set()

    before = {number: signal.signal(number, interrupt) for number in INTERRUPTS}
    try:
        if not task.done:
            task.waiters.append(over.set)
            over.wait(seconds)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
    if told:
        raise KeyboardInterrupt
    return task.done


def stamper(started: float) -> Callable[[float], str]:
    """Seconds since `started` (seconds since 1970) -> `2026-11-22T05:12:15.918Z`."""
    known, text = (
        -1,
        "",
    )  # milliseconds since 1970, and what they are called: they are asked for many at a time
    second, begin = -1, ""  # the same of a second

    def stamp(t: float) -> str:
        nonlocal known, text, second, begin
        now = int((started + t) * 1000)
        if now != known:
            known = now
            whole, part = divmod(now, 1000)
            if whole != second:
                second, begin = whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
            text = begin + MILLISECONDS[part]
        return text

    return stamp
