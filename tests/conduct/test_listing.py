"""The list of runs: what a line says, and how wide it is.

Falls if: a list is wider than the terminal though it need not be; the outcome, the losses or the path of a run are left
out; into a file or a pipe anything is.
"""

import os

import pytest

from exsim.conduct import screen
from exsim.conduct.listing import ListedRun, RunList, as_text

TIME = "2026-11-22T23-34-51Z"


def listed(scenario, **more):
    facts = {
        "run": f"reports/{scenario}/{TIME}", "scenario": scenario, "title": "", "started": "2026-11-22T23:34:51Z",
        "outcome": "fail", "masked": False, "sessions": 194, "lost": 114, "users": 20, "balancer": "", "rig": "lab",
        "ended": "",
    }  # fmt: skip
    return ListedRun(**{**facts, **more})


RUNS = RunList(
    "exsim-runs/1",
    "reports",
    [
        listed("demo-roundrobin"),
        listed("demo-cookie", outcome="pass", masked=True, lost=0, sessions=118),
        listed("gate", outcome="not judged", ended="no end"),
    ],
)


@pytest.mark.parametrize("columns", [79, 99, 119, None])
def test_a_list_fits_and_says_how_each_run_came_out(columns):
    text = as_text(RUNS, columns)
    assert columns is None or max(map(len, text.splitlines())) <= columns
    first, masked, unjudged = text.splitlines()[1:]
    assert first.split()[-3:] == ["fail", "114/194", f"reports/demo-roundrobin/{TIME}"]
    assert masked.split()[-4:] == ["pass,", "masked", "0/118", f"reports/demo-cookie/{TIME}"]
    assert unjudged.endswith(f"not judged            -  reports/gate/{TIME} (no end)")


@pytest.mark.parametrize(("columns", "began"), [(79, False), (95, True), (119, True), (None, True)])
def test_what_a_path_says_anyway_goes_first(columns, began):
    head = as_text(RUNS, columns).splitlines()[0].split()
    assert ("began" in head) is began
    assert ("scenario" in head) is (columns in (119, None))


def test_a_path_is_never_cut():
    assert f"reports/demo-cookie/{TIME}" in as_text(RUNS, 30)


def test_a_table_has_the_terminal_and_a_pipe_all_there_is(monkeypatch):
    for told, columns in ((80, 79), (200, 199), (20, 60)):
        monkeypatch.setenv("COLUMNS", str(told))
        assert screen.columns() == columns
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr("shutil.get_terminal_size", os.terminal_size)
    assert screen.columns() is None
