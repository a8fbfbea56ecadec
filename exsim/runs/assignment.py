"""Who uses which mailbox: one a user, and a few more for sessions that are steered or sent as control.

An account is given away once; two users never share one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from itertools import cycle

import msgspec

from exsim.runs.accounts import Account
from exsim.runs.dice import Source
from exsim.runs.errors import ScenarioError
from exsim.runs.sections import Node, Population, Scenario

LAB_DOMAIN = "isp.com.au"
MOST_SPARE = 4  # of each home, of somebody else's accounts
SPARE_A_NODE = 4  # accounts for control and steered sessions, for each node of the lab


class Assignment(msgspec.Struct, frozen=True):
    """`users`: for each population, for each of its users, his accounts in turn.  `spare`: the rest."""

    users: tuple[tuple[tuple[Account, ...], ...], ...]
    spare: tuple[Account, ...]

    @property
    def accounts(self) -> list[Account]:
        """Every account, users' first."""
        return [each for population in self.users for user in population for each in user] + [
            *self.spare
        ]


def lab_accounts(count: int, homes: Sequence[Node], source: Source) -> list[Account]:
    """`count` simulated accounts whose mailboxes live at `homes` in turn; their passwords are drawn."""
    dice = source.dice("accounts")
    domain_sid = "-".join(str(dice.randrange(10**8, 2**32 - 1)) for _ in range(3))
    width = max(2, len(str(count)))
    return [
        Account(
            address=f"user{number:0{width}}@{LAB_DOMAIN}",
            logon=f"LAB\\user{number:0{width}}",
            home=home.version,
            password=source.password(),
            node=home.name,
            sid=f"S-1-5-21-{domain_sid}-{1100 + number}",  # well beyond the built-in ones
            name=f"User {number:0{width}}",
        )
        for number, home in zip(range(1, count + 1), cycle(homes), strict=False)
    ]


def lab_homes(scenario: Scenario) -> list[Node]:
    """The node of each mailbox that the scenario's users need, then of the spare ones.

    Mailboxes of one version go to the nodes of that version in turn.
    """
    assert scenario.lab is not None
    nodes: dict[str, deque[Node]] = defaultdict(deque)
    for node in scenario.lab.nodes:
        nodes[node.version].append(node)
    homes: list[Node] = []
    for version in _versions(scenario.population):
        homes.append(nodes[version][0])
        nodes[version].rotate(-1)
    return homes + [node for node in scenario.lab.nodes for _ in range(SPARE_A_NODE)]


def make_lab_accounts(scenario: Scenario, source: Source) -> list[Account]:
    """All the accounts that the lab of `scenario` needs."""
    homes = lab_homes(scenario)
    return lab_accounts(len(homes), homes, source)


def assign(scenario: Scenario, accounts: Iterable[Account], file: str = "") -> Assignment:
    """Give each user his accounts, by the version of the mailbox, in the order of `accounts`.

    Raises ScenarioError when there are too few of a version.
    """
    free: dict[str, deque[Account]] = defaultdict(deque)
    for account in accounts:
        free[account.home].append(account)
    have = {version: len(waiting) for version, waiting in free.items()}
    users = []
    for index, population in enumerate(scenario.population):
        try:
            users.append(
                tuple(
                    tuple(free[version].popleft() for version in _used(population))
                    for _ in range(population.users)
                )
            )
        except IndexError:
            raise ScenarioError(file, *_too_few(scenario, index, have)) from None
    spare = [account for waiting in free.values() for account in waiting]
    return Assignment(tuple(users), tuple(spare))


def without(assignment: Assignment, addresses: Collection[str]) -> Assignment:
    """The same without the users of whom an account is among `addresses`, and without such spare ones."""
    return Assignment(
        tuple(
            tuple(user for user in users if all(one.address not in addresses for one in user))
            for users in assignment.users
        ),
        tuple(one for one in assignment.spare if one.address not in addresses),
    )


def with_few_spare(assignment: Assignment, most: int = MOST_SPARE) -> Assignment:
    """Of the spare accounts `most` of each home: what steered and control sessions need at once."""
    taken: dict[str, int] = defaultdict(int)
    spare = []
    for account in assignment.spare:
        taken[account.home] += 1
        if taken[account.home] <= most:
            spare.append(account)
    return Assignment(assignment.users, tuple(spare))


def _too_few(scenario: Scenario, index: int, have: dict[str, int]) -> tuple[str, str]:
    needed = list(_versions(scenario.population))
    version = next(each for each in needed if needed.count(each) > have.get(each, 0))
    return (
        f"population[{index}].users",
        f"the scenario needs {needed.count(version)} accounts with a mailbox on {version},"
        f" and there are {have.get(version, 0)}; one user, one mailbox",
    )


def _versions(populations: Iterable[Population]) -> Iterable[str]:
    for population in populations:
        for _ in range(population.users):
            yield from _used(population)


def _used(population: Population) -> tuple[str, ...]:
    return (population.mailbox, *population.session.change_mailbox)
