"""Falls if: a criterion that nothing can meet is taken for one that can be run, or a criterion is lost on the
way into a run's directory."""

from __future__ import annotations

import pytest

from exsim.runs.errors import ScenarioError
from exsim.runs.resolved import as_toml
from exsim.runs.scenario import parse_scenario
from tests.runs.scenarios import LAB, TARGET

NODES = "EXCH16-SYD-01, EXCH16-SYD-02, EXCH13"
GOOD = """
[[expect.lost]]
protocol = "owa"
login = "2016"
serving = "EXCH13"
max = 0.01
confidence = 0.99
over = "accounts"

[[expect.latency]]
step = "service"
quantile = 0.95
max = "500ms"
"""


def test_criteria_are_read_and_survive_the_runs_directory() -> None:
    text = LAB + "wrong_mailbox = 0\nno_worse_by = 0.02\n" + GOOD
    scenario = parse_scenario(text.replace("[lab]", "[lab]\naccept = [12, 40]"), "x")
    (lost,), (latency,) = scenario.expect.lost, scenario.expect.latency
    assert (lost.login, lost.serving, lost.max, lost.confidence) == ("2016", "EXCH13", 0.01, 0.99)
    assert (latency.quantile, latency.max) == (0.95, 0.5)
    assert scenario.lab is not None and scenario.lab.accept == (12, 40)
    assert parse_scenario(as_toml(scenario), "y") == scenario


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("max = 0.01", "", "expect.lost[0].max: is missing"),
        ("max = 0.01", "max = 0", "expect.lost[0].max: must be a number above 0, not 0"),
        ("max = 0.01", "max = 1.5", "expect.lost[0].max: must be a number above 0, not 1.5"),
        ("= 0.99", "= 1", "expect.lost[0].confidence: must be a number from 0.5 to 0.9999, not 1"),
        ('"accounts"', '"hops"', 'expect.lost[0].over: "hops" is not known; one of accounts, sessions'),
        ('= "owa"', '= "ews"', 'expect.lost[0].protocol: "ews" is not a protocol of this scenario; one of owa'),
        ('= "2016"', '= "2019"', f'expect.lost[0].login: "2019" is neither a node nor a version; one of {NODES}, 2016, 2013'),
        ('= "EXCH13"\nmax', '= "EXCH99"\nmax', f'expect.lost[0].serving: "EXCH99" is neither a node nor a version; one of {NODES}, 2016, 2013'),
        ('step = "service"', "", "expect.latency[0].step: is missing"),
        ('step = "service"', 'step = ""', "expect.latency[0].step: is empty; write a step such as poll"),
        ("= 0.95", "= 95", "expect.latency[0].quantile: must be a number from 0.1 to 0.9999, not 95"),
        ('"500ms"', '"soon"', 'expect.latency[0].max: "soon" is not a duration such as "90", "2s", "1.5m" or "8h"'),
        ("[[expect.lost]]", "[expect.lost]", "expect.lost: must be a list, not a table"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_criterion_is_one_line(old: str, new: str, line: str) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(LAB + GOOD.replace(old, new, 1), "x")
    assert str(caught.value) == f"x: {line}"


def test_no_wrong_mailbox_can_be_allowed() -> None:
    with pytest.raises(ScenarioError, match=r"expect\.wrong_mailbox: must be .* 0 to 0, not 1"):
        parse_scenario(LAB + "wrong_mailbox = 1\n", "x")


def test_a_targets_criteria_may_name_any_version_and_its_own_nodes() -> None:
    text = TARGET + '[[expect.lost]]\nmax = 0.1\nlogin = "2016"\nserving = "EX13-01"\n'
    assert parse_scenario(text, "x").expect.lost[0].serving == "EX13-01"
    with pytest.raises(ScenarioError, match="neither a node nor a version"):
        parse_scenario(text.replace("EX13-01", "EX13-02").replace("EX13-02 =", "EX13-01 ="), "x")
