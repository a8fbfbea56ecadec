"""TLS before the target that parks: HAProxies, whose handshakes cost a fraction of Python's.

Without them the target, and not the client, would say how soon ten thousand are up.  Several, because each holds two
descriptors a user; they listen on one port, and the kernel shares its connections out.
"""

from __future__ import annotations

import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from exsim.lb.binary import find_haproxy
from tests.bench.target import ENDING_WITH_US, TARGET_CPU

PROCESSES = 2
SPARE = 100  # descriptors of one that are no user's
PATIENCE = 10.0  # seconds until they listen


def config(port: int, certificate: Path, door: Path, connections: int) -> str:
    """One thread, no limit of time that a parked user could meet."""
    return f"""global
  nbthread 1
  maxconn {connections}
defaults
  mode http
  option http-no-delay
  retries 10
  timeout connect 5s
  timeout client 24h
  timeout server 24h
  timeout http-keep-alive 24h
frontend tls
  bind 127.0.0.1:{port} ssl crt {certificate} alpn http/1.1 backlog 4096
  default_backend parked
backend parked
  server parking unix@{door}
"""


@contextmanager
def tls_before(folder: Path, port: int, certificate: Path, door: Path) -> Iterator[None]:
    """TLS on `port`, for what listens at `door` (a Unix socket)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    path = folder / "tls.cfg"
    path.write_text(config(port, certificate, door, (hard - SPARE) // 2))
    command = [
        *ENDING_WITH_US,
        "taskset",
        "-c",
        TARGET_CPU,
        find_haproxy(None).path,
        "-db",
        "-f",
        str(path),
    ]
    with ExitStack() as ends:
        for _ in range(PROCESSES):
            process = subprocess.Popen(command)
            ends.callback(process.wait)
            ends.callback(process.kill)
        until = time.monotonic() + PATIENCE
        while not _listens(port):
            if time.monotonic() > until:
                raise SystemExit("TLS before the target does not come up")
            time.sleep(0.05)
        yield


def _listens(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0
