"""A run whose rig does not come up.

Falls if: a balancer's file that its writer has to change leaves a run behind, which `latest` then means; what else keeps a
lab from standing is not said by the run's directory, or leaves it open as if the run still went on.
"""

from contextlib import contextmanager

import pytest

from exsim.conduct import running
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.running import Options, rig_for
from exsim.runs.directory import open_run
from exsim.runs.errors import OperatorError
from exsim.runs.scenario import load_scenario

SCENARIO = """
title = "t"
[lab]
balancer = "haproxy.cfg"
nodes = [{ name = "EXCH16", version = "2016" }, { name = "EXCH13", version = "2013" }]
[[population]]
mailbox = "2016"
users = 1
[load]
duration = "1s"
"""
FILE = """
frontend f
    bind :443
    default_backend b
backend b
    server {0} 10.0.0.1:443
    server EXCH13 10.0.0.2:443
"""


def stand(folder, server):
    path = folder / "gate.toml"
    path.write_text(SCENARIO)
    (folder / "haproxy.cfg").write_text(FILE.format(server))
    with rig_for(path, load_scenario(path), Options(reports=folder / "reports")):
        raise AssertionError("it stands")


def test_a_file_that_cannot_be_moved_leaves_no_run_behind(tmp_path):
    with pytest.raises(OperatorError, match=r"haproxy\.cfg:6: server nobody is none of the nodes"):
        stand(tmp_path, "nobody")
    assert not (tmp_path / "reports").exists()


def test_what_keeps_a_lab_from_standing_is_the_end_of_its_run(tmp_path, monkeypatch):
    @contextmanager
    def nothing(*_):
        raise EnvironmentProblem("no HAProxy here")
        yield

    monkeypatch.setattr(running, "lab_for", nothing)
    with pytest.raises(EnvironmentProblem):
        stand(tmp_path, "EXCH16")
    run = open_run("gate", tmp_path / "reports").read_run()
    assert run.ended and run.notes == ["no HAProxy here"]
