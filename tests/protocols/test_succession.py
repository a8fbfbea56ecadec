"""Falls if: a client asks on after its password was refused, or after nothing that it can show is taken, or
leaves before its sessions are over; or a session's mark does not say whose it is and what it is to meet."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent
from exsim.protocols.ews.settings import Settings
from exsim.protocols.flow import Flow, Pause
from exsim.protocols.succession import sessions

REFUSED, UNMEASURED, LEFT = ("refused", False), ("unmeasured", False), ("left", True)


@dataclass
class Ended:
    ended: str
    accepted: bool


def run(settings: Settings, outcomes: list[tuple[str, bool]]) -> tuple[int, list[float]]:
    """How many sessions there were, and the pauses between them."""
    left: Iterator[tuple[str, bool]] = iter(outcomes)
    begun = 0

    def one() -> Flow[Ended]:
        nonlocal begun
        begun += 1
        return Ended(*next(left))
        yield

    pauses = []
    flow = sessions(Agent("mail.example", random.Random(1)), settings, one)
    command = next(flow, None)
    while command is not None:
        assert isinstance(command, Pause)
        pauses.append(command.seconds)
        try:
            command = flow.send(0.0)
        except StopIteration:
            break
    return begun, pauses


@pytest.mark.parametrize(
    ("logons", "retries", "outcomes", "begun"),
    [
        (2, 0, [LEFT, LEFT], 2),
        (5, 0, [REFUSED], 1),
        (5, 1, [REFUSED, REFUSED], 2),
        (5, 1, [REFUSED, LEFT, REFUSED], 3),
        (5, 9, [UNMEASURED], 1),
        (3, 0, [("refused", True), ("lost", True), LEFT], 3),
        (0, 0, [LEFT, LEFT, LEFT, REFUSED], 4),
    ],
)
def test_a_client_comes_again_until_its_password_is_refused(
    logons: int, retries: int, outcomes: list[tuple[str, bool]], begun: int
) -> None:
    settings = Settings(logons=logons, logon_retries=retries, think=3.0)
    assert run(settings, outcomes) == (begun, [0.0] + [3.0] * (begun - 1))


def test_nobody_comes_back_at_once() -> None:
    assert run(Settings(logons=2, think=0.0), [LEFT, LEFT])[1] == [0.0, 1.0]


def test_the_mark_of_a_session_says_whose_it_is_and_what_it_is_to_meet() -> None:
    account = Account("a@example", home="2016")
    settings = Settings(private=False, control=True, forced=True, population=2, wanted="A>B>C")
    mark = session_mark.logon(7, account, settings)
    assert mark.what == "logon"
    assert mark.facts == {
        "number": 7,
        "account": "a@example",
        "home": "2016",
        "private": False,
        "control": True,
        "forced": True,
        "population": 2,
        "wanted": "A>B>C",
    }
    assert "wanted" not in session_mark.logon(7, account, Settings()).facts
