"""How late the hub itself is: a probe that asks to be called each 50 ms and notes by how much it was not.

A generator that is late measures itself; the run says so instead of reporting the server as slow.
"""

from __future__ import annotations

import time

import gevent

EVERY = 0.05  # seconds


class LagProbe:
    """Worst lateness of the last second and of the whole run, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0
        self.recent = 0.0
        self.samples = 0
        self.late_samples = 0  # more than 50 ms behind
        self._greenlet = gevent.spawn(self._watch)

    def _watch(self) -> None:
        while True:
            due = time.perf_counter() + EVERY
            gevent.sleep(EVERY)
            late = max(0.0, time.perf_counter() - due)
            self.samples += 1
            self.late_samples += late > EVERY
            self.recent = max(self.recent, late)
            self.worst = max(self.worst, late)

    def begin(self) -> None:
        """Count anew; the worst stays."""
        self.samples = self.late_samples = 0

    def take_recent(self) -> float:
        recent, self.recent = self.recent, 0.0
        return recent

    def stop(self) -> None:
        self._greenlet.kill(block=False)
