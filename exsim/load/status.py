"""The load's news, once a second: users, requests, sessions, losses so far, the matrix filling."""

from __future__ import annotations

import time
from collections.abc import Iterable

import gevent

from exsim.drive.driver import Client
from exsim.load.guard import HEALTH_USER
from exsim.load.lag import LagProbe
from exsim.load.live import tell
from exsim.load.worker import Worker

MAIN = "main"  # the phase in which others are beside the users
EVERY = 1.0  # seconds; also how often the history reaches the disk


def users_of(clients: Iterable[Client]) -> int:
    """How many users there are, without those who look beside them: at each node by itself, and at its health."""
    of_run = (one.identity for one in clients)
    return sum(not one.control and one.user != HEALTH_USER for one in of_run)


class Status:
    """Flushes the history and tells how it goes, each second, until stopped."""

    def __init__(self, worker: Worker, phase: str, silent: bool = False) -> None:
        self.worker = worker
        self.phase = phase
        self.silent = silent  # nobody listens to our standard output
        self.probe = LagProbe()
        self.begin()
        worker.on_load.append(self.begin)
        self._greenlet = gevent.spawn(self._watch)

    def begin(self) -> None:
        """Measure this process from now on: who waited before the load was neither busy nor late."""
        self._began = time.monotonic(), time.process_time()
        self.probe.begin()

    def _watch(self) -> None:
        while True:
            gevent.sleep(EVERY)
            self.worker.history.flush()
            self.tell()

    def tell(self) -> None:
        if self.silent:
            return
        worker = self.worker
        tell(
            "live",
            phase=self.phase,
            worker=worker.order.worker,
            t=round(worker.world.now(), 1),
            users=users_of(worker.clients) if self.phase == MAIN else len(worker.clients),
            hops=worker.recorder.hops,
            counts=worker.recorder.counts(),
            lag=round(self.probe.take_recent(), 4),
            waits=round(max(0.0, worker.waits_until - worker.world.now()), 1),
        )

    def busy(self) -> float:
        """The share of one core that this process has used since it began to measure."""
        wall, used = self._began
        return (time.process_time() - used) / max(1e-3, time.monotonic() - wall)

    def stop(self) -> None:
        self._greenlet.kill(block=False)
        self.probe.stop()
        self.tell()
