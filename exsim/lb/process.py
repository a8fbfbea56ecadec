"""One running HAProxy: its configuration checked, its process, and its reload."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from exsim.lb.binary import Binary
from exsim.lb.errors import LbError
from exsim.lb.program import LAST_LINES, Program
from exsim.lb.rig import Retargeted
from exsim.lb.runtime import Runtime

CHECK_LIMIT = 20.0  # seconds for `-c`


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
        raise LbError(
            f"HAProxy {binary.version} refuses the configuration:\n"
            + "\n".join(loudest(said)[-LAST_LINES:])
        )
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


def loudest(lines: list[str]) -> list[str]:
    """Alerts before anything else."""
    return [line for line in lines if line.startswith("[ALERT]")] or lines


class Balancer(Program):
    """A HAProxy on `cfg`, in the foreground.  `runtime` is its socket, and answers when it runs."""

    name = "HAProxy"

    def __init__(self, binary: Binary, cfg: Path, runtime_socket: str) -> None:
        super().__init__(binary)
        self.cfg = cfg
        self.runtime = Runtime(runtime_socket)

    def _arguments(self) -> list[str]:
        return ["-db", "-f", str(self.cfg)]

    def _answers(self, pid: int) -> bool:
        try:
            return self.runtime.info().get("Pid") == str(pid)  # and not one that is being replaced
        except LbError:
            return False

    def _said(self, text: str) -> list[str]:
        return loudest(spoken(text))

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
