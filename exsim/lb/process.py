"""One running HAProxy: checked, started, asked whether it is there, ended.

It runs in the foreground in a process group of its own, and dies with whoever started it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from exsim.lb.binary import Binary
from exsim.lb.errors import LbError
from exsim.lb.guard import die_with_parent
from exsim.lb.rig import Retargeted
from exsim.lb.runtime import Runtime

START_LIMIT = 10.0  # seconds until it answers on its runtime socket
CHECK_LIMIT = 20.0  # seconds for `-c`
STOP_LIMIT = 2.0  # seconds from SIGTERM to SIGKILL
LAST_LINES = 12  # of its own words, in an error


def check(binary: Binary, cfg: Path, made: Retargeted, source: str) -> list[str]:
    """HAProxy's own warnings about `cfg`.  Raises LbError, with its own words, when it refuses it.

    Both name the lines of `source`, the file as given, of which `cfg` is the copy that runs.
    """
    try:
        done = subprocess.run(
            [binary.path, "-c", "-f", str(cfg)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHECK_LIMIT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LbError(f"{binary.path}: does not run: {error}") from error
    said = spoken(as_given(done.stderr, cfg, made, source))
    if done.returncode:
        raise LbError(f"HAProxy {binary.version} refuses the configuration:\n" + last(said))
    return [line for line in said if line.startswith("[WARNING]")]


def as_given(text: str, cfg: Path, made: Retargeted, source: str) -> str:
    """`text` with places in the copy that runs as places in the file that it was made from."""

    def place(match: re.Match[str]) -> str:
        number = int(match[1])
        line = made.origin[number - 1] if 0 < number <= len(made.origin) else 0
        return f"{source}:{line}" if line else f"{source} (as it runs):{number}"

    return re.sub(re.escape(str(cfg)) + r":(\d+)", place, text).replace(str(cfg), source)


def spoken(text: str) -> list[str]:
    """What HAProxy says, a message a line, without process numbers and notices."""
    messages: list[str] = []
    for line in text.splitlines():
        if line.startswith("["):
            label, _, rest = line.partition(":")
            messages.append(f"{label.split()[0]} {rest.strip()}")
        elif line.strip() and messages:
            messages[-1] += " " + line.strip()
    return [message for message in messages if not message.startswith("[NOTICE]")]


def last(lines: list[str]) -> str:
    """The last words of a process that failed; alerts before anything else."""
    alerts = [line for line in lines if line.startswith("[ALERT]")]
    return "\n".join((alerts or lines)[-LAST_LINES:])


class Balancer:
    """A HAProxy on `cfg`.  `runtime` is its socket.  Use `start`, and always `stop`."""

    def __init__(self, binary: Binary, cfg: Path, runtime_socket: str) -> None:
        self.binary = binary
        self.cfg = cfg
        self.runtime = Runtime(runtime_socket)
        self._process: subprocess.Popen[bytes] | None = None
        self._leaving: list[subprocess.Popen[bytes]] = []  # processes that a reload sent away
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed by `stop`

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, *more: str) -> None:
        """Start, and wait until it answers.  Raises LbError with its own words."""
        self._process = subprocess.Popen(
            [self.binary.path, "-db", "-f", str(self.cfg), *more],
            stdin=subprocess.DEVNULL,
            stdout=self._words,
            stderr=self._words,
            process_group=0,
            preexec_fn=die_with_parent,
        )
        end = time.monotonic() + START_LIMIT
        while True:
            if self._process.poll() is not None:
                raise LbError(f"HAProxy {self.binary.version} did not start:\n{self.words()}")
            try:
                answers = self.runtime.info().get("Pid")
            except LbError:
                answers = None
            if answers == str(self._process.pid):  # and not one that is being replaced
                return
            if time.monotonic() > end:
                raise LbError(f"HAProxy does not answer:\n{self.words()}")
            time.sleep(0.02)

    def reload(self) -> None:
        """A second process takes over the addresses, the first ends what it has under way and goes.

        What the first had learnt (tables, counters) is gone.  Raises LbError with its own words.
        """
        former, self._process = self._process, None
        assert former is not None, "not started"
        self._leaving.append(former)
        try:
            self.start("-sf", str(former.pid))
        except LbError:
            self._leaving.remove(former)
            self._process, failed = former, self._process
            if failed is not None and failed.poll() is None:
                failed.kill()
                failed.wait()
            raise

    def died(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.poll() if self._process else None

    def words(self) -> str:
        """The last of what it said."""
        self._words.seek(0)
        return last(spoken(self._words.read().decode(errors="replace")))

    def stop(self) -> None:
        """End it, by force after `STOP_LIMIT` seconds, and whatever a reload left behind."""
        process, self._process = self._process, None
        for one in [*self._leaving, *([process] if process else [])]:
            _end(one)
        self._leaving.clear()
        self._words.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
