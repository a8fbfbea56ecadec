"""The parts of the gate's table that need no process.

Falls if: an assumption is tried on nodes that cannot show it, a configuration's name is ambiguous, a short run
is asked for less than the scenario asks, a cell is green though nothing befell it, nobody had to move or a line stands unaccepted,
or what is to befall a lab comes too early, twice, or without a mark.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from exsim.conduct.gate_assumptions import Act, assumptions
from exsim.conduct.gate_cells import Collected, cell, configs_of, document_of, variant
from exsim.conduct.gate_events import Befalling
from exsim.conduct.gating import changes_of
from exsim.judgement.gate.document import TableCell
from exsim.judgement.judge import judge
from exsim.runs.errors import OperatorError
from exsim.runs.organisation import choices
from exsim.runs.plan import Plan
from exsim.runs.rig import Rig
from exsim.runs.runbook import Runbook
from exsim.runs.runfile import BalancerChange, RunFile, Versions
from exsim.runs.scenario import Scenario, load_scenario, parse_scenario
from exsim.runs.sections import FrontEndChange
from exsim.session.hop import Mark
from tests.judgement.build import OLD, A, B, facts, farm_sessions, found, nothing, one_way, session
from tests.runs.scenarios import LAB

GATE = Path(__file__).parents[2] / "scenarios" / "gate.toml"
NAMES = ["healthy", "one node cannot read", "half patched", "drained", "killed", "reload"]


@pytest.fixture
def scenario() -> Scenario:
    return load_scenario(GATE)


def of_nodes(*versions: str) -> Scenario:
    nodes = ", ".join(f'{{name = "N{i}", version = "{v}"}}' for i, v in enumerate(versions))
    head, _, rest = LAB.partition("nodes = [")
    text = f"{head}nodes = [{nodes}]{rest.partition('} ]')[2]}"
    text = text.replace('"authcert_asymmetry"', '"healthy"')
    return parse_scenario(text.replace('mailbox = "2013"', f'mailbox = "{versions[0]}"'), "x")


def test_every_assumption_fits_the_nodes_it_is_tried_on(scenario: Scenario) -> None:
    assert scenario.lab is not None
    supposed, left_out = assumptions(scenario.lab)
    assert [one.assumption.name for one in supposed] == NAMES
    assert left_out == []
    for one in supposed:
        choices(one.assumption.presets, scenario.lab.nodes)
        assert one.assumption.sentence
        assert list(one.acts) == sorted(one.acts, key=lambda act: act.at)
    assert [one.assumption.presets for one in supposed[3:]] == [["authcert_asymmetry"]] * 3


@pytest.mark.parametrize(
    ("versions", "presets", "left_out"),
    [
        (("2013", "2016"), ["authcert_asymmetry"], 0),
        (("2016", "2016"), ["cert_split"], 0),
        (("2010", "2010"), ["e14_no_affinity"], 1),
        (("2016",), None, 2),
    ],
)
def test_nodes_that_cannot_show_an_assumption_are_told(
    versions: tuple[str, ...], presets: list[str] | None, left_out: int
) -> None:
    lab = of_nodes(*versions).lab
    assert lab is not None
    supposed, missing = assumptions(lab)
    reading = [o.assumption.presets for o in supposed if o.assumption.name == NAMES[1]]
    assert reading == ([presets] if presets else [])
    assert len(missing) == left_out
    assert "The nodes are the scenario's own" not in supposed[-1].assumption.sentence


def test_nodes_that_are_set_or_measured_are_tried_as_they_are_and_bare(scenario: Scenario) -> None:
    assert scenario.lab is not None
    first, *rest = scenario.lab.nodes
    blind = FrontEndChange(opens=(first.name,))
    lab = msgspec.structs.replace(
        scenario.lab,
        preset=("healthy",),
        nodes=(msgspec.structs.replace(first, front_end=blind), *rest),
    )
    (config,) = configs_of(scenario, GATE, [], frozenset())
    set_so = msgspec.structs.replace(scenario, lab=lab)
    supposed, _ = assumptions(lab)
    assert [one.assumption.name for one in supposed] == ["as it is set", *NAMES]
    for one in supposed:
        made = variant(set_so, one, config).lab
        assert made is not None
        as_set = one.assumption.name == "as it is set" or bool(one.acts)
        assert made.nodes[0].front_end == (blind if as_set else FrontEndChange())
    assert "(as it sets them)" in supposed[-1].assumption.sentence


# The configurations.


def test_the_scenarios_own_file_is_gated_unless_others_are_given(
    scenario: Scenario, tmp_path: Path
) -> None:
    (own,) = configs_of(scenario, GATE, [], frozenset())
    assert (own.name, "cookie LB01" in own.text or "cookie " in own.text) == ("cookie.cfg", True)
    one, other = tmp_path / "a" / "h.cfg", tmp_path / "b" / "h.cfg"
    for file in (one, other):
        file.parent.mkdir()
        file.write_text("frontend f\n")
    found_ones = configs_of(scenario, GATE, [one, other], frozenset())
    assert [config.name for config in found_ones] == [one.as_posix(), other.as_posix()]
    assert len({config.plan for config in found_ones}) == 2
    for given in ([one, one], [tmp_path / "nosuch.cfg"], [tmp_path]):
        with pytest.raises(OperatorError):
            configs_of(scenario, GATE, given, frozenset())


def test_lines_are_accepted_for_the_file_that_is_meant(scenario: Scenario, tmp_path: Path) -> None:
    assert scenario.lab is not None
    lab = msgspec.structs.replace(scenario.lab, accept=(7,))
    accepting = msgspec.structs.replace(scenario, lab=lab)
    other = tmp_path / "other.cfg"
    other.write_text("frontend f\n")
    own = GATE.parent / "haproxy" / "cookie.cfg"
    both = configs_of(accepting, GATE, [own, other], frozenset({"other.cfg:40"}))
    assert [config.accepted for config in both] == [frozenset({7}), frozenset({40})]
    (only,) = configs_of(accepting, GATE, [], frozenset({"12"}))
    assert only.accepted == {7, 12}
    for wrong in ("12", "other.cfg:x", "x"):
        with pytest.raises(OperatorError, match="--accept"):
            configs_of(accepting, GATE, [own, other], frozenset({wrong}))


def test_a_short_run_asks_what_the_scenario_asks_unless_something_befalls_it(
    scenario: Scenario,
) -> None:
    assert scenario.lab is not None
    (config,) = configs_of(scenario, GATE, [], frozenset())
    for supposed in assumptions(scenario.lab)[0]:
        made = variant(scenario, supposed, config)
        assert made.lab is not None
        assert list(made.lab.presets) == supposed.assumption.presets
        assert made.lab.haproxy == "2.8"
        assert made.expect.max_lost_sessions == 0
        undisturbed = not supposed.acts
        assert made.load.unmask is undisturbed
        assert made.expect.min_sessions_per_combination == (2 if undisturbed else 0)
        assert made.load.duration >= scenario.load.duration
        assert made.expect.lost == ()
        leaves = supposed.assumption.name in ("drained", "killed")
        assert supposed.leaves == ("EXCH16-SYD-01" if leaves else "")
        polls = [one.session.polls for one in (scenario.population[0], made.population[0])]
        assert polls == [8, 40 if leaves else 8]


# The cells.


def a_cell(
    rule=nothing,
    happened: bool = True,
    kind: str = "harmless",
    befell: str = "reload",
    sessions=None,
) -> TableCell:
    scenario = load_scenario(GATE)
    assert scenario.lab is not None
    (config,) = configs_of(scenario, GATE, [], frozenset())
    supposed = assumptions(scenario.lab)[0][NAMES.index(befell)]
    supposed = replace(supposed, leaves=A if supposed.leaves else "")
    run = RunFile(
        scenario="x", title="x", rig="lab", versions=Versions("0.1.0"), seed=1, url="", address="",
        zero=0.0, started="", changes=[BalancerChange(40, "a", "b", kind)],
    )  # fmt: skip
    judgement = judge(found(sessions or farm_sessions(rule, 20)), facts())
    return cell(supposed, config, judgement, run, happened)


def test_a_cell_is_as_green_as_its_run_and_no_greener() -> None:
    assert (a_cell().outcome, a_cell().lost) == ("pass", 0)
    assert (a_cell(one_way).outcome, a_cell(one_way).lost) == ("fail", 80)
    assert a_cell(happened=False).outcome == "inconclusive"
    weighty = a_cell(kind="may matter")
    assert weighty.outcome == "inconclusive"
    assert "1 change of the file may matter" in weighty.sentence
    assert a_cell(one_way, happened=False).outcome == "fail"


@pytest.mark.parametrize("befell", ["drained", "killed"])
def test_a_node_that_nobody_had_to_leave_shows_nothing(befell: str) -> None:
    assert a_cell(befell=befell).outcome == "pass"
    stay = [session(number, node, (node,), OLD) for number, node in enumerate([A, B, OLD] * 20)]
    cell = a_cell(befell=befell, sessions=stay)
    assert cell.outcome == "inconclusive"
    assert cell.sentence.endswith(
        f"Nobody was moved from {A} to {OLD} and {B}: what happens there is not known."
    )
    assert cell.reasons[-1] in cell.sentence
    assert "Nobody was moved" not in a_cell(befell="reload", sessions=stay).sentence
    assert "Nobody was moved" not in a_cell(befell=befell, sessions=stay, happened=False).sentence
    lost = a_cell(one_way, befell=befell, sessions=[session(1, A, (OLD,), OLD, one_way), *stay])
    assert (lost.outcome, "Nobody was moved" in lost.sentence) == ("fail", False)


def test_a_table_with_a_cell_that_was_not_run_is_not_green(scenario: Scenario) -> None:
    assert scenario.lab is not None
    supposed = assumptions(scenario.lab)[0][-1:]
    configs = configs_of(scenario, GATE, [], frozenset())
    whole = document_of("gate", supposed, configs, Collected(cells=[a_cell()]), [], "reports/x")
    assert (whole.outcome, whole.sentence) == (
        "pass",
        "0 of 1 cell failed, 0 could not be decided.",
    )
    empty = document_of("gate", supposed, configs, Collected(interrupted=True), [], "reports/x")
    assert empty.outcome == "inconclusive"
    assert "1 was not run" in empty.sentence
    two = assumptions(scenario.lab)[0][-2:]
    half = document_of("gate", two, configs, Collected(cells=[a_cell()]), [], "reports/x")
    assert half.outcome == "inconclusive"


def test_a_change_is_listed_with_the_file_it_stands_in() -> None:
    (change,) = changes_of([BalancerChange(40, "a", "b", "may matter")], "conf/h.cfg", {40})
    assert (change.file, change.line, change.accepted) == ("conf/h.cfg", 40, True)


# What befalls a lab.


class FakeLab:
    balancers = {"config00": "first", "config01": "second"}  # noqa: RUF012


def befalling(tmp_path: Path, *acts: Act) -> Befalling:
    scenario = load_scenario(GATE)
    load = msgspec.structs.replace(scenario.load, duration=10.0)
    scenario = msgspec.structs.replace(scenario, load=load)
    assert scenario.lab is not None
    supposed = assumptions(scenario.lab)[0][-1]
    book = Runbook.begin(tmp_path, "one, x", scenario)
    rig = Rig("https://x", "127.0.0.1:1", {}, {})
    plan = Plan("one, x", scenario, rig, None, book.directory.path, 0.0, "")  # type: ignore[arg-type]
    supposed = replace(supposed, acts=acts)
    return Befalling(supposed, FakeLab(), ["config00", "config01"], [plan], [book])  # type: ignore[arg-type]


def test_it_befalls_a_lab_once_when_its_time_has_come(tmp_path: Path) -> None:
    did: list[tuple[object, str]] = []
    here = befalling(
        tmp_path,
        Act(0.25, "drain", lambda lab, balancer, node: did.append((balancer, "drain"))),
        Act(0.5, "kill", lambda lab, balancer, node: did.append((node, "kill")), at_each=False),
    )
    for t, users, run in [
        (1.0, 0, "one, x"),
        (9.0, 5, "another"),
        (2.0, 3, "one, x"),
        (4.4, 9, "one, x"),
    ]:
        here.heard({"event": "live", "phase": "main", "run": run, "t": t, "users": users})
        assert did == []
    here.heard({"event": "live", "phase": "unmask", "run": "one, x", "t": 99.0, "users": 9})
    assert did == [] and not here.done
    here.heard({"event": "live", "phase": "main", "run": "one, x", "t": 4.5, "users": 9})
    assert did == [("first", "drain"), ("second", "drain")]
    for t in (7.0, 8.0):
        here.heard({"event": "live", "phase": "main", "run": "one, x", "t": t, "users": 9})
    assert did[2:] == [("EXCH16-SYD-01", "kill")]
    assert here.done
    marks = [line for line in here.books[0].directory.history() if isinstance(line, Mark)]
    assert [(mark.what, mark.facts["node"]) for mark in marks] == [
        ("drain", "EXCH16-SYD-01"),
        ("kill", "EXCH16-SYD-01"),
    ]
