"""From a population of the scenario to one browser's life."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Dice, Flow
from exsim.protocols.owa.browser import browse
from exsim.protocols.owa.settings import Settings

# Keys of a scenario's session that mean the same here
SAME = (
    "polls",
    "connections",
    "think",
    "relogin_after",
    "logons",
    "private",
    "user_activity",
    "background",
    "notifications",
    "keep_alive",
    "late_answers",
    "logoff",
    "boot_page_kept",
    "ecp",
    "hang_after",
    "logon_retries",
)


class AnyAccount(Protocol):
    """What an account must say; a run's own accounts do."""

    @property
    def address(self) -> str: ...
    @property
    def logon(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def home(self) -> str: ...


class Population(Protocol):
    """What a population must say.  `node`: its users talk to that node itself."""

    @property
    def node(self) -> str: ...
    @property
    def session(self) -> Any: ...


def account_of(account: AnyAccount) -> Account:
    """The client's own value of an account."""
    return Account(account.address, account.logon, account.password, account.home)


def settings_of(
    population: Population, index: int, further: Sequence[Account] = (), **more: Any
) -> Settings:
    """The settings of a population's users; `more` overrides what the scenario says."""
    values = {
        key: getattr(population.session, key) for key in SAME if hasattr(population.session, key)
    }
    values |= {
        "population": index,
        "origin": population.node or None,
        "change_mailbox": tuple(further),
    }
    return Settings(**{**values, **more})


def live(
    *,
    population: Population,
    index: int,
    accounts: Sequence[AnyAccount],
    host: str,
    hosts: Collection[str],
    dice: Dice,
) -> Flow[None]:
    """One user's life: the first account, and the further ones that his browser uses in turn."""
    own, *further = [account_of(account) for account in accounts]
    client = Agent(host, dice, own, hosts=hosts, origin=population.node or None)
    return browse(client, own, settings_of(population, index, further))
