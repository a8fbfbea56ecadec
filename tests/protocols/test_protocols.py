"""Falls if: the plug-in point does not hold what a load needs of a protocol, or a scenario's words are lost."""

from __future__ import annotations

from dataclasses import dataclass, fields

from exsim.protocols import PROTOCOLS, Protocol
from exsim.protocols.agent import Account
from exsim.protocols.flow import Request
from exsim.protocols.owa.life import SAME, settings_of
from exsim.protocols.owa.settings import Settings
from exsim.runs.sections import Session
from tests.protocols.scripted import Scripted, dice
from tests.protocols.toy import HOST, Toy


SESSION = Session(polls=3, logons=2, relogin_after=1.0)


@dataclass
class Population:
    node: str = ""
    session: Session = SESSION


def test_each_protocol_stands_under_its_own_name() -> None:
    assert all(isinstance(one, Protocol) and one.name == name for name, one in PROTOCOLS.items())


def test_every_word_of_a_scenarios_session_reaches_the_client() -> None:
    known = set(SAME) | {"change_mailbox"}  # versions there, accounts here
    assert set(Session.__struct_fields__) == known
    assert set(SAME) <= {field.name for field in fields(Settings)}
    assert settings_of(Population(), 2).polls == 3


def test_a_population_lives_in_one_browser_that_uses_its_accounts_in_turn() -> None:
    rig, seen = Scripted(Toy()), list[Request]()
    accounts = [Account(f"{name}@example.com", name, "right", "2016") for name in "uv"]
    flow = PROTOCOLS["owa"].live(
        population=Population("EXCH13"),
        index=1,
        accounts=accounts,
        host=HOST,
        hosts=(),
        dice=dice(),
    )
    rig.run(flow, until=1000)
    seen = [request for _, request, _ in rig.hops]
    assert {request.origin for request in seen} == {"EXCH13"}
    assert [f["account"] for what, f in rig.marks if what == "logon"] == [
        "u@example.com",
        "v@example.com",
    ]


def test_an_account_does_not_show_its_password() -> None:
    assert "secret" not in repr(Account("u@example.com", "u", "secret"))
