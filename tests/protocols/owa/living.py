"""One browser's life at a toy node, and what of it is asked about."""

from __future__ import annotations

from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Request
from exsim.protocols.owa.browser import browse
from exsim.protocols.owa.settings import Settings
from tests.protocols.scripted import Scripted, dice
from tests.protocols.toy import HOST, Toy

ACCOUNT = Account("u@example.com", "LAB\\u", "right", "2016")
SETTINGS = Settings(polls=4, think=1.0, connections=6)


def life(
    toy: Toy, settings: Settings = SETTINGS, account: Account = ACCOUNT
) -> tuple[Scripted, Agent]:
    rig, client = Scripted(toy), Agent(HOST, dice(), account)
    rig.run(browse(client, account, settings), until=4000)
    return rig, client


def asked(toy: Toy, step: str) -> list[Request]:
    return [request for _, request in toy.seen if request.step == step]


def marks(rig: Scripted, what: str) -> list[dict[str, object]]:
    return [facts for name, facts in rig.marks if name == what]
