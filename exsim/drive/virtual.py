"""A world without sockets: a heap of times.  Minutes of a browser's life take milliseconds here.

The lines are the caller's: `connect(client, origin)` gives one that answers through `world.later`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from exsim.drive.world import Line

if TYPE_CHECKING:
    from exsim.drive.driver import Client
    from exsim.drive.exchange import Exchange

EPOCH = 1_763_788_800.0  # 2025-11-22T05:20:00Z: where virtual wall clocks start


class VirtualTimer:
    """One entry of the heap."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class VirtualWorld:
    """One clock for every client and node.  `run` goes on until nothing is left to happen."""

    def __init__(self, connect: Callable[[Client, str | None], Line] | None = None) -> None:
        self.connect = connect
        self.scale = 1.0
        self.horizon = float("inf")
        self.time = 0.0
        self.heap: list[tuple[float, int, VirtualTimer]] = []
        self.number = count()

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return EPOCH + self.time

    def later(self, seconds: float, call: Callable[..., None], *arguments: Any) -> VirtualTimer:
        timer = VirtualTimer(lambda: call(*arguments))
        heapq.heappush(self.heap, (self.time + max(0.0, seconds), next(self.number), timer))
        return timer

    def line(self, client: Client, origin: str | None) -> Line:
        assert self.connect is not None, "this world has no network"
        return self.connect(client, origin)

    def watch(self, exchange: Exchange) -> None:
        deadline = exchange.deadline
        if deadline is None:
            return

        def check() -> None:
            if exchange.deadline == deadline and exchange.ended is None:
                exchange.on_deadline()

        self.later(deadline - self.time, check)

    def crashed(self, error: Exception) -> None:
        raise error

    def run(self, until: float | None = None) -> None:
        """Let everything happen that is due, in order; at `until` seconds, stop."""
        while self.heap:
            at, _, timer = self.heap[0]
            if until is not None and at > until:
                self.time = until
                return
            heapq.heappop(self.heap)
            self.time = at
            call, timer.call = timer.call, None
            if call is not None:
                call()
