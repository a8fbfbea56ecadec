"""A flow that is being run, stepped from callbacks of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from exsim.drive.commands import HANDLERS, PENDING
from exsim.drive.exchange import Exchange
from exsim.drive.world import Timer
from exsim.protocols.flow import Flow

if TYPE_CHECKING:
    from exsim.drive.driver import Client


class Task:
    """A flow that is being run.  `result` is what it returned, once `done`."""

    __slots__ = (
        "client",
        "done",
        "due",
        "flow",
        "late",
        "name",
        "owned",
        "pause",
        "result",
        "timer",
        "waiters",
    )

    def __init__(self, client: Client, flow: Flow[Any], name: str = "") -> None:
        self.client = client
        self.flow = flow
        self.name = name
        self.result: Any = None
        self.done = False
        self.timer: Timer | None = None
        self.due = 0.0
        self.late = 0.0  # seconds behind the plan, given to the next request
        self.pause = 0.0  # seconds that the flow meant to wait before it, given to it too
        self.owned: dict[Exchange, None] = {}  # in the order of sending
        self.waiters: list[Callable[[], None]] = []

    def step(self, value: Any = None) -> None:
        """Send `value` into the flow and do what it asks, until it has to wait or ends."""
        if self.client.stopped:
            return
        while not self.done:
            try:
                command = self.flow.send(value)
            except StopIteration as stop:
                self.finish(stop.value)
                return
            except Exception as error:  # ours: a mark, and the run ends with 70
                self.client.crashed(self, error)
                return
            value = HANDLERS[type(command)](self, command)
            if value is PENDING:
                return

    def finish(self, result: Any) -> None:
        self.result = result
        self.done = True
        self.client.tasks.discard(self)
        for exchange in list(self.owned):
            exchange.close(None, "abandoned")
        waiters, self.waiters = self.waiters, []
        for wake in waiters:
            wake()

    def stop(self) -> None:
        """End the flow now; what it has in flight is abandoned, each as a hop."""
        if self.done:
            return
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.done = True
        self.flow.close()
        self.finish(None)
