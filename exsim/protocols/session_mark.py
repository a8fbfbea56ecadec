"""The marks of a session in the history: where one begins, whose it is and why it was made, and its client's own end."""

from __future__ import annotations

from typing import Protocol

from exsim.protocols.agent import Account
from exsim.protocols.flow import Mark


class Purpose(Protocol):
    """What the settings of every protocol say of a session; `wanted`: the combination that it is to meet."""

    @property
    def private(self) -> bool: ...
    @property
    def forced(self) -> bool: ...
    @property
    def control(self) -> bool: ...
    @property
    def population(self) -> int: ...
    @property
    def wanted(self) -> str: ...


def logon(number: int, account: Account, purpose: Purpose) -> Mark:
    """The line before a session's first request."""
    facts: dict[str, str | int | bool] = {
        "number": number,
        "account": account.address,
        "home": account.home,
        "private": purpose.private,
        "forced": purpose.forced,
        "control": purpose.control,
        "population": purpose.population,
    }
    if purpose.wanted:
        facts["wanted"] = purpose.wanted
    return Mark("logon", facts)


def logoff(number: int, account: Account) -> Mark:
    """The line where the client itself begins to leave."""
    return Mark("logoff", {"number": number, "account": account.address})
