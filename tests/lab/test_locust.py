"""Locust's own command with our locustfile, against a lab that stands.

Falls if: it writes no run that can be judged, sends passwords to another host than the scenario's, opens
its web page to the network, or answers a mistake with a traceback.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from exsim.cli import main
from exsim.runs.directory import open_run
from tests.lab.rig import running
from tests.lab.runs import ROOT, scenario
from tests.lab.test_interrupts import until

pytestmark = pytest.mark.lab

LOCUSTFILE = ROOT / "locustfiles" / "owa.py"
LOCUST = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE)]
USAGE, ENVIRONMENT = 2, 4
START, LIMIT = 40.0, 60.0  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("locust")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[Path]:
    """The scenario's file, while its lab stands as `exsim lab` keeps it up."""
    path = scenario(folder, users=3)
    process = subprocess.Popen(
        [sys.executable, "-m", "exsim", "lab", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    pids: set[int] = set()
    try:
        assert process.stdout.readline().strip().startswith("The lab of")
        pids = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        yield path
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert process.wait(LIMIT) == 0
    assert not [pid for pid in pids if running(pid)]


def environment(path: Path) -> dict[str, str]:
    return {**os.environ, "EXSIM_SCENARIO": str(path), "PYTHONPATH": str(ROOT)}


def locust(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Locust's command, with the scenario's folder as its own."""
    return subprocess.run(
        [*LOCUST, *arguments],
        env=environment(path),
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that exsim complains with; Locust may log what it does."""
    assert "Traceback" not in done.stderr, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("exsim: ")]
    return line.removeprefix("exsim: ")


def test_locusts_own_command_writes_a_run_that_can_be_judged(lab, capsys):
    done = locust(lab, "--headless", "-t", "5s", "--only-summary")
    assert "Traceback" not in done.stderr
    directory = open_run("scenario", lab.parent / "reports")
    assert f"exsim analyze {directory.path.relative_to(lab.parent)}" in complaint(done)
    assert done.returncode in (0, 1), done.stderr  # Locust's own: 1 when a request failed
    code = main(["analyze", str(directory.path), "--json"])
    out, error = capsys.readouterr()
    assert out, error
    document = json.loads(out)
    assert (code, document["outcome"]) == (1, "fail")
    assert document["sessions"] >= 6 > 0 < document["lost"]
    assert document["unattributed"] == 0
    assert {cell["serving_front_end"] for cell in document["matrix"] if cell["lost"]} == {"EXCH13"}
    assert directory.locust_stats.read_text().count("OWA") > 3
    run = directory.read_run()
    assert run.ended and not run.interrupted


@pytest.mark.parametrize("more", [(), ("--headless", "-t", "3s")])
def test_a_host_that_is_not_the_scenarios_is_refused(lab, more):
    before = list((lab.parent / "reports").glob("scenario/2*"))
    done = locust(lab, "--host", "http://127.0.0.1:1", *more)
    assert done.returncode == USAGE
    assert (
        complaint(done)
        == "--host http://127.0.0.1:1: the scenario's is https://exchange.isp.com.au"
    )
    assert list((lab.parent / "reports").glob("scenario/2*")) == before


def test_a_lab_that_does_not_stand_is_no_verdict(tmp_path):
    path = scenario(tmp_path)
    done = locust(path, "--headless", "-t", "1s")
    assert done.returncode == ENVIRONMENT
    assert complaint(done) == f"{path}: its lab does not stand; start it with: exsim lab {path}"


def test_a_mistake_in_the_scenario_is_one_line(tmp_path):
    path = scenario(tmp_path)
    path.write_text(path.read_text().replace("spawn_rate", "spwan_rate"))
    done = locust(path, "--headless", "-t", "1s")
    assert done.returncode == USAGE
    assert "load.spwan_rate" in complaint(done)


def addresses(process: subprocess.Popen[bytes]) -> set[str]:
    """Where it listens."""
    found = psutil.Process(process.pid).net_connections("tcp")
    return {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN}


def asked(port: int, form: bytes) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/swarm", form)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_the_web_page_is_this_machines_own_and_its_form_takes_no_other_host(lab):
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with (lab.parent / "words").open("wb") as words:
        process = subprocess.Popen(
            [*LOCUST, "--web-port", str(port)],
            env=environment(lab),
            cwd=lab.parent,
            stdout=words,
            stderr=words,
        )
    before = set((lab.parent / "reports").glob("scenario/2*"))
    try:
        until(lambda: process.poll() is not None or addresses(process), START, "a listener")
        assert process.poll() is None, (lab.parent / "words").read_text()
        assert addresses(process) == {"127.0.0.1"}
        asked(port, b"user_count=2&spawn_rate=2&host=http%3A%2F%2F127.0.0.1%3A1")
        until(lambda: process.poll() is not None or "refused" in read(lab), 10.0, "a refusal")
        assert set((lab.parent / "reports").glob("scenario/2*")) == before
        assert "Traceback" not in read(lab)
    finally:
        process.terminate()
        process.wait(LIMIT)
    time.sleep(0)


def read(lab: Path) -> str:
    return (lab.parent / "words").read_text()
