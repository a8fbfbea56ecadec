"""Candidate balancers of one's own in front of nodes that are known by their addresses alone.

Falls if: what such a run comes to is not what the lab itself comes to, for the incident's file and for its
workaround; two of them cannot run at once; a node is not called by the url's own name, or another's
certificate is taken for its; the report hides that the balancer was not the one in production; or one is
left behind.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from exsim.cli import main
from exsim.judgement.results import Results, decode
from exsim.runs.directory import RunDirectory, open_run
from tests.lab.runs import BALANCERS, ROOT
from tests.lab.stranger import Farm, farm

pytestmark = [pytest.mark.lab, pytest.mark.slow]
LIMIT = 90.0
DEAD = {("EXCH16-SYD-01", "EXCH13"), ("EXCH16-SYD-02", "EXCH13")}
HELD = {"persistence": "held", "min_sessions_per_combination": 1}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with farm(tmp_path_factory.mktemp("shadow"), accounts=36) as made:
        yield made


def exsim(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exsim", *map(str, words)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, cwd=ROOT, check=False,
    )  # fmt: skip


def ran(path: Path) -> tuple[RunDirectory, Results, str]:
    reports = path.parent / "reports"
    done = exsim("run", path, "--quiet", "--reports", reports)
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    run = open_run("farm", reports)
    return run, decode(run.results.read_bytes()), done.stdout


def lost(cells: object) -> set[tuple[str, str]]:
    return {(one.login_front_end, one.serving_front_end) for one in cells if one.state == "lost"}


@pytest.mark.slow
def test_both_files_come_to_what_the_lab_comes_to_and_run_at_once(standing: Farm) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    one = standing.target(
        "roundrobin", nodes=standing.nodes(), balancer=str(BALANCERS / "roundrobin.cfg"), users=4,
        accounts=standing.accounts[:18], load={"duration": "8s", "control": 1},
    )  # fmt: skip
    two = standing.target(
        "cookie", nodes=standing.nodes("http"), cleartext=True, users=4, expect=HELD,
        balancer=str(BALANCERS / "cookie.cfg"), accounts=standing.accounts[18:],
    )  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        (bad, failed, said), (good, passed, words) = pool.map(ran, (one, two))
    assert (failed.outcome, lost(failed.matrix)) == ("fail", DEAD), said
    assert (passed.outcome, passed.masked, passed.lost) == ("pass", True, 0), words
    assert lost(passed.steered) == DEAD
    for run, results, text in ((bad, failed, said), (good, passed, words)):
        assert run.read_run().rig == "shadow" and run.lb_log.stat().st_size > 0
        assert results.unattributed == 0 and results.simulated == []
        assert "REAL nodes, candidate balancer on this machine" in text.replace("\n", " ")
        assert "Exchange saw this machine's address" in " ".join(text.split())
    kinds = {change.kind: change for change in bad.read_run().changes}
    assert "known by TLS alone" in kinds["may matter"].why
    assert "verify required" in kinds["may matter"].after
    assert {change.kind for change in good.read_run().changes} == {"harmless"}
    assert {child.pid for child in psutil.Process().children(recursive=True)} == before


@pytest.mark.slow
def test_two_candidates_are_compared_side_by_side(standing: Farm) -> None:
    path = standing.target(
        "ab", nodes=standing.nodes(), session={"polls": 8, "think": "200ms"}, load={"spawn_rate": 8},
        address="127.0.0.1:443", accounts=standing.accounts,
    )  # fmt: skip
    done = exsim(
        "ab", path, "--a", BALANCERS / "roundrobin.cfg", "--b", BALANCERS / "cookie.cfg", "--json", "--quiet",
        "--reports", path.parent / "reports",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["decided"] and document["better"] == "b", document
    assert {(one["login_front_end"], one["serving_front_end"]) for one in document["cells"]} <= DEAD
    for letter, outcome, cells in (("a", "fail", DEAD), ("b", "pass", set())):
        side = open_run(f"farm-{letter}", path.parent / "reports")
        assert side.read_run().rig == "shadow" and side.lb_log.stat().st_size > 0
        results = decode(side.results.read_bytes())
        assert (results.outcome, results.unattributed) == (outcome, 0)
        assert lost(results.matrix) == cells


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """One verb within this process: its code, and what it said to whom."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def verb(*words: object) -> tuple[int, str, str]:
        code = main(list(map(str, words)))
        return code, *capsys.readouterr()

    yield verb
    for number, handler in before.items():
        signal.signal(number, handler)


def test_probe_and_doctor_go_through_it(standing: Farm, say) -> None:
    path = standing.target("visit", nodes=standing.nodes(), balancer=str(BALANCERS / "cookie.cfg"))
    code, said, problem = say("probe", path, "--polls", "2", "--think", "0.05")
    assert code == 0, said + problem
    assert "cookie.cfg on this machine" in said and "Served throughout" in said
    done = exsim("doctor", path, "--through", "balancer", "--json")
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["through"] == "balancer"
    assert document["diagnosis"][0]["rule"] == "authcert_asymmetry"


@pytest.mark.parametrize("name", ["EXCH19", "EXCH16"])
def test_a_server_that_is_none_of_the_nodes_is_one_line(standing: Farm, say, name: str) -> None:
    text = (BALANCERS / "cookie.cfg").read_text().replace("exch13", name)
    file = standing.folder / f"{name}.cfg"
    file.write_text(text)
    wanted = {"nodes": standing.nodes(), "balancer": str(file)}
    number = next(i for i, line in enumerate(text.splitlines(), 1) if f"server ISP_{name}" in line)
    path = standing.target(f"unmapped-{name}", **wanted)
    code, _, problem = say("run", path, "--quiet", "--reports", path.parent)
    assert (code, problem.count("\n")) == (2, 1), problem
    assert f"{name}.cfg:{number}: server ISP_{name}" in problem and "[target.map]" in problem
    assert not (path.parent / "farm").exists()
    servers = {
        line.split()[1]: "EXCH13"
        for line in text.splitlines()
        if line.strip().startswith(f"server ISP_{name}")
    }
    mapped = standing.target(f"mapped-{name}", map=servers, **wanted)
    assert say("probe", mapped, "--polls", "0")[0] == 0


def test_a_node_that_shows_another_certificate_is_not_given_a_password(standing: Farm, say) -> None:
    """Its certificate is not the url's: the balancer does not speak to it, and no logon is accepted."""
    path = standing.target(
        "impostor", nodes=standing.nodes(), balancer=str(BALANCERS / "roundrobin-today.cfg"),
        url="https://mail.example.com",
    )  # fmt: skip
    code, said, problem = say("probe", path, "--polls", "0")
    assert code == 4 and "503" in said + problem, said + problem
