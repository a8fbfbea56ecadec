"""What a parked user costs: memory, the time until all are up, and the processor that one wake-up takes.

    python -m tests.bench.idle --users 10000 --protocols activesync owa --schemes http https

One load process with all its parts (worker, Locust's spawning, detector, history) on one processor, a target that
parks on the other.  KiB a user: what resident memory grew by, divided; seconds: from the command to spawn until the
target has all of them parked; microseconds: of the load's processor for one that is woken, hop or piece recorded,
and parked again (a Ping answered and the next one sent), at a rate that leaves it time, with what it takes at rest.
The target wakes in rounds, fifty a second.  At a low rate most of the time goes by between them, and the first of each
round finds cold caches: it takes five times what the last one takes.  So a second rate, which a load process that has
something to do comes nearer, is measured as well.
`others had`: how much of that processor went to others meanwhile, who make everything dearer.

Telephones of Locust's FastHttpUser stand beside: both are parked at once, each before a target of its own, and woken
in turns; at the lower rate alone, because the higher one is more than it can follow.
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from exsim.lab.certificates import Authority
from tests.bench.measure import CLIENT_CPU, cpu, tree
from tests.bench.target import ENDING_WITH_US, TARGET_CPU, free_port

LIMIT = 300.0  # seconds until all are parked
LEAVING = 30.0  # seconds that it may take to end
SPARE = 200  # descriptors for everything else
SETTLING = 1.0  # seconds of waking before a window begins
PROTOCOLS = ("activesync", "owa", "owa-logged-on")
EXSIM = "exsim"
CLIENTS = {EXSIM: "tests.bench.idle_exsim", "FastHttpUser": "tests.bench.idle_locust"}


class Options(argparse.Namespace):
    """What was asked."""

    users: int
    protocols: list[str]
    schemes: list[str]
    clients: list[str]
    spawn_rate: float
    rate: int
    high_rate: int
    seconds: float
    windows: int


def told(admin: Path, rate: int) -> dict[str, int]:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(admin))
        asking.sendall(b"%d\n" % rate)
        found: dict[str, int] = json.loads(asking.recv(1000))
        return found


@contextmanager
def parking(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """The target, up: its plain port, its TLS port, its admin socket."""
    plain, tls, admin = free_port(), free_port(), folder / "a.sock"
    certificate = folder / "host.pem"
    certificate.write_text(Authority("bench").host_certificate(["mail.example"]))
    words = [str(plain), str(tls), str(certificate), str(admin)]
    parking = [sys.executable, "-m", "tests.bench.parking", *words]
    process = subprocess.Popen([*ENDING_WITH_US, "taskset", "-c", TARGET_CPU, *parking])
    try:
        while not admin.exists():
            if process.poll() is not None:
                raise SystemExit("the target does not come up")
            time.sleep(0.05)
        yield plain, tls, admin
    finally:
        process.kill()
        process.wait()


class Window(NamedTuple):
    """What was measured while users were woken."""

    woken: float  # microseconds of a wake-up
    others: float  # what part of the processor somebody else had meanwhile


@dataclass
class Parked:
    """One client whose users are all parked: its process, its target's socket, and what was measured of it."""

    name: str
    process: subprocess.Popen[bytes]
    admin: Path
    seconds: float  # until all were parked
    spent: float  # seconds of processor until then, for each user
    grown: float  # bytes, for each user
    quiet: float  # what part of the processor it takes at rest
    windows: list[Window] = field(default_factory=list)
    high: list[Window] = field(default_factory=list)  # at the higher rate

    @property
    def woken(self) -> float:
        """Microseconds of a wake-up, the median."""
        return statistics.median(each.woken for each in self.windows)


def parked(options: Options, name: str, protocol: str, scheme: str, ends: ExitStack) -> Parked:
    """One load process, begun, all its users parked."""
    place = ends.enter_context(tempfile.TemporaryDirectory(prefix="exsim-idle-"))
    plain, tls, admin = ends.enter_context(parking(Path(place)))
    words = [f"--port={tls if scheme == 'https' else plain}", f"--scheme={scheme}"]
    words += [f"--users={options.users}", f"--spawn-rate={options.spawn_rate}"]
    words += [f"--protocol={protocol}"] if name == EXSIM else []
    client = subprocess.Popen(
        ["taskset", "-c", CLIENT_CPU, sys.executable, "-m", CLIENTS[name], *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None,
    )  # fmt: skip
    ends.callback(_end, client)
    assert client.stdout is not None
    before = int(client.stdout.readline())
    began, spent = time.monotonic(), cpu({client.pid})
    while told(admin, 0)["parked"] < options.users:
        if client.poll() is not None or time.monotonic() - began > LIMIT:
            raise SystemExit(f"{name}: not all are parked: {told(admin, 0)}")
        time.sleep(0.1)
    up, used = time.monotonic() - began, cpu({client.pid}) - spent
    time.sleep(2.0)  # what their coming left to be done
    grown = resident_of(client.pid) - before
    quiet = cpu({client.pid})
    time.sleep(options.seconds)
    quiet = (
        max(0.0, cpu({client.pid}) - quiet) / options.seconds
    )  # a thread that ends takes its own along
    return Parked(name, client, admin, up, used / options.users, grown / options.users, quiet)


def _end(client: subprocess.Popen[bytes]) -> None:
    assert client.stdin is not None
    client.stdin.close()  # its lifeline: it ends, and takes its own folder away
    try:
        client.wait(LEAVING)
    except subprocess.TimeoutExpired:
        client.kill()
        client.wait()


def wake(one: Parked, rate: int, seconds: float) -> Window:
    """One window of so many seconds, in which `rate` are woken a second."""
    told(one.admin, rate)
    time.sleep(SETTLING)
    process = one.process.pid
    before, spent, busy = told(one.admin, rate), cpu(tree(process)), busy_on(CLIENT_CPU)
    began = time.monotonic()
    time.sleep(seconds)
    woken = told(one.admin, 0)["woken"] - before["woken"]
    spent, busy = cpu(tree(process)) - spent, busy_on(CLIENT_CPU) - busy
    others = max(0.0, busy - spent) / (time.monotonic() - began)
    return Window(1e6 * spent / max(1, woken), others)


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
    parser.add_argument(
        "--high-rate", type=int, default=4500, help="the same once more, of exsim alone"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of each window")
    parser.add_argument(
        "--windows", type=int, default=5, help="the median of so many, and the least"
    )
    parser.add_argument("--clients", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    options = parser.parse_args(arguments, Options())
    as_many_as_possible(options.users)
    print(f"{options.users} parked users of one load process", flush=True)
    print(
        "                                    all up   a user's start     a user    at rest"
        f"     a wake-up (least)   times exsim   others had   at {options.high_rate}/s"
    )
    for protocol in options.protocols:
        for scheme in options.schemes:
            side_by_side(options, protocol, scheme)
    return 0


def side_by_side(options: Options, protocol: str, scheme: str) -> None:
    """Each client's users parked, and then woken in turns: a line each."""
    names = [name for name in options.clients if name == EXSIM or protocol == "activesync"]
    with ExitStack() as ends:
        all_of_them = [parked(options, name, protocol, scheme, ends) for name in names]
        for _ in range(options.windows):
            for one in all_of_them:
                one.windows.append(wake(one, options.rate, options.seconds))
                if one.name == EXSIM:
                    one.high.append(wake(one, options.high_rate, options.seconds))
        for one in all_of_them:
            print(f"{protocol:<15}{scheme:<6}{line(one, all_of_them[0].woken)}", flush=True)


def line(one: Parked, base: float) -> str:
    """One client's figures."""
    least = min(each.woken for each in one.windows)
    others = statistics.median(each.others for each in one.windows)
    high = f"{statistics.median(each.woken for each in one.high):.0f} µs" if one.high else "-"
    return (
        f"{one.name:<14}{one.seconds:6.1f} s{1e3 * one.spent:11.2f} ms CPU{one.grown / 1024:7.1f} KiB"
        f"{100 * one.quiet:9.1f} %{one.woken:10.0f} µs ({least:.0f}){one.woken / base:12.1f}{100 * others:12.0f} %{high:>14}"
    )


if __name__ == "__main__":
    sys.exit(main())
