"""A driver of a few lines: runs a flow in virtual time against a function that answers requests.

It keeps every hop and mark.  Not the product's driver: what it does can be seen at a glance.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from exsim.protocols.flow import (
    Close,
    End,
    Flow,
    Head,
    Join,
    Lease,
    Mark,
    Open,
    Pause,
    Receive,
    Release,
    Request,
    Response,
    Start,
    Stop,
)

WALL = 1_763_788_800.0
PENDING: Any = object()


@dataclass(slots=True)
class Line:
    number: int
    note: Any = None
    alive: bool = True
    certificate: bytes = b""


@dataclass(slots=True)
class Late:
    """An answer that comes `seconds` after its request."""

    seconds: float
    response: Response


@dataclass(slots=True)
class Stream:
    """An answer that comes piece by piece: (seconds after the one before, piece), and how it ends."""

    pieces: Sequence[tuple[float, bytes]]
    error: str | None = None
    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


Answer = Response | Late | Stream


def answer(
    status: int | None, *headers: tuple[str, str], body: bytes = b"", error: str | None = None
) -> Response:
    """A response with headers as the transport hands them over."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return Response(status, raw, body, Line(1), error)


class Running:
    """A flow that is being run."""

    def __init__(self, flow: Flow[Any]) -> None:
        self.flow = flow
        self.result: Any = None
        self.done = False
        self.waiters: list[Callable[[], None]] = []


class Scripted:
    """`serve(request, now)` answers each request at once; what comes late it wraps in `Late`."""

    def __init__(self, serve: Callable[[Request, float], Answer]) -> None:
        self.serve = serve
        self.now = 0.0
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.order = count()
        self.lines = count(1)
        self.hops: list[tuple[float, Request, Response | None]] = []
        self.marks: list[tuple[str, dict[str, Any]]] = []
        self.closed: list[Close] = []
        self.released: list[Release] = []
        self.in_flight = self.most_in_flight = 0

    def run(self, flow: Flow[Any], until: float = 1e9) -> Any:
        """Run `flow` and everything it starts; its result."""
        task = self.start(flow)
        while self.heap and self.heap[0][0] <= until:
            self.now, _, call = heapq.heappop(self.heap)
            call()
        return task.result

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self.heap, (self.now + seconds, next(self.order), call))

    def start(self, flow: Flow[Any]) -> Running:
        task = Running(flow)
        self.later(0, lambda: self.step(task, None))
        return task

    def step(self, task: Running, value: Any) -> None:
        while not task.done:
            try:
                command = task.flow.send(value)
            except StopIteration as stop:
                self.finish(task, stop.value)
                return
            value = self.act(task, command)
            if value is PENDING:
                return

    def finish(self, task: Running, result: Any) -> None:
        task.result, task.done = result, True
        for wake in task.waiters:
            wake()

    def act(self, task: Running, command: Any) -> Any:
        if isinstance(command, Mark):
            self.marks.append((command.what, command.facts))
            return None
        return getattr(self, f"_{type(command).__name__.lower()}")(task, command)

    def _request(self, task: Running, request: Request) -> Any:
        said = self.serve(request, self.now)
        assert not isinstance(said, Stream)
        seconds, response = (
            (said.seconds, said.response) if isinstance(said, Late) else (0.01, said)
        )
        if seconds > request.timeout:
            seconds, response = request.timeout, Response(None, [], b"", None, "timeout")
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        sent = self.now

        def arrive() -> None:
            self.in_flight -= 1
            self.hops.append((sent, request, response))
            self.step(task, response)

        self.later(seconds, arrive)
        return PENDING

    def _pause(self, task: Running, pause: Pause) -> Any:
        self.later(pause.seconds, lambda: self.step(task, WALL + self.now))
        return PENDING

    def _start(self, task: Running, start: Start) -> Running:
        return self.start(start.flow)

    def _stop(self, task: Running, stop: Stop) -> None:
        running: Any = stop.task
        running.done = True
        running.flow.close()

    def _join(self, task: Running, join: Join) -> Any:
        tasks: Any = join.tasks
        needed = 1 if join.first else len(tasks)
        over: list[bool] = []

        def wake() -> None:
            if not over and sum(one.done for one in tasks) >= needed:
                over.append(True)
                self.later(0, lambda: self.step(task, [one for one in tasks if one.done]))

        for one in tasks:
            one.waiters.append(wake)
        wake()
        return PENDING

    def _lease(self, task: Running, lease: Lease) -> Line:
        return Line(next(self.lines))

    def _release(self, task: Running, release: Release) -> None:
        self.released.append(release)

    def _open(self, task: Running, command: Open) -> Any:
        said = self.serve(command.request, self.now)
        channel = ScriptedChannel(command.request, [])
        self.hops.append((self.now, command.request, None))
        if isinstance(said, Late):
            said = said.response
        if isinstance(said, Stream):
            channel.pieces = [(0.0, Head(said.status, said.headers)), *said.pieces]
            channel.end = End(said.error)
        elif said.status is None:
            channel.end = End(said.error)
        else:
            channel.pieces = [(0.0, Head(said.status, said.headers)), (0.0, said.body)]
        return channel

    def _receive(self, task: Running, receive: Receive) -> Any:
        channel: Any = receive.channel
        seconds, piece = channel.pieces.pop(0) if channel.pieces else (0.0, channel.end)
        self.later(seconds, lambda: self.step(task, piece))
        return PENDING

    def _close(self, task: Running, close: Close) -> None:
        self.closed.append(close)


@dataclass(slots=True)
class ScriptedChannel:
    request: Request
    pieces: list[Any]
    end: End = field(default_factory=End)
    connection: Line = field(default_factory=lambda: Line(9))


def dice(seed: int = 7) -> Random:
    """A client's dice."""
    return Random(seed)
