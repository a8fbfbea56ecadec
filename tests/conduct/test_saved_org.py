"""A measured organisation, saved and simulated: it answers as the one that was measured.

Falls if: a second visit, to the simulation of what the first one found, finds another cookie matrix or another
cause; what was not measured is not said; a version that is not known is guessed; or a mistake in the file or
at its key is more than a line.
"""

from __future__ import annotations

import msgspec
import pytest

from exsim.conduct.saved_org import measured, save
from exsim.judgement.diagnosis import diagnose
from exsim.runs.errors import OperatorError, ScenarioError
from exsim.runs.measured import as_toml, read_measured
from exsim.runs.scenario import load_scenario, parse_scenario
from tests.conduct.surgery import E14, visited
from tests.rig.slice import INCIDENT
from tests.runs.scenarios import LAB

WHEN = "2026-11-22T10:00:00Z"
SEEN_BY_A_VISIT = (
    "healthy",
    "authcert_asymmetry",
    "cert_split",
    "cng_node",
    "hmac_skew",
    "clock_skew",
    "be_kerberos_broken",
    "auth_cert_expired",
    "drained",
    "e14_no_affinity",
)


def cells(found):
    return sorted(
        (cell.from_, cell.to, cell.get, cell.post, cell.public)
        for cell in found.facts.cookie_matrix
    )


def again(org):
    return [msgspec.to_builtins(node) for node in org.nodes]


@pytest.mark.parametrize("preset", SEEN_BY_A_VISIT)
def test_the_simulation_of_what_was_measured_is_measured_alike(preset, tmp_path):
    first = visited(preset, nodes=E14 if preset == "e14_no_affinity" else INCIDENT)
    save(tmp_path / "org.toml", first.facts, "mail.example.com", WHEN)
    org = read_measured(tmp_path / "org.toml")
    assert org == measured(first.facts, "mail.example.com", WHEN)
    second = visited("healthy", nodes=again(org))
    assert cells(second) == cells(first)
    assert [one.rule for one in diagnose(second.facts)] == [
        one.rule for one in diagnose(first.facts)
    ]


def test_what_was_not_asked_is_said_and_taken_for_readable():
    found = visited("authcert_asymmetry")
    found.facts.cookie_matrix = [
        cell for cell in found.facts.cookie_matrix if (cell.from_, cell.to) != ("EXCH13", "EXCH13")
    ]
    org = measured(found.facts, "mail.example.com", WHEN)
    assert "EXCH13 at EXCH13" in org.sentence
    assert org.nodes[-1].front_end.opens == ("EXCH13",)


def test_a_version_that_is_not_known_is_not_guessed():
    found = visited("healthy")
    for node in found.facts.nodes:
        if node.name == "EXCH13":
            node.version = node.build = node.owa_version = ""
    with pytest.raises(OperatorError, match="the version of EXCH13 could not be measured"):
        measured(found.facts, "mail.example.com", WHEN)


@pytest.fixture
def scenario(tmp_path):
    """A scenario over a measured organisation; `more` stands in its [lab]."""
    (tmp_path / "haproxy").mkdir()
    (tmp_path / "haproxy" / "roundrobin.cfg").write_text("frontend f\n")
    org = measured(visited("authcert_asymmetry").facts, "mail.example.com", WHEN)
    (tmp_path / "org.toml").write_text(as_toml(org))
    head, _, rest = LAB.partition('preset = "authcert_asymmetry"\nnodes = [')
    path = tmp_path / "mail.toml"

    def write(more='org = "org.toml"'):
        path.write_text(head + more + rest.partition("} ]")[2])
        return path

    return write


def test_a_scenario_takes_its_nodes_from_the_file_and_says_so(scenario):
    read = load_scenario(scenario())
    assert read.node_names == ("EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13")
    assert read.lab.presets == ("healthy",) and not read.lab.plain
    assert read.lab.nodes[2].front_end.opens == ("EXCH13",)
    assert "a measurement of mail.example.com at 2026-11-22T10:00:00Z" in read.assumed


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('org = "nosuch.toml"', "lab.org: there is no file"),
        ('org = "org.toml"\nnodes = [{ name = "A", version = "2016" }]', "lab.org: there is lab.nodes as well"),
        ("org = 3", "lab.org: must be text in quotes, not 3"),
        ("", "lab.nodes: is missing; write the nodes, or org = a measured organisation"),
    ],
)  # fmt: skip
def test_a_mistake_at_its_key_is_one_line(scenario, more, said):
    with pytest.raises(ScenarioError) as problem:
        load_scenario(scenario(more))
    assert said in str(problem.value) and "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('version = "2013"', 'version = "2012"', 'org.toml: nodes[2].version: "2012" is not a version'),
        ("measured = ", "measured: ", "org.toml: is not TOML"),
        ("measured = ", "when = ", "org.toml: when: "),
        ('opens = ["EXCH13"]', 'opens = ["EXCH1"]', 'lab.nodes[2].front_end.opens: "EXCH1" is not a node'),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_one_line(scenario, before, after, said):
    path = scenario()
    org = path.parent / "org.toml"
    org.write_text(org.read_text().replace(before, after, 1))
    with pytest.raises(ScenarioError) as problem:
        load_scenario(path)
    assert said in str(problem.value) and "\n" not in str(problem.value)


def test_a_resolved_scenario_stands_by_itself(scenario):
    from exsim.runs.resolved import as_toml as resolved

    read = load_scenario(scenario())
    assert parse_scenario(resolved(read), "x") == read
