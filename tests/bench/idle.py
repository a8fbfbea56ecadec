"""What a parked user costs: memory, the time until all are up, and the processor that one wake-up takes.

    python -m tests.bench.idle --users 10000 --protocols activesync owa --schemes http https

One load process with all its parts (worker, Locust's spawning, detector, history) on one processor, a target that
parks on the other.  KiB a user: what resident memory grew by, divided; seconds: from the command to spawn until the
target has all of them parked; microseconds: of the load's processor for one that is woken, hop or piece recorded,
and parked again (a Ping answered and the next one sent), at a rate that leaves it time, with what it takes at rest.
`others had`: how much of that processor went to others meanwhile, who make everything dearer.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exsim.lab.certificates import Authority
from tests.bench.measure import CLIENT_CPU, cpu, tree
from tests.bench.parking_tls import tls_before
from tests.bench.target import TARGET_CPU, free_port

LIMIT = 300.0  # seconds until all are parked
LEAVING = 30.0  # seconds that it may take to end
SPARE = 200  # descriptors for everything else
PROTOCOLS = ("activesync", "owa", "owa-logged-on")


def told(admin: Path, rate: int) -> dict[str, int]:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(admin))
        asking.sendall(b"%d\n" % rate)
        found: dict[str, int] = json.loads(asking.recv(1000))
        return found


@contextmanager
def parking(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """The target, up: its plain port, its TLS port, its admin socket."""
    plain, tls, door, admin = free_port(), free_port(), folder / "d.sock", folder / "a.sock"
    certificate = folder / "host.pem"
    certificate.write_text(Authority("bench").host_certificate(["mail.example"]))
    words = [str(plain), str(door), str(admin)]
    process = subprocess.Popen(
        ["taskset", "-c", TARGET_CPU, sys.executable, "-m", "tests.bench.parking", *words]
    )
    try:
        while not admin.exists():
            if process.poll() is not None:
                raise SystemExit("the target does not come up")
            time.sleep(0.05)
        with tls_before(folder, tls, certificate, door):
            yield plain, tls, admin
    finally:
        process.kill()
        process.wait()


def measured(options: argparse.Namespace, protocol: str, scheme: str) -> dict[str, float]:
    """One load process: begun, parked, woken, ended."""
    with tempfile.TemporaryDirectory(prefix="exsim-idle-") as place, parking(Path(place)) as target:
        port, admin = target[scheme == "https"], target[2]
        words = [f"--port={port}", f"--scheme={scheme}", f"--users={options.users}"]
        words += [f"--protocol={protocol}", f"--spawn-rate={options.spawn_rate}"]
        client = subprocess.Popen(
            ["taskset", "-c", CLIENT_CPU, sys.executable, "-m", "tests.bench.idle_exsim", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None,
        )  # fmt: skip
        try:
            return _watched(options, client, admin)
        finally:
            assert client.stdin is not None
            client.stdin.close()  # its lifeline: it ends, and takes its own folder away
            try:
                client.wait(LEAVING)
            except subprocess.TimeoutExpired:
                client.kill()
                client.wait()


def _watched(options: argparse.Namespace, client: Any, admin: Path) -> dict[str, float]:
    before = int(client.stdout.readline())
    began, spent = time.monotonic(), cpu({client.pid})
    while told(admin, 0)["parked"] < options.users:
        if client.poll() is not None or time.monotonic() - began > LIMIT:
            raise SystemExit(f"not all are parked: {told(admin, 0)}")
        time.sleep(0.1)
    up, used = time.monotonic() - began, cpu({client.pid}) - spent
    time.sleep(2.0)  # what their coming left to be done
    grown = resident_of(client.pid) - before
    quiet = cpu({client.pid})
    time.sleep(options.seconds)
    quiet = (cpu({client.pid}) - quiet) / options.seconds
    told(admin, options.rate)
    time.sleep(1.0)
    windows = sorted(_window(options, client, admin) for _ in range(options.windows))
    return {
        "seconds": up,
        "ms": 1e3 * used / options.users,
        "kib": grown / 1024 / options.users,
        "quiet": 100 * quiet,
        "us": statistics.median(us for us, _ in windows),
        "least": windows[0][0],
        "others": 100 * statistics.median(others for _, others in windows),
    }


def _window(options: argparse.Namespace, client: Any, admin: Path) -> tuple[float, float]:
    """Microseconds of a wake-up, and what part of the processor somebody else had meanwhile."""
    before, spent, busy = told(admin, options.rate), cpu(tree(client.pid)), busy_on(CLIENT_CPU)
    began = time.monotonic()
    time.sleep(options.seconds)
    woken = told(admin, options.rate)["woken"] - before["woken"]
    spent, busy = cpu(tree(client.pid)) - spent, busy_on(CLIENT_CPU) - busy
    return 1e6 * spent / max(1, woken), max(0.0, busy - spent) / (time.monotonic() - began)


def busy_on(core: str) -> float:
    """Seconds that a processor has worked since the machine started, or was kept from us by its host (proc(5))."""
    line = next(
        line
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith(f"cpu{core} ")
    )
    user, nice, system, _, _, *rest = map(int, line.split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def resident_of(process: int) -> int:
    """Bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def as_many_as_possible(users: int) -> None:
    """Let this process and its children have all the descriptors that they may; says when they are too few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = users + SPARE
    if hard < wanted:
        print(
            f"only {hard} descriptors may be open, {wanted} may be wanted: fewer users", flush=True
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=PROTOCOLS[:2])
    parser.add_argument(
        "--schemes", nargs="+", choices=("http", "https"), default=["http", "https"]
    )
    parser.add_argument(
        "--spawn-rate", type=float, default=1000.0, help="asked of Locust, a second"
    )
    parser.add_argument("--rate", type=int, default=450, help="wake-ups a second")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each window")
    parser.add_argument(
        "--windows", type=int, default=5, help="the median of so many, and the least"
    )
    options = parser.parse_args(arguments)
    as_many_as_possible(options.users)
    print(f"{options.users} parked users of one load process", flush=True)
    print(
        "                       all up   a user's start   a user    at rest     a wake-up (least)   others had"
    )
    for protocol in options.protocols:
        for scheme in options.schemes:
            found = measured(options, protocol, scheme)
            print(
                f"{protocol:<14}{scheme:<6}{found['seconds']:7.1f} s{found['ms']:11.2f} ms CPU"
                f"{found['kib']:6.1f} KiB{found['quiet']:9.1f} %{found['us']:9.0f} µs ({found['least']:.0f})"
                f"{found['others']:16.0f} %",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
