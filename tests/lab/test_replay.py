"""A lost session played again against a lab that stands.

Falls if: a session that any node refuses is not lost again, a healed organisation loses it all the same, or
the standing lab is not found by the scenario's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exsim.cli import main
from exsim.conduct.rig import lab_for, lab_rig, plan_for
from exsim.lab.handle import Handle
from exsim.runs.assignment import make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.scenario import load_scenario
from exsim.runs.standing import StandingLab, encode, handle_path
from tests.conduct.made_run import run_directory
from tests.lab.runs import scenario

pytestmark = pytest.mark.lab

PAIR = (("EXCH16", "2016"), ("EXCH13", "2013"))


@contextmanager
def standing(folder: Path, preset: str) -> Iterator[StandingLab]:
    """A lab of two nodes behind its handle."""
    populations = [{"mailbox": "2016", "users": 1, "node": "EXCH16"}]
    written = scenario(folder, preset=preset, balancer="none", nodes=PAIR, populations=populations,
                       lab={"tls": "nodes"}, load={"unmask": False})  # fmt: skip
    path = written.rename(folder / f"replayed-{preset.replace('_', '-')}.toml")
    read = load_scenario(path)
    accounts = make_lab_accounts(read, Source(3))
    with lab_for(read, folder, accounts, plan_for(read, path)) as lab:
        told = StandingLab(str(path), lab_rig(lab, read), tuple(accounts))
        with Handle(handle_path(path), encode(told)):
            yield told


@pytest.mark.parametrize(
    ("preset", "code", "says", "lost"),
    [
        ("authcert_asymmetry", 1, "Always lost: 3 of 3 times, by EXCH13", 3),
        ("healthy", 0, "Not lost again: 0 of 3 times", 0),
    ],
)
def test_a_lost_session_is_played_again(tmp_path, capsys, preset, code, says, lost):
    with standing(tmp_path / "lab", preset) as lab:
        name = Path(lab.scenario).stem
        directory = run_directory(tmp_path / "runs", scenario_name=name)
        assert main(["replay", "1.1", str(directory.path), "-n", "3", "--json"]) == code
    out, people = capsys.readouterr()
    found = json.loads(out)
    assert says in people and found["lost"] == lost and found["times"] == 3
    if lost:
        assert {(one["lost_by"], one["status"], one["as_before"]) for one in found["trials"]} == {
            ("EXCH13", 440, True)
        }


def test_a_session_of_a_target_is_played_with_the_accounts_of_its_scenario(tmp_path, capsys):
    with standing(tmp_path / "lab", "authcert_asymmetry") as lab:
        rig, who = lab.rig, lab.accounts[0]
        accounts = tmp_path / "accounts.csv"
        accounts.write_text(
            f"email,logon,home,secret\n{who.address},{who.logon},{who.home},{who.password}\n"
        )
        accounts.chmod(0o600)
        nodes = ", ".join(f'{name} = "{at}"' for name, at in rig.nodes.items())
        target = tmp_path / "mail.toml"
        target.write_text(
            f'title = "mail"\n[target]\nurl = "{rig.url}"\naddress = "{rig.address}"\n'
            f'accounts = "accounts.csv"\nca = "{rig.ca}"\nnodes = {{{nodes}}}\n'
            '[[population]]\nmailbox = "2016"\nusers = 1\n'
        )
        directory = run_directory(
            tmp_path / "runs", scenario=target.read_text(), scenario_name="mail", rig="target"
        )
        wanted = ["replay", "1.1", str(directory.path), "-n", "1", "--scenario", str(target)]
        assert main(wanted) == 1
    assert "Always lost: 1 of 1 time, by EXCH13" in capsys.readouterr().out


def test_without_the_lab_it_is_one_line(tmp_path, capsys):
    directory = run_directory(tmp_path, scenario_name="replayed-by-nobody")
    assert main(["replay", "1.1", str(directory.path)]) == 4
    assert "does not stand" in capsys.readouterr().err
