"""probe, doctor and run against a farm that is known by addresses and accounts alone; also from a jump host.

Falls if: one of them needs a header that hardened farms take away, believes a server that bears another's name,
cannot be told of a private authority, an IPv6 address or one of two, says more than a line of a name that does not
resolve, or needs HAProxy, make, fork, process groups or symbolic links.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from exsim.judgement.results import decode
from exsim.lab.balancers import BalancerPlan
from exsim.runs.directory import open_run
from tests.lab.runs import NODES, ROOT
from tests.lab.stranger import Farm, farm

pytestmark = [pytest.mark.lab, pytest.mark.slow]
LIMIT = 120.0
HERE = Path(__file__).parent
NAMES = {name for name, _ in NODES}
SHORT = {"polls": 3, "think": "100ms", "logons": 2}
QUICK = {"duration": "2s", "spawn_rate": 8, "unmask": False}


class Stranger:
    """A farm, and the places that strangers are told of."""

    def __init__(self, standing: Farm, six: str) -> None:
        self.farm = standing
        self.at = {one.lb_frontend: one.address for one in standing.lab.balancers["all"].binds}
        self.six = six
        self.number = 0

    def scenario(self, **values: Any) -> Path:
        self.number += 1
        values = {"confirm": self.farm.lab.host, **values}
        name = f"stranger-{self.number}"
        return self.farm.target(name, users=1, session=SHORT, load=QUICK, **values)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    plan = BalancerPlan("all", (HERE / "stranger.cfg").read_text(), "stranger.cfg")
    with farm(tmp_path_factory.mktemp("farm"), [plan], accounts=9) as made:
        at = next(
            one.address for one in made.lab.balancers["all"].binds if one.lb_frontend == "vip"
        )
        with forwarder(at) as six:
            yield Stranger(made, six)


@contextmanager
def forwarder(address: str) -> Iterator[str]:
    """Bytes from a port of ::1 to `address` and back."""
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    host, _, port = address.rpartition(":")

    def carry(client: socket.socket) -> None:
        server = socket.create_connection((host, int(port)))
        with client, server, contextlib.suppress(OSError):  # either end may be reset
            while True:
                for one in select.select([client, server], [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    (server if one is client else client).sendall(data)

    def serve() -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=carry, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"[::1]:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def exsim(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(HERE / "jumphost"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "exsim", *map(str, words)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, cwd=ROOT, check=False,
    )  # fmt: skip


def ran(path: Path, **environment: str) -> tuple[Any, str]:
    """The results of a run, and what it said."""
    done = exsim("run", path, "--quiet", "--reports", path.parent / "reports", **environment)
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    run = open_run("farm", path.parent / "reports")
    return decode(run.results.read_bytes()), " ".join(done.stdout.split())


def all_three(path: Path, **environment: str) -> tuple[Any, str]:
    """The plan is made, probe and doctor come to an end, and the run does, too."""
    done = exsim("plan", path, **environment)
    assert done.returncode == 0 and "without a cookie or a password" in " ".join(
        done.stdout.split()
    )
    done = exsim("probe", path, "--polls", "2", "--think", "0.05", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Served throughout" in " ".join(done.stdout.split())
    done = exsim("doctor", path, "--json", **environment)
    assert done.returncode in (0, 1), done.stderr
    assert {node["name"] for node in json.loads(done.stdout)["nodes"]} == NAMES
    return ran(path, **environment)


def vip(stranger: Stranger) -> tuple[Path, dict[str, str]]:
    return stranger.scenario(address=stranger.at["vip"]), {}


def stripped(stranger: Stranger) -> tuple[Path, dict[str, str]]:
    return stranger.scenario(address=stranger.at["bare"]), {}


def misnamed(stranger: Stranger) -> tuple[Path, dict[str, str]]:
    nodes = {name: stranger.at[name] for name, _ in NODES}
    return stranger.scenario(address=stranger.at["liar"], nodes=nodes), {}


def six(stranger: Stranger) -> tuple[Path, dict[str, str]]:
    return stranger.scenario(address=stranger.six), {}


def two_addresses(stranger: Stranger) -> tuple[Path, dict[str, str]]:
    host, port = stranger.farm.lab.host, stranger.at["vip"].rpartition(":")[2]
    hosts = {"EXSIM_TEST_HOSTS": f"{host}=127.0.0.1,127.0.0.2"}
    return stranger.scenario(url=f"https://{host}:{port}"), hosts


CASES: dict[str, tuple[Callable[[Stranger], tuple[Path, dict[str, str]]], set[str], str]] = {
    "through its balancer only": (vip, {"header"}, "by its cookie PERSIST"),
    "without the header": (stripped, {"lb_cookie"}, "by its cookie PERSIST"),
    "with a node that bears another's name": (
        misnamed, {"header", "lb_cookie"},
        "EXCH16-SYD-01 in X-FEServer is not believed: EXCH16-SYD-01 and EXCH16-SYD-02 both bear it",
    ),
    "over ::1": (six, {"header"}, "by its cookie PERSIST"),
    "with two addresses": (two_addresses, {"header"}, "127.0.0.1, 127.0.0.2"),
}  # fmt: skip


def check(stranger: Stranger, case: str, **environment: str) -> None:
    made, witnesses, words = CASES[case]
    path, more = made(stranger)
    results, said = all_three(path, **more, **environment)
    assert words in said
    assert results.sessions > 0 and results.unattributed == 0
    assert set(results.witnesses) == witnesses
    assert {cell.login_front_end for cell in results.matrix if cell.sessions} <= NAMES


def test_from_a_jump_host_everything_that_needs_no_lab_works(stranger: Stranger) -> None:
    """The one of these that is not slow: without the header, and without HAProxy, make, fork and links."""
    path, _ = stripped(stranger)
    crippled = {"EXSIM_TEST_WITHOUT": "1", "GEVENT_LOOP": "libuv"}
    results, said = ran(path, **crippled)
    assert set(results.witnesses) == {"lb_cookie"} and results.unattributed == 0
    assert "by its cookie PERSIST" in said and "by the persistence cookie" in said
    reports = path.parent / "reports"
    assert not (reports / "farm" / "latest").exists()
    with ThreadPoolExecutor(2) as pool:
        verbs = pool.map(
            lambda words: exsim(*words, "--reports", reports, **crippled),
            [("analyze", "farm"), ("report", "farm"), ("show", "1.1", "farm")],
        )
        for done in verbs:
            assert done.returncode in (0, 1, 3), done.stdout + done.stderr


def test_a_name_that_does_not_resolve_is_one_line(stranger: Stranger) -> None:
    path = stranger.scenario(url="https://mail.stranger.invalid", confirm=None)
    path.write_text(
        path.read_text().replace("[target]", '[target]\nconfirm = "mail.stranger.invalid"')
    )
    nowhere = {"EXSIM_TEST_HOSTS": "mail.stranger.invalid="}
    with ThreadPoolExecutor(3) as pool:
        for done in pool.map(lambda verb: exsim(verb, path, **nowhere), ("probe", "doctor", "run")):
            assert (done.returncode, done.stderr.count("\n")) == (4, 1), done.stderr
            assert "mail.stranger.invalid: no address" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("crippled", [False, True], ids=["here", "jump host"])
def test_a_stranger_sees_what_there_is(stranger: Stranger, case: str, crippled: bool) -> None:
    check(stranger, case, **({"EXSIM_TEST_WITHOUT": "1"} if crippled else {}))


@pytest.mark.slow
def test_with_the_loop_of_windows(stranger: Stranger) -> None:
    check(stranger, "through its balancer only", EXSIM_TEST_WITHOUT="1", GEVENT_LOOP="libuv")


@pytest.mark.slow
def test_a_private_authority_must_be_named(stranger: Stranger) -> None:
    path = stranger.scenario(address=stranger.at["vip"], ca="system")
    for verb in ("probe", "doctor"):
        done = exsim(verb, path)
        assert done.returncode == 4, done.stdout + done.stderr
        assert "certificate not accepted" in done.stderr
