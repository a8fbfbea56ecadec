"""One process for each node: started with its listening sockets, waited for, steered, ended.

A node's standard input stays open as its lifeline, so that it ends by itself when this process does.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from exsim.lab.errors import LabError
from exsim.lab.ports import address_of, listening, silent

LAST_LINES = 12  # of a node's own words, in an error
PACKAGE = Path(__file__).resolve().parents[2]  # where `exsim` is imported from


class NodeProcess:
    """One node.  `http`, `https`, `back`: its addresses, which stay the same over a restart."""

    def __init__(self, name: str, confession: Path, *, back_end_down: bool, module: str) -> None:
        self.name = name
        self._confession = confession
        self._back_end_down = back_end_down
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._doors = {"front": listening(), "front_tls": listening()}
        self._doors["back"] = silent() if back_end_down else listening()
        self.http, self.https, self.back = (address_of(door) for door in self._doors.values())
        self._asked_to_end = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process, which loads what it needs and then waits to be told who it is."""
        doors = {k: door for k, door in self._doors.items() if not self._is_silent(k)}
        listen = [f"--listen={name}={door.fileno()}" for name, door in doors.items()]
        command = [sys.executable, "-P", "-m", self._module, f"--name={self.name}"]
        self._process = subprocess.Popen(
            [*command, f"--confession={self._confession}", *listen],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            pass_fds=[door.fileno() for door in doors.values()],
            process_group=0,  # a Ctrl-C at the terminal is for whoever runs the lab
            env=_environment(),
        )
        for name, door in doors.items():
            door.close()
            del self._doors[name]

    def tell(self, orders: dict[str, Any]) -> None:
        """Tell it who it is; `wait_ready` says when it serves."""
        assert self._process is not None and self._process.stdin is not None
        # When it has ended already, `wait_ready` says so with its own words.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(orders).encode() + b"\n")
            self._process.stdin.flush()

    def wait_ready(self, end: float) -> None:
        """Until it serves, or the monotonic time `end`.  Raises LabError with its own last words."""
        assert self._process is not None and self._process.stdout is not None
        said = b""
        handle = self._process.stdout.fileno()
        while b"\n" not in said:
            left = end - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                raise LabError(f"node {self.name} does not come up", self.words())
            piece = os.read(handle, 4096)
            if not piece:
                self._process.wait()
                raise LabError(f"node {self.name} did not start", self.words())
            said += piece

    def restart(self, orders: dict[str, Any]) -> None:
        """Start it again at the same addresses, after `kill`."""
        addresses = {"front": self.http, "front_tls": self.https, "back": self.back}
        for name, address in addresses.items():
            if name not in self._doors:
                self._doors[name] = listening(int(address.rpartition(":")[2]))
        self._asked_to_end = False
        self.start()
        self.tell(orders)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._asked_to_end = True
        self.signal(signal.SIGKILL)
        self._reap(None)

    def ask_to_end(self) -> None:
        """Begin an orderly end; `close` waits for it."""
        self._asked_to_end = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)

    def close(self, end: float) -> None:
        """See that it is gone by the monotonic time `end`, by force after it."""
        self._reap(max(0.0, end - time.monotonic()))
        for door in self._doors.values():
            door.close()
        self._words.close()

    def died(self) -> int | None:
        """Its exit code, if it ended without being asked to."""
        if self._process is None or self._asked_to_end:
            return None
        return self._process.poll()

    def words(self) -> str:
        """The last lines of its standard error."""
        self._words.seek(0)
        lines = self._words.read().decode(errors="replace").rstrip().splitlines()
        return "\n".join(lines[-LAST_LINES:])

    def _is_silent(self, door: str) -> bool:
        return door == "back" and self._back_end_down

    def _reap(self, limit: float | None) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _environment() -> dict[str, str]:
    """The environment of a node: where exsim is, whatever the directory it is started from."""
    path = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path}
