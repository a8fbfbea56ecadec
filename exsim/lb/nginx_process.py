"""One running nginx.

A single process (`master_process off`): a master that is killed leaves its workers, and they hold the ports.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from exsim.lb.binary import Binary
from exsim.lb.program import Program


class Nginx(Program):
    """An nginx on `conf`, with `home` as its prefix.  It answers when `address` accepts."""

    name = "nginx"

    def __init__(self, binary: Binary, conf: Path, home: Path, address: str) -> None:
        super().__init__(binary)
        self._conf = conf
        self._home = home
        self._address = address

    def _arguments(self) -> list[str]:
        return ["-p", str(self._home), "-e", "stderr", "-c", str(self._conf)]

    def _answers(self, pid: int) -> bool:
        host, _, port = self._address.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 0.5):
            return True
        return False
