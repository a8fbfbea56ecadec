"""What a pipeline sees of `exsim gate`: exit codes, files, annotations, baselines.

Falls if: a run that measured nothing, was interrupted, met no combination that a criterion speaks of, or left a
full disk behind ends with 0; a baseline is the run itself or of another topology; or a gate that could not
write what it found is green.
"""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from exsim.cli import main
from exsim.conduct import gating
from exsim.conduct.gate_place import deciding_line
from exsim.lb.cfg import read
from exsim.runs.directory import RunDirectory
from exsim.runs.runfile import BalancerChange, NodeClaim, Versions
from tests.conduct.made_run import SCENARIO, kept, logged_on, run_directory, utc

PASS, FAIL, USAGE, INCONCLUSIVE, ENVIRONMENT = 0, 1, 2, 3, 4
EXPECT = "\n[expect]\nmin_sessions_per_combination = 0\n"
WHOLE = {"ended": utc(60.0), "duration": 60.0}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


def made(lines=None, expect="", **more) -> RunDirectory:
    """A run that lost nobody, unless told otherwise; `more` is for run.json."""
    directory = run_directory(
        Path("reports"),
        kept() + kept(user=1, t=1.3) if lines is None else lines,
        SCENARIO + EXPECT + expect,
    )
    run = msgspec.structs.replace(directory.read_run(), **{**WHOLE, **more})
    directory.write_run(run)
    return directory


def gated(directory: RunDirectory, *more: str) -> int:
    return main(["gate", str(directory.path), *more])


def outcomes(directory: RunDirectory) -> dict[str, str]:
    document = json.loads((directory.path / gating.JSON).read_bytes())
    return {one["key"]: one["outcome"] for one in document["criteria"]}


def test_a_whole_run_that_lost_nobody_passes_and_leaves_its_files(capsys):
    directory = made(expect="[[expect.lost]]\nmax = 0.9\nserving = '2013'\n")
    assert gated(directory, "--json") == PASS
    assert outcomes(directory) == {"run": "pass", "expect.lost[0]": "pass"}
    printed = capsys.readouterr()
    assert json.loads(printed.out)["format"] == "exsim-gate/1"
    assert "All 2 criteria hold." in printed.err
    names = {gating.JSON, gating.JUNIT, gating.MARKDOWN, gating.TEXT}
    assert names <= {path.name for path in directory.path.iterdir()}


def test_lost_sessions_fail():
    directory = run_directory(Path("reports"), scenario=SCENARIO + EXPECT, **WHOLE)
    assert gated(directory) == FAIL


NEVER_GREEN = {
    "measured nothing": {"lines": []},
    "logons and nothing after them": {"lines": logged_on(1, 1.0)},
    "interrupted": {"interrupted": "signal"},
    "stopped": {"stopped": "2 accounts were refused"},
    "a full disk, as the load said it": {
        "crashed": "the load ended with 70: OSError: [Errno 28] No space left on device"
    },
    "a full disk, and nobody could write the end": {"ended": ""},
    "a criterion about a version that nobody met": {
        "expect": "[[expect.lost]]\nmax = 0.9\nlogin = '2013'\n"
    },
    "a criterion that takes more sessions": {"expect": "[[expect.lost]]\nmax = 0.01\n"},
    "a step that nobody took": {
        "expect": "[[expect.latency]]\nstep = 'sync'\nquantile = 0.5\nmax = '1s'\n"
    },
    "no answer that says whose it is": {"expect": "wrong_mailbox = 0\n"},
    "another HAProxy than was wanted": {
        "balancer": "haproxy/roundrobin.cfg",
        "versions": Versions("0.1.0", haproxy="2.6.1"),
    },
    "a change that may matter": {
        "changes": [BalancerChange(40, "nbthread 4", "nbthread 1", "may matter", "one thread")]
    },
}


@pytest.mark.parametrize("how", NEVER_GREEN.values(), ids=NEVER_GREEN)
def test_what_was_not_shown_is_never_green(how):
    directory = made(**how)
    if "versions" in how:
        wanted = directory.scenario_file.read_text().replace('haproxy = ""', 'haproxy = "2.8"')
        directory.scenario_file.write_text(wanted)
    assert gated(directory) == INCONCLUSIVE


def test_a_history_that_a_full_disk_cut_off_is_never_green():
    directory = made()
    (history,) = directory.history_folder.glob("w0.jsonl")
    lines = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(b"".join(lines[:2]) + b'{"kind":"hop","utc"\n' * 3 + lines[2][:40])
    assert gated(directory) == INCONCLUSIVE
    history.unlink()
    assert gated(directory) == INCONCLUSIVE
    shutil.rmtree(directory.history_folder)
    assert gated(directory) == INCONCLUSIVE


@pytest.mark.parametrize(
    "more", [[], ["--junit", "out.xml"], ["--summary", "out.md"]], ids=["run", "junit", "summary"]
)
def test_a_gate_that_cannot_write_what_it_found_is_not_green(monkeypatch, capsys, more):
    directory, real = made(), Path.open

    def full(self, *args, **keys):
        wanted = more[1] if more else gating.JUNIT
        if wanted in self.name:  # the part that becomes it, or itself
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return real(self, *args, **keys)

    monkeypatch.setattr(Path, "open", full)
    assert gated(directory, *more) == ENVIRONMENT
    assert "No space left on device" in capsys.readouterr().err


def test_a_change_is_accepted_by_its_line_in_the_scenario_or_on_the_command_line():
    change = BalancerChange(40, "nbthread 4", "nbthread 1", "may matter", "one thread")
    directory = made(changes=[change])
    assert gated(directory, "--accept", "39") == INCONCLUSIVE
    assert gated(directory, "--accept", "40") == PASS
    text = directory.scenario_file.read_text()
    directory.scenario_file.write_text(text.replace("accept = []", "accept = [12, 40]"))
    assert gated(directory) == PASS
    assert gated(directory, "--accept", "soon") == USAGE


def test_no_secret_of_a_changed_line_is_kept():
    change = BalancerChange(9, "stats auth admin:hunter2", "", "may matter", "x")
    directory = made(changes=[change])
    gated(directory)
    for name in (gating.JSON, gating.JUNIT, gating.MARKDOWN, gating.TEXT):
        assert "hunter2" not in (directory.path / name).read_text()


# What a pipeline is told.


def test_annotations_and_the_summary_are_for_a_pipeline_only(monkeypatch, capsys):
    change = BalancerChange(40, "nbthread 4", "nbthread 1", "may matter", "one thread")
    directory = made(changes=[change], balancer="h.cfg", balancer_path="conf/h.cfg")
    gated(directory)
    assert "::" not in capsys.readouterr().out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    Path("step.md").write_text("before\n")
    gated(directory, "--junit", "out.xml", "--summary", "mine.md")
    assert "\n::warning file=conf/h.cfg,line=40,title=exsim gate::" in capsys.readouterr().out
    assert Path("step.md").read_text().startswith("before\n## exsim gate: ❔ inconclusive")
    assert Path("mine.md").read_text().startswith("## exsim gate")
    assert Path("out.xml").read_text() == (directory.path / gating.JUNIT).read_text()
    gated(directory, "--json")
    json.loads(capsys.readouterr().out)


def test_the_schema_is_published(capsys):
    assert main(["gate", "--schema"]) == PASS
    assert json.loads(capsys.readouterr().out)["title"] == "exsim-gate/1"


def test_losses_are_annotated_where_the_file_spreads_them(monkeypatch, capsys):
    Path("h.cfg").write_text(CONFIG)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    directory = run_directory(
        Path("reports"), scenario=SCENARIO + EXPECT, balancer="h.cfg", balancer_path="h.cfg",
        warnings=["[WARNING] config : parsing [h.cfg:2] : a word of its own"], **WHOLE,
    )  # fmt: skip
    directory.lb_log.write_text(LOG)
    assert gated(directory) == FAIL
    said = capsys.readouterr().out
    assert "::error file=h.cfg,line=6,title=exsim gate::The run's own verdict: 1 of " in said
    assert "::notice file=h.cfg,line=2,title=exsim gate::[WARNING]" in said


CONFIG = """frontend f
  bind :443
  default_backend b
backend b
  mode http
  balance roundrobin
  server s 10.0.0.1:80
"""
LOG = (
    "127.0.0.1:50000 [22/Nov/2026:09:15:18.100] f b/s 0/0/0/5/5 440 154 - - ---- "
    '1/1/0/0/0 0/0 {} "POST /owa/service.svc?action=FindItem HTTP/1.1"\n'
)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (["balance roundrobin", "cookie SRV insert"], 3),
        (["balance source", "stick on src"], 3),
        (["option x", "balance roundrobin"], 3),
        (["mode http"], 1),
    ],
)
def test_the_line_that_decides_is_the_most_telling(lines, number):
    (_, section) = read("\n".join(["backend b", *(f"  {line}" for line in lines)]))
    assert deciding_line(section) == number


# Baselines.


def test_a_folder_means_its_last_other_run_that_came_to_its_end():
    first, second, third = made(), made(interrupted="signal"), made()
    found = gating.baseline_of("made", third, Path("reports"))
    assert found.path == first.path.resolve() != second.path.resolve()
    code = gated(third, "--baseline", str(Path("reports/made")))
    assert code == INCONCLUSIVE  # two sessions show nothing about five in a hundred
    assert {"baseline[0]", "baseline.met"} <= set(outcomes(third))


def test_a_run_is_no_baseline_for_itself(capsys):
    directory = made()
    assert gated(directory, "--baseline", str(directory.path)) == USAGE
    assert "is the run itself" in capsys.readouterr().err
    assert gated(directory, "--baseline", "made") == USAGE
    assert "holds no other run that came to its end" in capsys.readouterr().err
    assert gated(directory, "--baseline", "nosuch") == USAGE


def test_a_baseline_of_another_topology_is_refused_with_the_keys_that_differ(capsys):
    other, directory = made(nodes=[NodeClaim("EXCH19", "2019")]), made()
    assert gated(directory, "--baseline", str(other.path)) == USAGE
    said = capsys.readouterr().err
    assert "nodes: EXCH13 (2013), EXCH16 (2016), and in the baseline EXCH19 (2019)" in said
    assert len(said.splitlines()) == 1
