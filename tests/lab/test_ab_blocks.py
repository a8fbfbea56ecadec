"""Two configurations of a balancer that is not ours, in blocks of time, as a stranger: A B B A.

Falls if: the workaround is not told from round robin, an account has a second pair, the balancer does not go back
to what it ran before (also when the command fails in the middle), or a mistake is more than a line.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from exsim.conduct.rig import lab_for
from exsim.lab.balancers import BalancerPlan
from exsim.runs.assignment import make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.scenario import load_scenario
from tests.lab.runs import BALANCERS, ROOT, scenario

pytestmark = [pytest.mark.lab, pytest.mark.slow]
LIMIT = 120.0  # seconds


class Appliance:
    """One address in front of two balancers; a file says which of them it is at the moment."""

    def __init__(self, places: dict[str, str], says: Path) -> None:
        self.places, self.says = places, says
        self.ends: list[socket.socket] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.door.accept()
                host, _, port = self.places[self.says.read_text().strip()].rpartition(":")
                there = socket.create_connection((host, int(port)))
                self.ends += [client, there]
                for one, other in ((client, there), (there, client)):
                    threading.Thread(target=pass_on, args=(one, other), daemon=True).start()

    def close(self) -> None:
        for end in (self.door, *self.ends):
            end.close()


def pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for end in (one, other):  # wakes whoever reads there; `close` lets go of them
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The scenario of a stranger, and the file that says which configuration runs."""
    folder = tmp_path_factory.mktemp("appliance")
    path = scenario(folder / "farm", users=9)
    read = load_scenario(path)
    accounts = make_lab_accounts(read, Source(1))
    files = {"a": "roundrobin.cfg", "b": "cookie.cfg"}
    plans = [
        BalancerPlan(letter, (BALANCERS / file).read_text(), file, {})
        for letter, file in files.items()
    ]
    with lab_for(read, folder / "farm", accounts, plans) as lab:
        says = folder / "running"
        says.write_text("a")
        front = Appliance({name: one.address for name, one in lab.balancers.items()}, says)
        people = folder / "people.csv"
        people.touch(mode=0o600)
        rows = [f"{one.address},{one.logon},{one.home},{one.password}" for one in accounts]
        people.write_text("\n".join(["email,logon,home,secret", *rows]) + "\n")
        target = folder / "mail.toml"
        target.write_text(
            f'title = "mail"\n[target]\nurl = "https://exchange.isp.com.au"\n'
            f'address = "{front.address}"\naccounts = "people.csv"\nca = "{lab.ca_pem_path}"\n'
            '[[population]]\nmailbox = "2013"\nusers = 3\n'
            'session = { polls = 8, think = "200ms" }\n'
            '[[population]]\nmailbox = "2016"\nusers = 3\n'
            'session = { polls = 8, think = "200ms" }\n'
            "[load]\nspawn_rate = 6\n"
        )
        yield target, says
        front.close()


def ab(target: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exsim", "ab", str(target), "--quiet", "--settle", "0.2",
         "--reports", str(target.parent / "reports"), *more],
        capture_output=True, text=True, timeout=LIMIT, cwd=ROOT, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def command(folder: Path, says: Path, fails_at: str = "never") -> str:
    """A command that changes the appliance, and keeps a list of what it was asked."""
    script = folder / "switch.py"
    script.write_text(
        "import pathlib, sys\n"
        f"pathlib.Path({str(says)!r}).write_text(sys.argv[1])\n"
        f"with open({str(folder / 'asked')!r}, 'a') as asked: asked.write(sys.argv[1])\n"
        f"sys.exit(3 if sys.argv[1] == {fails_at!r} else 0)\n"
    )
    return f"{sys.executable} {script}"


def test_the_workaround_is_decided_in_blocks_and_the_balancer_goes_back(appliance, tmp_path):
    target, says = appliance
    done = ab(target, "--switch", command(tmp_path, says), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["decided"] and document["better"] == "b" and document["b"]["lost"] == 0
    asked = (tmp_path / "asked").read_text()
    assert asked in ("aba", "abba") and says.read_text() == "a"  # it goes back, decided or not
    runs = [
        json.loads((ROOT / document[letter]["run"] / "run.json").read_text()) for letter in "ab"
    ]
    assert runs[0]["accounts"] == runs[1]["accounts"]


def test_a_command_that_fails_leaves_the_balancer_as_it_was(appliance, tmp_path):
    target, says = appliance
    done = ab(target, "--switch", command(tmp_path, says, fails_at="b"))
    assert done.returncode == 4 and "--switch" in done.stderr and "ended with 3" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert says.read_text() == "a"


def test_without_a_terminal_a_command_is_asked_for_in_one_line(appliance):
    target, _ = appliance
    done = ab(target)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "--switch" in done.stderr
