"""Falls if: `exsim init` overwrites something, writes half of it, or writes a pipeline that does not hang together:
a scenario that cannot be read, a file that is not there, a verb or an option that exsim has not."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from exsim.cli import build_parser, main
from exsim.conduct.workflow import BALANCER, HOME, SCENARIO, TEXT, WORKFLOW, init
from exsim.runs.scenario import balancer_file, load_scenario


def commands() -> list[str]:
    """What the workflow runs, line by line."""
    return re.findall(r"^        run: (.+)$", TEXT, re.MULTILINE)


def test_everything_the_pipeline_needs_is_written(tmp_path: Path, capsys) -> None:
    assert main(["init", "--github-workflow", str(tmp_path)]) == 0
    places = [tmp_path / WORKFLOW, tmp_path / HOME / SCENARIO, tmp_path / HOME / BALANCER]
    assert capsys.readouterr().out.split() == [str(path) for path in places]
    scenario = load_scenario(places[1])
    assert balancer_file(scenario, places[1]) == places[2]
    assert scenario.lab is not None and scenario.lab.haproxy == "2.8"
    assert scenario.lab.presets == ("healthy",)  # or its own table would be red from the first day
    assert scenario.expect.lost


@pytest.mark.parametrize("path", [WORKFLOW, HOME / SCENARIO, HOME / BALANCER], ids=str)
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, capsys, path) -> None:
    there = tmp_path / path
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    assert main(["init", "--github-workflow", str(tmp_path)]) == 2
    assert f"{there}: is there already; nothing was written" in capsys.readouterr().err
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [there]
    assert there.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, capsys) -> None:
    (tmp_path / "file").touch()
    assert main(["init", "--github-workflow", str(tmp_path / "file")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert main(["init"]) == 2


def test_every_command_of_the_workflow_is_one_that_exsim_has() -> None:
    parser = build_parser()
    ours = [shlex.split(line)[1:] for line in commands() if line.startswith("exsim ")]
    assert [words[0] for words in ours] == ["run", "gate", "gate"]
    for words in ours:
        parser.parse_args(words)
    (install,) = [line for line in commands() if not line.startswith("exsim ")]
    assert install == 'python -m pip install "${EXSIM_SOURCE}[lab]"'


def test_the_workflow_fetches_githubs_own_actions_and_nothing_else(tmp_path: Path) -> None:
    assert set(re.findall(r"uses: ([\w-]+)/", TEXT)) == {"actions"}
    assert "http" not in TEXT and "index-url" not in TEXT and "curl" not in TEXT
    assert "\t" not in TEXT
    for path in init(tmp_path):
        assert "/tmp" not in path.read_text()


def test_the_gate_runs_even_when_the_run_failed_and_what_was_seen_is_kept() -> None:
    steps = TEXT.split("      - ")[1:]
    for name in ("Gate the run", "Gate the file under each assumption"):
        (step,) = [one for one in steps if one.startswith(f"name: {name}\n")]
        assert "if: ${{ !cancelled() }}" in step
    assert "if: always()" in steps[-1] and "reports/" in steps[-1]
