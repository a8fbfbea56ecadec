"""Falls if: two users share a mailbox, a user gets one of another version, the lab makes too few, or a
mailbox that the organisation cannot read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from exsim.org import settings
from exsim.runs.accounts import Account
from exsim.runs.assignment import SPARE_A_NODE, assign, lab_accounts, make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.errors import ScenarioError
from exsim.runs.scenario import parse_scenario
from tests.runs.scenarios import LAB, TARGET

FOLDER = Path(__file__).parents[2] / "scenarios"
CHANGING = LAB.replace("polls = 30", 'polls = 30, change_mailbox = ["2016", "2013"]')


@pytest.mark.parametrize("text", [LAB, CHANGING], ids=["one", "changing"])
def test_every_user_has_mailboxes_of_his_own_of_the_right_version(text: str) -> None:
    scenario = parse_scenario(text, "x")
    made = assign(scenario, make_lab_accounts(scenario, Source(7)))
    addresses = [account.address for account in made.accounts]
    assert len(set(addresses)) == len(addresses)
    wanted = ["2013", *scenario.population[0].session.change_mailbox]
    assert [len(population) for population in made.users] == [20]
    for user in made.users[0]:
        assert [account.home for account in user] == wanted
    assert len(made.spare) == 3 * SPARE_A_NODE


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_the_lab_makes_enough_for_every_scenario_of_the_project(path: Path) -> None:
    scenario = parse_scenario(path.read_text(), path.name)
    made = assign(scenario, make_lab_accounts(scenario, Source(1)))
    assert sum(len(population) for population in made.users) == scenario.users
    for population, users in zip(scenario.population, made.users, strict=True):
        assert {user[0].home for user in users} == {population.mailbox}


def test_mailboxes_of_one_version_are_spread_over_its_nodes() -> None:
    scenario = parse_scenario(LAB.replace('mailbox = "2013"', 'mailbox = "2016"'), "x")
    made = assign(scenario, make_lab_accounts(scenario, Source(7)))
    homes = [user[0].node for user in made.users[0]]
    assert homes.count("EXCH16-SYD-01") == homes.count("EXCH16-SYD-02") == 10


def test_there_are_spare_accounts_at_every_node() -> None:
    scenario = parse_scenario(LAB, "x")
    made = assign(scenario, make_lab_accounts(scenario, Source(7)))
    assert {account.node for account in made.spare} == set(scenario.node_names)


def test_the_organisation_can_read_the_mailboxes() -> None:
    scenario = parse_scenario(LAB, "x")
    assert scenario.lab is not None
    made = lab_accounts(30, scenario.lab.nodes, Source(7))
    mailboxes = msgspec.convert(
        [account.as_mailbox() for account in made], tuple[settings.Mailbox, ...]
    )
    assert len({mailbox.sid for mailbox in mailboxes}) == 30
    assert len({mailbox.password for mailbox in mailboxes}) == 30
    assert {mailbox.home for mailbox in mailboxes} == set(scenario.node_names)
    assert mailboxes[0].logon == "LAB\\user01"


def test_addresses_and_sids_are_the_seeds_and_passwords_are_not() -> None:
    scenario = parse_scenario(LAB, "x")
    assert scenario.lab is not None
    one, other = (lab_accounts(3, scenario.lab.nodes, Source(7)) for _ in range(2))
    assert [account.sid for account in one] == [account.sid for account in other]
    assert [account.password for account in one] != [account.password for account in other]


def test_too_few_accounts_are_one_line() -> None:
    scenario = parse_scenario(TARGET, "x")
    accounts = [Account("a@x.au", "a", "2016", "p"), Account("b@x.au", "b", "2013", "p")]
    with pytest.raises(ScenarioError) as caught:
        assign(scenario, accounts, "x.toml")
    assert str(caught.value) == (
        "x.toml: population[0].users: the scenario needs 2 accounts with a mailbox on 2016,"
        " and there are 1; one user, one mailbox"
    )
