"""The script of `show --curl`, run by bash against simulated nodes of the incident.

Falls if: the script does not log on, shows nodes anything but copies, names other answers than the run
saw, needs a node's own address, or lets a password out.
"""

import os
import shutil
import subprocess

import pytest

from exsim.conduct.curl import as_curl
from exsim.lab.lab import Lab
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from tests.conduct import made_run
from tests.lab.rig import plan

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine"),
    pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash on this machine"),
]
NODES = """nodes = [
  {name = "EXCH16-SYD-01", version = "2016"}, {name = "EXCH16-SYD-02", version = "2016"},
  {name = "EXCH13", version = "2013"},
]"""
SCENARIO = made_run.SCENARIO.replace(
    'nodes = [{name = "EXCH16", version = "2016"}, {name = "EXCH13", version = "2013"}]', NODES
)


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """The incident's nodes behind its balancer, and the accounts."""
    section = parse_scenario(SCENARIO, "made").lab
    accounts = lab_accounts(2, section.nodes, Source(7))
    lab = Lab(
        tmp_path_factory.mktemp("lab"), organisation_nodes(section),
        [account.as_mailbox() for account in accounts], [plan("roundrobin")], redact=lambda line: line,
    )  # fmt: skip
    with lab:
        yield lab, accounts


def script_of(farm, folder, session="1.1", nodes=("EXCH16-SYD-01", "EXCH13"), scheme="http"):
    lab, accounts = farm
    lines = [*made_run.lost(), *made_run.kept()]
    for line in lines:
        if getattr(line, "headers", {}).get("x-feserver") == "EXCH16":
            line.headers["x-feserver"] = "EXCH16-SYD-01"
    directory = made_run.run_directory(
        folder, lines, SCENARIO, address=lab.addresses["roundrobin"],
        node_addresses={name: f"{scheme}://{lab.nodes[name][scheme]}" for name in nodes},
        accounts=[account.claim() for account in accounts],
    )  # fmt: skip
    path = folder / "again.sh"
    path.write_text(as_curl(directory, session))
    return path


def run_script(path, password, **more):
    environment = {"PATH": os.environ["PATH"], "EXSIM_PASSWORD": password, **more}
    return subprocess.run(
        ["bash", path], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def rows(done):
    """(node that answered, status, the rest) of each request after the heading."""
    lines = done.stdout.splitlines()[1:-1]
    return [(line[46:62].strip(), line[62:67].strip(), line[67:].strip()) for line in lines]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_logon_node_serves_copies_that_the_culprit_refuses(farm, tmp_path, scheme):
    done = run_script(script_of(farm, tmp_path, scheme=scheme), farm[1][0].password)
    assert (done.returncode, done.stderr) == (0, ""), done
    answers = rows(done)
    assert [answer[:2] for answer in answers] == [
        ("EXCH16-SYD-01", "302"),
        ("EXCH16-SYD-01", "200"),
        ("EXCH13", "440"),
        ("EXCH13", "302"),
        ("EXCH16-SYD-01", "200"),
    ]
    assert all(f" {name}" in answers[2][2] for name in made_run.FIVE)
    assert answers[3][2].startswith("reason=0")
    assert done.stdout.splitlines()[-1] == "As in the run."


def test_nodes_without_an_address_are_met_through_the_balancer(farm, tmp_path):
    done = run_script(script_of(farm, tmp_path, nodes=()), farm[1][0].password)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert ("EXCH13", "440") in [answer[:2] for answer in rows(done)]


def test_addresses_come_from_the_environment(farm, tmp_path):
    lab, accounts = farm
    path = script_of(farm, tmp_path, nodes=())
    variables = {
        f"EXSIM_NODE_{name.replace('-', '_')}": f"https://{places['https']}"
        for name, places in lab.nodes.items()
    }
    done = run_script(path, accounts[0].password, EXSIM_BALANCER="127.0.0.1:1", **variables)
    assert (done.returncode, done.stderr) == (0, ""), done


def test_a_session_that_was_kept_is_served_by_all_that_it_met(farm, tmp_path):
    done = run_script(script_of(farm, tmp_path, session="2.1"), farm[1][1].password)
    # in this farm it could not have been kept, and the script says so
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "Not as in the run."


def test_a_refused_password_is_tried_once(farm, tmp_path):
    done = run_script(script_of(farm, tmp_path, nodes=()), "not-it")
    assert done.returncode == 4
    assert done.stdout.count("auth.owa") == 1
    assert "reason=2" in done.stdout
    assert done.stderr == "the logon was not accepted; nothing more is tried\n"


def test_nobody_there_is_one_line(farm, tmp_path):
    done = run_script(script_of(farm, tmp_path), "x", EXSIM_NODE_EXCH16_SYD_01="127.0.0.1:1")
    assert done.returncode == 4
    assert done.stderr.endswith("127.0.0.1:1: no answer\n")


def test_without_a_password_and_a_terminal_it_asks_for_one(farm, tmp_path):
    done = run_script(script_of(farm, tmp_path), "")
    assert (done.returncode, done.stdout) == (2, "")
    assert "EXSIM_PASSWORD" in done.stderr
