"""`python -m exsim.load`: one order on standard input, then a phase of a run until it is over.

Standard input stays open as a lifeline: when whoever gave the order goes away, the load ends; when he writes
that it is enough, the phase is complete.  What the other workers of the run have to tell (an account that
rests, a stop rule) comes by it.  Exit codes: 0 the phase is complete, 4 there was no room for what it saw, 5 a
stop rule ended it, 70 a flow of ours broke, 130 told to stop (what was measured is written).
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from typing import Any

import gevent
import msgspec
from gevent import get_hub, monkey

from exsim.load.guard import Guard
from exsim.load.leaving import send_away
from exsim.load.live import tell
from exsim.load.phases import PHASES
from exsim.load.status import Status
from exsim.load.worker import ENOUGH, FULL, Worker
from exsim.runs.garbage import collect_seldom
from exsim.runs.order import STOP_WORD, read_order

OVER, UNWRITTEN, BY_RULE, BROKE, STOPPED = 0, 4, 5, 70, 130
ENOUGH_WORD = b"enough"
LONGEST_WORD = 65536  # bytes that are read at once
LAST_LIMIT = 10.0  # seconds that an orphaned load may take to end by itself


def main() -> int:
    """Carry out the order that standard input holds in its first line."""
    order = read_order(sys.stdin.buffer.readline())
    worker = Worker(order)
    collect_seldom()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, worker.stop, "signal")
    lifeline = lifeline_of(worker)
    status = Status(worker, order.phase)
    guard = Guard(worker)
    try:
        worker.let_pace_pass()
        if not worker.stopping.is_set():
            PHASES[order.phase](worker)
    except OSError as problem:
        if problem.errno not in FULL:
            raise
        worker.no_room(problem)
    finally:
        guard.stop()
        status.stop()
        lifeline.stop()
        lifeline.close()
        worker.mark(
            "phase_ended",
            phase=order.phase,
            worker=order.worker,
            why=worker.why,
            rule=worker.by_rule,
            lag=round(status.probe.worst, 4),
            looks=status.probe.samples,
            late_looks=status.probe.late_samples,
            busy=round(status.busy(), 3),
            cpu=round(sum(os.times()[:2]), 2),
        )
        worker.close()
    tell(
        "done",
        why=worker.why,
        worker=order.worker,
        hops=worker.recorder.hops,
        logons=worker.logons(),
    )
    if worker.crash is not None:
        return BROKE
    if worker.unwritten:
        return UNWRITTEN
    if worker.by_rule:
        return BY_RULE
    return STOPPED if worker.why not in ("", ENOUGH) else OVER


def lifeline_of(worker: Worker) -> Any:
    """The watcher of standard input: by the loop, or by a thread where the loop watches sockets alone."""
    loop = get_hub().loop
    if hasattr(os, "killpg"):
        watcher = loop.io(sys.stdin.fileno(), 1)
        watcher.start(_watch_lifeline, worker, watcher)
        return watcher
    heard: deque[bytes] = deque()
    told = loop.async_()

    def listen() -> None:
        while True:
            heard.append(os.read(sys.stdin.fileno(), LONGEST_WORD))
            told.send()
            if not heard[-1]:
                return

    def pass_on() -> None:
        while heard:
            _hear(worker, heard.popleft())

    told.start(pass_on)
    monkey.get_original("_thread", "start_new_thread")(listen, ())
    return told


def _watch_lifeline(worker: Worker, watcher: Any) -> None:
    said = os.read(sys.stdin.fileno(), LONGEST_WORD)
    if not said:
        watcher.stop()
    _hear(worker, said)


def _hear(worker: Worker, said: bytes) -> None:
    """What whoever gave the order says next; nothing: he is gone."""
    for line in said.splitlines():
        _obey(worker, line)
    if not said:
        worker.stop("the run went away")
        gevent.spawn_later(LAST_LIMIT, _end, worker)  # nobody is left to end us by force


def _obey(worker: Worker, line: bytes) -> None:
    """To end, that it is enough, or what another worker of the same run had to tell all of them."""
    if line == STOP_WORD:
        worker.stop("signal")
        return
    if line == ENOUGH_WORD:
        worker.enough()
        return
    try:
        word = msgspec.json.decode(line, type=dict[str, str])
    except msgspec.DecodeError:
        return
    if word.get("event") == "rests":
        worker.rested(word.get("account", ""), word.get("why", ""))
    elif word.get("event") == "met":
        send_away(worker, word.get("home", ""))
    elif word.get("event") == "rule":
        worker.stop_by_rule(word.get("why", ""))


def _end(worker: Worker) -> None:
    """What is written is written; whatever still holds this process does so no longer."""
    worker.history.flush()
    os._exit(STOPPED)


if __name__ == "__main__":
    sys.exit(main())
