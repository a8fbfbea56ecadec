"""One running nginx: started, waited for, ended.

A single process (`master_process off`) in a group of its own, which dies with whoever started it: a master
that is killed leaves its workers, and they hold the ports.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from exsim.lb.binary import Binary
from exsim.lb.errors import LbError
from exsim.lb.guard import die_with_parent
from exsim.lb.process import LAST_LINES, START_LIMIT, STOP_LIMIT


class Nginx:
    """An nginx on `conf`, with `home` as its prefix.  Use `start`, and always `stop`."""

    def __init__(self, binary: Binary, conf: Path, home: Path, address: str) -> None:
        self._binary = binary
        self._conf = conf
        self._home = home
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed by `stop`

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start, and wait until it accepts.  Raises LbError with its own words."""
        self._process = subprocess.Popen(
            [self._binary.path, "-p", str(self._home), "-e", "stderr", "-c", str(self._conf)],
            stdin=subprocess.DEVNULL,
            stdout=self._words,
            stderr=self._words,
            process_group=0,
            preexec_fn=die_with_parent,
        )
        end = time.monotonic() + START_LIMIT
        while not self._accepts():
            if self._process.poll() is not None:
                raise LbError(f"nginx {self._binary.version} did not start:\n{self.words()}")
            if time.monotonic() > end:
                raise LbError(f"nginx does not answer:\n{self.words()}")
            time.sleep(0.02)

    def _accepts(self) -> bool:
        host, _, port = self._address.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 0.5):
            return True
        return False

    def died(self) -> int | None:
        """Its exit code, if it ended by itself."""
        return self._process.poll() if self._process else None

    def words(self) -> str:
        """Its own last words."""
        self._words.seek(0)
        return "\n".join(self._words.read().decode("utf-8", "replace").splitlines()[-LAST_LINES:])

    def stop(self) -> None:
        """End it, by force after a while; nothing of its group is left."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_LIMIT)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._words.close()
