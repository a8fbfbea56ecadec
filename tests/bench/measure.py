"""CPU of a process tree a request, while the target counts: no client's own figures are believed.

A client whose answers were not those of the session flow is no client: it is thrown out with its reason.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CLIENT_CPU = "1"
START = 40.0  # seconds that a client may take until it is at work
AT_WORK = 200  # requests
SENT = 2000  # bytes a request, at least: a session with fewer is another one
REDIRECTS = (0.06, 0.20)  # of the answers: three of the 25 of a session
FEWEST = 100  # requests in a window; fewer measure the client's start


class Unfit(Exception):
    """What a client did was not the flow; its figure is no figure."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the target has answered so far, by hundreds of the status; the bytes that it was sent."""

    requests: int
    redirects: int
    refused: int
    sent: int

    def since(self, before: Counts) -> Counts:
        return Counts(
            self.requests - before.requests,
            self.redirects - before.redirects,
            self.refused - before.refused,
            self.sent - before.sent,
        )


def counted(admin: Path) -> Counts:
    """What the HAProxy behind `admin` says of its frontend."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(admin))
        asking.sendall(b"show stat\n")
        lines = b"".join(iter(lambda: asking.recv(65536), b"")).decode().splitlines()
    names = lines[0].removeprefix("# ").split(",")
    rows = [dict(zip(names, line.split(","), strict=False)) for line in lines[1:] if line]
    row = next(row for row in rows if row["svname"] == "FRONTEND")
    refused = int(row["hrsp_4xx"]) + int(row["hrsp_5xx"])
    return Counts(int(row["req_tot"]), int(row["hrsp_3xx"]), refused, int(row["bin"]))


def tree(root: int) -> set[int]:
    """`root` and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry)] = int(fields[1])
    found, size = {root}, 0
    while size < len(found):
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def cpu(processes: set[int]) -> float:
    """Seconds that all threads of `processes` have run."""
    total = 0
    for process in processes:
        try:
            for thread in Path(f"/proc/{process}/task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A client on its processor, in a group of its own that is ended with it."""
    with (folder / "client.log").open("wb") as log:
        client = subprocess.Popen(
            ["taskset", "-c", CLIENT_CPU, *command],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield client
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(client.pid, number)
                client.wait(5)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue


def cost(command: list[str], folder: Path, seconds: float) -> float:
    """Microseconds of CPU a request of one client.  Raises `Unfit`."""
    admin = folder / "admin.sock"
    begin = counted(admin).requests
    with running(command, folder) as client:
        until = time.monotonic() + START
        while counted(admin).requests < begin + AT_WORK:
            if client.poll() is not None or time.monotonic() > until:
                raise Unfit(f"never at work: {_last_words(folder)}")
            time.sleep(0.1)
        time.sleep(1.0)
        family = tree(client.pid)
        before, spent = counted(admin), cpu(family)
        time.sleep(seconds)
        done, spent = counted(admin).since(before), cpu(family) - spent
        if client.poll() not in (None, 0):
            raise Unfit(f"ended with {client.returncode}: {_last_words(folder)}")
    _judge(done)
    return 1e6 * spent / done.requests


def _judge(done: Counts) -> None:
    if done.requests < FEWEST:
        raise Unfit(f"only {done.requests} requests in the window")
    if done.refused:
        raise Unfit(f"{done.refused} of {done.requests} requests were refused by the target")
    if done.sent < SENT * done.requests:
        raise Unfit(f"{done.sent / done.requests:.0f} bytes a request: not a browser's")
    share = done.redirects / done.requests
    if not REDIRECTS[0] <= share <= REDIRECTS[1]:
        raise Unfit(f"{share:.0%} redirects: not the session flow")


def _last_words(folder: Path) -> str:
    return (folder / "client.log").read_text(errors="replace")[-300:].strip()
