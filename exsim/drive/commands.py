"""What each command of a flow does: one function a command, and the table that names them.

Each takes the task and the command and returns what is sent back into the flow, or PENDING when the flow
has to wait and something else will step it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from exsim.drive.exchange import Exchange
from exsim.drive.world import Line, Timer
from exsim.protocols.flow import (
    Close,
    Command,
    End,
    Join,
    Lease,
    Mark,
    Open,
    Pause,
    Receive,
    Release,
    Request,
    Response,
    Send,
    Start,
    Stop,
)

if TYPE_CHECKING:
    from exsim.drive.task import Task

PENDING: Any = object()
NOT_ALLOWED = "not_allowed"


class NotSent:
    """The channel of an exchange that was not allowed: it is over before it began."""

    connection = None
    evidence = None


def _request(task: Task, command: Request) -> Any:
    client = task.client
    if client.gate is None and command.writes is None and command.on is None:
        pool = client.pools.get(command.origin) or client.pool(command.origin)
        line = pool.next()
        if line is not None:  # nothing to ask, and a connection at hand
            client.begin(task, command, line, False, None)
            return PENDING
    return _request_in_turn(task, command)


def _request_in_turn(task: Task, command: Request) -> Any:
    """The same for any request.  Apart, because names that a function of its own holds are dearer."""
    client = task.client
    refused = Response(None, [], b"", None, error=NOT_ALLOWED)
    return _on_line(
        task, command, lambda line: client.begin(task, command, line, False, None), refused
    )


def _on_line(task: Task, request: Request, go: Callable[[Line], Any], refused: Any) -> Any:
    """Have the request sent, or send `refused` back: what may not be sent leaves no hop."""
    client = task.client
    if request.writes is not None and request.writes not in client.identity.allowed_writes:
        client.mark("write_refused", {"step": request.step, "writes": request.writes})
        return refused
    if request.makes:
        if client.enter_in_ledger is None:
            client.mark("write_refused", {"step": request.step, "writes": "without a ledger"})
            return refused
        client.enter_in_ledger(request)  # before it exists
    if client.gate is None:
        _send_on(task, request, go)
    elif not client.gate.enter(task, request, lambda: _send_on(task, request, go), refused):
        return refused
    return PENDING


def _send_on(task: Task, request: Request, go: Callable[[Line], Any]) -> None:
    if request.on is not None:
        go(request.on)  # type: ignore[arg-type]  # a flow's Connection is the pool's Line
    else:
        _take(task, request.origin, go)


def _take(task: Task, origin: str | None, go: Callable[[Line], Any], fresh: bool = False) -> None:
    """Call `go` with a connection in turn, unless the task is over by then."""
    pool = task.client.pool(origin)
    pool.take(lambda line: pool.give(line) if task.done else go(line), fresh)


def _open(task: Task, command: Open) -> Any:
    def go(line: Line) -> None:
        channel = task.client.begin(task, command.request, line, True, command.length)
        task.client.world.later(0.0, task.step, channel)

    return _on_line(task, command.request, go, NotSent())


def _send(task: Task, command: Send) -> None:
    channel: Any = command.channel
    if isinstance(channel, NotSent):
        return
    channel = _exchange(command.channel)
    if channel.ended is None:
        channel.connection.write(command.data)


def _receive(task: Task, command: Receive) -> Any:
    channel: Any = command.channel
    if isinstance(channel, NotSent):
        return End(NOT_ALLOWED)
    piece = _exchange(channel).receive(command.timeout * task.client.world.scale)
    return PENDING if piece is None else piece


def _close(task: Task, command: Close) -> None:
    channel: Any = command.channel
    if not isinstance(channel, NotSent):
        _exchange(channel).close(command.evidence)


def _exchange(channel: Any) -> Exchange:
    assert isinstance(channel, Exchange)
    return channel


def _lease(task: Task, command: Lease) -> Any:
    def go(line: Line) -> None:
        task.client.world.later(0.0, task.step, line)

    _take(task, command.origin, go, command.fresh)
    return PENDING


def _release(task: Task, command: Release) -> None:
    line: Any = command.connection
    pool = line.pool
    if not line.alive:
        return
    if command.keep:
        pool.give(line)
    else:
        line.drop()
        pool.forget(line)


def _pause(task: Task, command: Pause) -> Any:
    world = task.client.world
    seconds = command.seconds * world.scale
    if seconds <= 0:
        return world.wall()
    task.due = world.now() + seconds

    def wake() -> None:
        task.timer = None
        task.late, task.pause = max(0.0, world.now() - task.due), seconds
        task.step(world.wall())

    task.timer = world.later(seconds, wake)
    return PENDING


def _start(task: Task, command: Start) -> Any:
    return task.client.run(command.flow, command.name)


def _join(task: Task, command: Join) -> Any:
    tasks: list[Any] = list(command.tasks)
    needed = 1 if command.first else len(tasks)

    def done() -> list[Any]:
        return [one for one in tasks if one.done]

    if len(done()) >= min(needed, len(tasks)):
        return done()
    timer: list[Timer] = []
    over = [False]

    def wake(late: bool = False) -> None:
        if over[0] or not (late or len(done()) >= needed):
            return
        over[0] = True
        for one in timer:
            one.cancel()
        task.step(done())

    for one in tasks:
        if not one.done:
            one.waiters.append(wake)
    if command.timeout is not None:
        world = task.client.world
        timer.append(world.later(command.timeout * world.scale, wake, True))
    return PENDING


def _stop(task: Task, command: Stop) -> None:
    stopped: Any = command.task
    stopped.stop()


def _mark(task: Task, command: Mark) -> None:
    client = task.client
    client.mark(command.what, command.facts)
    if client.gate is not None:
        client.gate.marked(command.what, command.facts)


HANDLERS: dict[type[Command[Any]], Callable[[Task, Any], Any]] = {
    Request: _request,
    Open: _open,
    Send: _send,
    Receive: _receive,
    Close: _close,
    Lease: _lease,
    Release: _release,
    Pause: _pause,
    Start: _start,
    Join: _join,
    Stop: _stop,
    Mark: _mark,
}
