"""One running balancer of any make: started, waited for, ended.

It runs in a process group of its own, and dies with whoever started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod

from exsim.lb.binary import Binary
from exsim.lb.errors import LbError
from exsim.lb.guard import die_with_parent

START_LIMIT = 10.0  # seconds until it answers
STOP_LIMIT = 2.0  # seconds from SIGTERM to SIGKILL
LAST_LINES = 12  # of its own words, in an error


class Program(ABC):
    """A balancer's process.  Use `start`, and always `stop`."""

    name: str

    def __init__(self, binary: Binary) -> None:
        self.binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._leaving: list[subprocess.Popen[bytes]] = []  # processes that a reload sent away
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed by `stop`

    @abstractmethod
    def _arguments(self) -> list[str]:
        """What it is started with."""

    @abstractmethod
    def _answers(self, pid: int) -> bool:
        """Whether it is this process that answers by now."""

    def _said(self, text: str) -> list[str]:
        """The lines of its own words that tell most."""
        return text.splitlines()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, *more: str) -> None:
        """Start, and wait until it answers.  Raises LbError with its own words."""
        self._process = subprocess.Popen(
            [self.binary.path, *self._arguments(), *more],
            stdin=subprocess.DEVNULL,
            stdout=self._words,
            stderr=self._words,
            process_group=0,
            preexec_fn=die_with_parent,
        )
        end = time.monotonic() + START_LIMIT
        while not self._answers(self._process.pid):
            if self._process.poll() is not None:
                raise LbError(f"{self.name} {self.binary.version} did not start:\n{self.words()}")
            if time.monotonic() > end:
                raise LbError(f"{self.name} does not answer:\n{self.words()}")
            time.sleep(0.02)

    def died(self) -> int | None:
        """Its exit code, if it ended by itself."""
        return self._process.poll() if self._process else None

    def words(self) -> str:
        """The last of what it said."""
        self._words.seek(0)
        return "\n".join(self._said(self._words.read().decode(errors="replace"))[-LAST_LINES:])

    def stop(self) -> None:
        """End it, by force after `STOP_LIMIT` seconds; nothing of its group or of a reload is left."""
        process, self._process = self._process, None
        for one in [*self._leaving, *([process] if process else [])]:
            _end(one)
        self._leaving.clear()
        self._words.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_LIMIT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
