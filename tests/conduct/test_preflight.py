"""What the check of a farm's accounts tells of its nodes.

Falls if: a node's version is believed that no mailbox on it told, or that two of them contradict; some are known where not all are;
or a load begins with accounts that were not tried.
"""

import pytest

from exsim.conduct import preflight as preflight_module
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.preflight import preflight, versions
from exsim.protocols.checked import ACCEPTED, Checked
from exsim.runs.runbook import Runbook
from tests.conduct.made_run import TARGET, run_directory
from tests.load.orders import a_plan


def on(back_end, home):
    return Checked(f"{back_end}@x", ACCEPTED, "", "EX16-02", back_end, home)


@pytest.mark.parametrize(
    ("checked", "expected"),
    [
        ([on("EX13", "2013"), on("EX16", "2016"), on("EX16", "2016")], ["2013", "2016"]),
        ([on("EX13", "2013"), on("EX16", "2016"), on("EX19", "2019")], ["2013", "2016"]),
        ([on("EX13", "2013")], ["", ""]),
        ([on("EX13", "2013"), on("EX16", "")], ["", ""]),
        ([on("EX13", "2013"), on("EX16", "2016"), on("EX16", "2019")], ["", ""]),
        ([], ["", ""]),
    ],
)
def test_versions_are_those_that_every_node_s_mailboxes_told(checked, expected):
    assert versions(["EX13", "EX16"], checked) == dict(zip(["EX13", "EX16"], expected, strict=True))


def test_a_farm_whose_nodes_nobody_named_has_none():
    assert versions([], [on("EX13", "2013")]) == {}


@pytest.mark.parametrize("code", [-9, 130, 0])
def test_nothing_is_loaded_where_the_check_was_not_carried_through(tmp_path, monkeypatch, code):
    monkeypatch.setattr(preflight_module, "carry_out", lambda orders, show: [(code, "")])
    directory = run_directory(tmp_path, [], TARGET.format(more=""), rig="target")
    book, plan = Runbook(directory, directory.read_run()), a_plan()
    if not code:
        assert preflight(plan, book, print).assignment == plan.assignment
        return
    with pytest.raises(EnvironmentProblem, match=r"after 0 of \d+ accounts: no load without it"):
        preflight(plan, book, print)
