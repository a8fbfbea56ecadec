"""The generated pipeline, its commands run as they stand: a run, its gate, and the table of assumptions.

Falls if: the pipeline's commands do not work where it was written, the table takes two minutes or more, a
configuration is green or red where it should not be, a balancer cannot be reloaded, or another HAProxy runs than
the scenario wants.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import junitparser
import psutil
import pytest

from exsim.conduct.workflow import init
from exsim.judgement.gate.document import Gate, TableCell, decode
from exsim.runs.directory import open_run
from exsim.session.hop import Mark
from tests.conduct.test_workflow import commands
from tests.lab.runs import BALANCERS
from tests.lab.test_haproxy import Browser, plan, served, small_lab

pytestmark = pytest.mark.lab

LIMIT = 120.0  # seconds for the whole table of two configurations
NAMES = ["healthy", "one node cannot read", "half patched", "drained", "killed", "reload"]
ROUND_ROBIN, COOKIE = "roundrobin.cfg", "cookie.cfg"


def environment(folder: Path) -> dict[str, str]:
    """As in a step of the pipeline, after its step that installs."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(folder / "step.md"),
    }


def shell(line: str, folder: Path) -> tuple[int, str, float]:
    """A line of the pipeline: its code, what it said, and the seconds it took."""
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-e", "-c", line],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=2 * LIMIT,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


@dataclass(frozen=True, slots=True)
class Piped:
    """What the pipeline's folder holds when it is over, and what each of its commands said."""

    folder: Path
    run: tuple[int, str, float]
    gate: tuple[int, str, float]
    table: tuple[int, str, float]

    @property
    def document(self) -> Gate:
        (path,) = self.folder.glob("reports/gate-table/*/gate.json")
        return decode(path.read_bytes())

    def cell(self, assumption: str, configuration: str) -> TableCell:
        (one,) = [
            one
            for one in self.document.table
            if (one.assumption, one.configuration) == (assumption, configuration)
        ]
        return one


@pytest.fixture(scope="module")
def piped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Piped]:
    """The commands in their order; the table with round robin beside the file that is to be deployed."""
    folder = tmp_path_factory.mktemp("repository")
    init(folder)
    other = folder / "gate" / "haproxy" / ROUND_ROBIN
    other.write_text((BALANCERS / ROUND_ROBIN).read_text())
    _, run, gate, table = commands()
    path = folder / "gate" / "gate.toml"
    ran = [
        shell(run, folder),
        shell(gate, folder),
    ]  # as they stand; the table over the incident's nodes
    path.write_text(path.read_text().replace('"healthy"', '"authcert_asymmetry"'))
    both = f"{table} --config gate/haproxy/{ROUND_ROBIN} --config gate/haproxy/{COOKIE}"
    yield Piped(folder, ran[0], ran[1], shell(both, folder))


@pytest.mark.slow
def test_the_pipeline_runs_and_gates_the_file_that_it_came_with(piped: Piped) -> None:
    code, said, _ = piped.run
    assert code == 0, said
    assert "To decide: OWA sessions: at most 10 % lost: needs 29 sessions with none lost" in said
    code, said, _ = piped.gate
    assert code == 0, said
    assert "PASS  All 5 criteria hold." in said
    assert (piped.folder / "step.md").read_text().startswith("## exsim gate: ✅ pass\n")
    (suite,) = junitparser.JUnitXml.fromfile(str(piped.folder / "exsim-gate.xml"))
    assert (suite.failures, suite.errors) == (0, 0) and suite.tests > 9


@pytest.mark.slow
def test_the_table_differs_where_it_should_and_takes_less_than_two_minutes(piped: Piped) -> None:
    code, said, took = piped.table
    assert code == 1, said
    assert took < LIMIT
    document = piped.document
    assert [one.name for one in document.assumptions] == NAMES
    assert document.configurations == [ROUND_ROBIN, COOKIE]
    assert document.haproxy.startswith("2.8.")
    seen = {
        (one.assumption, one.configuration): "masked" if one.masked else one.outcome
        for one in document.table
    }
    # A slow machine may leave a cell undecided, which is never green; but none may be told wrongly.
    told = {cell: what for cell, what in seen.items() if what != "inconclusive"}
    assert len(told) >= 9, said
    assert told == {cell: what for cell, what in EXPECTED.items() if cell in told}, said
    assert all(told.get(cell) == EXPECTED[cell] for cell in DECISIVE), said


EXPECTED = {
    ("healthy", ROUND_ROBIN): "pass",
    ("healthy", COOKIE): "pass",
    ("one node cannot read", ROUND_ROBIN): "fail",
    ("one node cannot read", COOKIE): "masked",
    ("half patched", ROUND_ROBIN): "fail",
    ("half patched", COOKIE): "masked",
    ("drained", ROUND_ROBIN): "fail",
    ("drained", COOKIE): "fail",
    ("killed", ROUND_ROBIN): "fail",
    ("killed", COOKIE): "fail",
    ("reload", ROUND_ROBIN): "fail",
    ("reload", COOKIE): "pass",
}
DECISIVE = [("one node cannot read", ROUND_ROBIN), ("half patched", ROUND_ROBIN)]


@pytest.mark.slow
def test_round_robin_loses_where_one_node_cannot_read_and_nobody_where_all_can(
    piped: Piped,
) -> None:
    assert (
        piped.cell("healthy", ROUND_ROBIN).lost == 0 < piped.cell("healthy", ROUND_ROBIN).sessions
    )
    bad = piped.cell("one node cannot read", ROUND_ROBIN)
    assert bad.lost > bad.sessions / 4
    assert "EXCH13 serves them" in bad.sentence
    moved = piped.cell("killed", COOKIE)
    assert 0 < moved.lost < moved.sessions / 2  # only those of the dead node had to move


@pytest.mark.slow
def test_the_losing_line_of_the_file_is_annotated(piped: Piped) -> None:
    _, said, _ = piped.table
    lines = (piped.folder / "gate" / "haproxy" / ROUND_ROBIN).read_text().splitlines()
    places = {(one.file, one.line) for one in piped.document.annotations if one.level == "error"}
    for file, line in places:
        assert f"::error file={file},line={line},title=exsim gate::" in said
    (mine,) = [line for file, line in places if file == f"gate/haproxy/{ROUND_ROBIN}"]
    assert lines[mine - 1].split() == ["balance", "roundrobin"]


@pytest.mark.slow
def test_what_befell_a_lab_stands_in_the_history_of_its_run(piped: Piped) -> None:
    for name, wanted in [("drained", ["drain", "maintenance"]), ("killed", ["kill"]), ("reload", ["reload"])]:  # fmt: skip
        for configuration in (ROUND_ROBIN, COOKIE):
            run = open_run(str(piped.folder / piped.cell(name, configuration).run))
            marks = [line.what for line in run.history() if isinstance(line, Mark)]
            assert [what for what in marks if what in wanted] == wanted
            assert run.lb_log.is_file()


@pytest.mark.slow
def test_the_table_is_read_by_others(piped: Piped) -> None:
    (suite,) = junitparser.JUnitXml.fromfile(str(piped.folder / "exsim-table.xml"))
    outcomes = [one.outcome for one in piped.document.table]
    failed, undecided = outcomes.count("fail"), outcomes.count("inconclusive")
    assert (suite.tests, suite.failures, suite.errors) == (12, failed, undecided)
    assert "| **half patched**" in (piped.folder / "step.md").read_text()


def test_a_reload_puts_another_process_in_its_place_and_leaves_none_behind(tmp_path: Path) -> None:
    with small_lab(tmp_path, balancers=[plan("cookie")]) as lab:
        balancer = lab.balancers["cookie"]
        first = balancer.pid
        balancer.reload()
        second = balancer.pid
        assert first != second
        with Browser(lab, "cookie") as browser:
            assert served(browser.get("/owa/x"))
        assert lab.died() == []
    for pid in (first, second):
        assert not psutil.pid_exists(pid or 0)


def test_another_haproxy_than_the_scenario_wants_is_no_test_at_all(tmp_path: Path) -> None:
    init(tmp_path)
    path = tmp_path / "gate" / "gate.toml"
    path.write_text(path.read_text().replace('haproxy = "2.8"', 'haproxy = "1.7"'))
    code, said, _ = shell("exsim run gate/gate.toml --quiet", tmp_path)
    assert code == 4, said
    assert "wants HAProxy 1.7 (lab.haproxy), and the one here is 2.8." in said
