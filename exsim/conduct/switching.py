"""Changing the configuration of a balancer that is not ours: by a command, or by the operator's own hands."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exsim.conduct.environment import EnvironmentProblem
from exsim.runs.errors import OperatorError

LIMIT = 300.0  # seconds that a command may take: an appliance may write its configuration for long
FIRST = "a"  # what runs in production, and is to run there again when the trial is over


class Switch:
    """Brings the balancer to configuration "a" or "b".

    `command` is run with the letter as its last argument; without one, whoever sits at the terminal is asked.
    `settle`: seconds after each change in which nothing is sent.
    """

    def __init__(
        self, command: str, settle: float = 0.0, ask: Callable[[str], object] | None = None
    ) -> None:
        try:
            self._command = shlex.split(command)
        except ValueError as problem:
            raise OperatorError(f"--switch: {command!r} is not a command: {problem}") from None
        if not self._command and ask is None and not sys.stdin.isatty():
            raise OperatorError(
                "ab: the balancer of this target is not run here; say --switch COMMAND, which is run with "
                "a or b before each block, or start it at a terminal"
            )
        self._ask = ask or input
        self._settle = settle
        self.stands_at = ""

    def to(self, letter: str) -> None:
        """Raises EnvironmentProblem when the command fails: the balancer may stand at either."""
        if letter == self.stands_at:
            return
        self.stands_at = "?"
        if self._command:
            self._run(letter)
        else:
            self._ask(f"Set the balancer to configuration {letter.upper()}, then press Enter: ")
        self.stands_at = letter
        time.sleep(self._settle)

    def _run(self, letter: str) -> None:
        words = [*self._command, letter]
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False
            )
        except OSError as problem:
            raise EnvironmentProblem(f"--switch: {words[0]}: {problem.strerror}") from None
        except subprocess.TimeoutExpired:
            raise EnvironmentProblem(
                f"--switch: {shlex.join(words)}: still not done after {LIMIT:.0f} s"
            ) from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise EnvironmentProblem(
                f"--switch: {shlex.join(words)} ended with {done.returncode}"
                + (f": {said[-1][:200]}" if said else "")
            )


@contextmanager
def restored(switch: Switch) -> Iterator[None]:
    """However it ends, the balancer goes back to what it ran before, if it was ever touched."""
    try:
        yield
    finally:
        if switch.stands_at not in ("", FIRST):
            switch.to(FIRST)
