"""Two balancers side by side in front of one simulated organisation, as `exsim ab` runs them.

Falls if: round robin and cookie persistence are not told apart in a few pairs, the cells that lose are not named,
the runs that it leaves cannot be compared, or a process is left behind.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from exsim.judgement.results import decode
from exsim.runs.directory import open_run
from tests.lab.runs import BALANCERS, ROOT, scenario

pytestmark = [pytest.mark.lab, pytest.mark.slow]
LIMIT = 90.0  # seconds


def test_the_workaround_is_decided_in_a_few_pairs_and_the_cells_are_named(tmp_path: Path) -> None:
    path = scenario(
        tmp_path, session={"polls": 6, "think": "300ms"}, load={"spawn_rate": 3},
        expect={"min_sessions_per_combination": 2},
    )  # fmt: skip
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    done = subprocess.run(
        [sys.executable, "-m", "exsim", "ab", str(path), "--b", str(BALANCERS / "cookie.cfg"),
         "--max-pairs", "29", "--json", "--quiet", "--reports", str(tmp_path / "reports")],
        capture_output=True, text=True, timeout=LIMIT, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["decided"] and document["better"] == "b" and document["outcome"] == "pass"
    assert document["pairs"] < 30 and document["void"] == 0
    assert {(c["login_front_end"], c["serving_front_end"]) for c in document["cells"]} <= {
        ("EXCH16-SYD-01", "EXCH13"),
        ("EXCH16-SYD-02", "EXCH13"),
    }
    assert document["cells"] and document["b"]["changed"] == 0
    assert "PASS" in done.stderr and "EXCH13" in done.stderr
    left = {child.pid for child in psutil.Process().children(recursive=True)}
    assert left == before
    _left_behind(tmp_path / "reports")


def _left_behind(reports: Path) -> None:
    """Two run directories like any others, each with its own balancer's log, and B's with the page."""
    sides = [open_run(f"scenario-{letter}", reports) for letter in "ab"]
    for side in sides:
        assert decode(side.results.read_bytes()).sessions > 0
        assert side.lb_log.stat().st_size > 0
        assert not side.read_run().interrupted and side.read_run().ended
    assert json.loads((sides[1].path / "ab.json").read_text())["format"] == "exsim-ab/1"
    assert "PASS" in (sides[1].path / "ab.html").read_text()
    assert "cookie LB01" in sides[1].read_balancer()
