"""Two configurations of a balancer that is not ours, in blocks of time: A B B A, until it is decided.

One balancer runs one configuration at a time, so that twins cannot go side by side.  Each account lives one
session in a block under A and one in the neighbouring block under B; blocks change places, so that what
drifts with time falls on both alike.  No account is used for a second pair: what is counted is independent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from exsim.conduct.ab_rig import AbSides, limits_of, paired, settings
from exsim.conduct.ab_watch import Tail, Watch
from exsim.conduct.last_minute import LastMinute
from exsim.conduct.loading import carry_out
from exsim.conduct.rig import target_rig
from exsim.conduct.running import Show
from exsim.conduct.switching import Switch, restored
from exsim.judgement.paired import Pairs, interleaved, outcome
from exsim.runs.accounts import Account
from exsim.runs.assignment import Assignment, assign
from exsim.runs.errors import ScenarioError
from exsim.runs.exits import Exit
from exsim.runs.order import WORKER_STRIDE
from exsim.runs.plan import Plan, salt_of
from exsim.runs.rig import Rig
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import Scenario
from exsim.runs.target_accounts import target_accounts

TURNS = ("ab", "ba")  # the configurations of one pair of blocks, in turn: A B, B A


@dataclass(slots=True)
class Blocks:
    """Both sides' runs, the accounts of each pair of blocks, and the pairs so far."""

    books: Sequence[Runbook]
    plans: Sequence[Plan]
    groups: Sequence[Assignment]
    pairs: Pairs
    scenario: Scenario
    wrong_mailbox: tuple[int, int] = (0, 0)
    logons: tuple[float, ...] = ()  # of the last minute, by either side: the farm is one

    def run(self, switch: Switch, show: Show) -> None:
        """Block after block until the pairs have decided, or no accounts are left."""
        with restored(switch):
            for number, group in enumerate(self.groups):
                for letter in TURNS[number % 2]:
                    switch.to(letter)
                    if not self._block("ab".index(letter), number, group, show):
                        return
                self._count(number)
                if self.pairs.over or any(self.wrong_mailbox):
                    return

    def _block(self, side: int, number: int, group: Assignment, show: Show) -> bool:
        """One block, until each of its sessions is over; False when its load ended before its time."""
        plan = replace(self.plans[side], logons=self.logons)
        order = msgspec.structs.replace(plan.order(), worker=number, assignments=group.users)
        last_minute = LastMinute([order], show)
        tail = Tail(self.plans[side], number)
        try:
            ((code, words),) = carry_out(
                [order], last_minute.heard, lambda: self._sessions_over(tail, number)
            )
        except KeyboardInterrupt:
            for book in self.books:
                book.interrupted()
            return False
        self.books[side].phase_ended(order, code, words)
        self.logons = last_minute.logons()
        return code == Exit.PASS

    def _users(self, number: int) -> list[int]:
        """The users of one block, in the order in which they count."""
        counts = [population.users for population in self.scenario.population]
        return [number * WORKER_STRIDE + user for user in interleaved(counts)]

    def _sessions_over(self, tail: Tail, number: int) -> bool:
        tail.read()
        limits = limits_of(self.scenario)
        return all(
            outcome(tail.session(user), tail.asked.get(user), tail.now, limits)
            for user in self._users(number)
        )

    def _count(self, number: int) -> None:
        """Take the pairs of two blocks that are over."""
        order = self._users(number)
        tails = [Tail(plan, number) for plan in self.plans]
        watch = Watch(tails, order, self.pairs, limits_of(self.scenario))
        watch.look(final=True)
        self.wrong_mailbox = (
            self.wrong_mailbox[0] + watch.wrong_mailbox[0],
            self.wrong_mailbox[1] + watch.wrong_mailbox[1],
        )


def blocks_for(scenario: Scenario, path: Path, sides: AbSides, reports: Path) -> Blocks:
    """The trial, ready to begin.  Raises ScenarioError."""
    assert scenario.target is not None
    ready = paired(scenario, scenario.users)
    accounts = target_accounts(scenario.target, path)
    wanted = settings(scenario, sides)
    groups = [assign(ready, group, str(path)) for group in _groups(ready, accounts, path)]
    groups = groups[: -(-wanted.max_pairs // scenario.users)]
    rig = target_rig(scenario.target, path)
    books, plans = [], []
    for letter in "ab":
        titled = msgspec.structs.replace(ready, title=f"{letter.upper()}: {scenario.title}")
        book = Runbook.begin(reports, f"{path.stem}-{letter}", titled)
        book.describe(rig, _together(groups))
        books.append(book)
        plans.append(_plan(book, titled, rig, groups[0]))
    most = min(wanted.max_pairs, len(groups) * scenario.users)
    return Blocks(books, plans, groups, Pairs(most, wanted.margin), ready)


def _plan(book: Runbook, scenario: Scenario, rig: Rig, first: Assignment) -> Plan:
    name, zero = book.run.scenario, book.run.zero
    return Plan(name, scenario, rig, first, book.directory.path, zero, salt_of(scenario))


def _together(groups: Sequence[Assignment]) -> Assignment:
    """Everybody's accounts, for the run's own description."""
    return Assignment(users=tuple(users for group in groups for users in group.users), spare=())


def _groups(scenario: Scenario, accounts: Sequence[Account], path: Path) -> Iterator[list[Account]]:
    """The accounts of one pair of blocks after the other.  Raises ScenarioError when not even one is full."""
    left: dict[str, list[Account]] = {}
    for account in accounts:
        left.setdefault(account.home, []).append(account)
    needed: dict[str, int] = {}
    for population in scenario.population:
        needed[population.mailbox] = needed.get(population.mailbox, 0) + population.users
    full = min(len(left.get(home, [])) // count for home, count in needed.items())
    if not full:
        raise ScenarioError(
            str(path), "target.accounts",
            f"a block takes {' and '.join(f'{count} with a mailbox on {home}' for home, count in needed.items())}; "
            "there are fewer",
        )  # fmt: skip
    for number in range(full):
        yield [
            account
            for home, count in needed.items()
            for account in left[home][number * count : (number + 1) * count]
        ]
