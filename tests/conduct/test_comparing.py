"""Falls if: runs of other topologies are compared, the refusal does not name the keys, a comparison ends with
another code than 0, or a list of runs leaves one out or says of one that nobody judged how it came out.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exsim.cli import main
from exsim.conduct import judging
from exsim.runs.directory import RunDirectory
from tests.conduct.made_run import SCENARIO, TARGET, kept, run_directory

OTHER = SCENARIO.replace('version = "2013"', 'version = "2019"').replace(
    'preset = "authcert_asymmetry"', 'preset = "healthy"'
)
MORE_NODES = SCENARIO.replace(
    'version = "2013"}]', 'version = "2013"}, {name = "EXCH19", version = "2019"}]'
)


@pytest.fixture
def runs(tmp_path: Path) -> tuple[RunDirectory, RunDirectory]:
    """One that lost a session, one that kept it."""
    return run_directory(tmp_path), run_directory(tmp_path, lines=kept(1) + kept(2))


def test_two_runs_are_put_side_by_side(runs, capsys, tmp_path) -> None:
    page = tmp_path / "page.html"
    arguments = ["compare", *(str(run.path) for run in runs), "--json", "--html", str(page)]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["format"] == "exsim-compare/1"
    assert (document["a"]["lost"], document["b"]["lost"]) == (1, 0)
    lost = [cell for cell in document["matrix"] if cell["a"]["lost"]]
    assert [(c["login_front_end"], c["serving_front_end"]) for c in lost] == [("EXCH16", "EXCH13")]
    assert {row["step"] for row in document["latencies"]} >= {"logon", "service"}
    assert "They cannot be told apart" in err and str(page) in err
    assert page.read_text().startswith("\n") or "<!doctype html>" in page.read_text()


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (OTHER, ("nodes.EXCH13.version: 2013, 2019", "nodes.EXCH13.build")),
        (MORE_NODES, ("nodes.EXCH19: (none), there",)),
        (TARGET.format(more=""), ("lab.tls: offload, (none)", "target.url: (none), https://mail")),
    ],
)
def test_other_topologies_are_refused_with_their_keys(scenario, words, tmp_path, capsys) -> None:
    a, b = run_directory(tmp_path), run_directory(tmp_path, scenario=scenario)
    assert main(["compare", str(a.path), str(b.path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert "different topologies" in err
    for word in words:
        assert word in err


def test_a_page_that_cannot_be_written_is_one_line(runs, capsys, tmp_path) -> None:
    missing = tmp_path / "nowhere" / "page.html"
    code = main(["compare", *(str(run.path) for run in runs), "--html", str(missing)])
    assert code == 2
    assert capsys.readouterr().err.startswith(f"exsim: {missing}: cannot be written")


# The list of runs -------------------------------------------------------------------------------


def test_runs_are_listed_with_outcome_and_losses(runs, capsys, tmp_path) -> None:
    judgement = judging.judged(runs[0])
    judging.write(runs[0], judgement, 1)
    going = runs[1].read_run()
    going.ended = ""
    runs[1].write_run(going)
    broken = RunDirectory(tmp_path / "made" / "broken")
    broken.path.mkdir()
    broken.run_file.write_text("{")
    assert main(["runs", str(tmp_path), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["runs"]
    found = {
        Path(run["run"]).name: (run["outcome"], run["lost"], run["sessions"], run["ended"])
        for run in listed
    }
    assert found == {
        "broken": ("not judged", 0, 0, "unreadable"),
        runs[0].path.name: ("fail", 1, 2, ""),
        runs[1].path.name: ("not judged", 0, 0, "no end"),
    }
    assert main(["runs", str(tmp_path)]) == 0
    text = capsys.readouterr().out.splitlines()
    assert len(text) == 4
    assert any("fail" in line and "1/2" in line for line in text)


def test_one_run_is_a_list_of_one_and_an_empty_folder_says_so(runs, capsys, tmp_path) -> None:
    assert main(["runs", str(runs[0].path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    (tmp_path / "empty").mkdir()
    assert main(["runs", str(tmp_path / "empty")]) == 0
    assert "there is no run yet" in capsys.readouterr().out
    assert main(["runs", str(tmp_path / "nosuch")]) == 2
    assert capsys.readouterr().err == f"exsim: {tmp_path / 'nosuch'}: there is no run yet\n"
