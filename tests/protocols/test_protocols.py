"""Falls if: the plug-in point does not hold what a load needs of a protocol, or a scenario's words are lost."""

from __future__ import annotations

from dataclasses import fields

from exsim.protocols import PROTOCOLS, Protocol
from exsim.protocols.agent import Account, Agent
from exsim.protocols.owa.settings import Settings
from exsim.runs.sections import Session
from tests.protocols.scripted import Scripted, dice
from tests.protocols.toy import HOST, Toy

ACCOUNT = Account("u@example.com", "u", "right")


def test_each_protocol_stands_under_its_own_name() -> None:
    assert all(isinstance(one, Protocol) and one.name == name for name, one in PROTOCOLS.items())


def test_every_word_of_a_scenarios_session_is_a_setting_of_the_client() -> None:
    assert set(Session.__struct_fields__) <= {field.name for field in fields(Settings)}


def test_every_step_that_a_life_takes_is_listed() -> None:
    toy, settings = Toy(), Settings(polls=100, ecp=1, late_answers=True, logons=2)
    Scripted(toy).run(PROTOCOLS["owa"].flow(Agent(HOST, dice()), ACCOUNT, settings), until=2000)
    taken = set(toy.steps())
    assert taken <= set(PROTOCOLS["owa"].steps)
    assert set(PROTOCOLS["owa"].steps) - taken == {"proof", "find", "draft"}


def test_an_account_does_not_show_its_password() -> None:
    assert "secret" not in repr(Account("u@example.com", "u", "secret"))
