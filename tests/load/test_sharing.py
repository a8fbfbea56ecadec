"""One run's users shared out over several load processes.

Falls if: a mailbox is in two of them, anybody is left out, two users bear one number, or the users come
faster or slower than the scenario says.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from exsim.runs.order import Order
from tests.load.orders import orders


def mailboxes(order: Order) -> list[str]:
    users = [user for population in order.assignments for user in population]
    return [one.address for user in users for one in user] + [one.address for one in order.spare]


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_no_mailbox_is_in_two_workers_and_none_is_left_out(workers: int) -> None:
    (whole,), shared = orders(), orders(workers)
    assert len(shared) == workers == len({order.worker for order in shared})
    found = Counter(address for order in shared for address in mailboxes(order))
    assert set(found.values()) == {1}
    assert sorted(found) == sorted(mailboxes(whole))


@pytest.mark.parametrize("workers", [2, 3])
def test_populations_and_pace_stay_what_they_are_together(workers: int) -> None:
    (whole,), shared = orders(), orders(workers)
    for index, users in enumerate(whole.assignments):
        sizes = [len(order.assignments[index]) for order in shared]
        assert sum(sizes) == len(users)
        assert max(sizes) - min(sizes) <= 1
    assert sum(one.load.spawn_rate for one in shared) == pytest.approx(whole.load.spawn_rate)


# Importing Locust replaces the sockets of the process: a process of its own.
NUMBERS = """
from exsim.load.users import Numbers, user_classes
from tests.load.orders import orders

taken = []
for order in orders(3):
    numbers = Numbers(order)
    for index, users in enumerate(order.assignments):
        mine = [numbers.take(index) for _ in users]
        assert numbers.take(index) is None, "more users than mailboxes"
        assert [one - numbers.firsts[index] for one in mine] == list(range(len(users)))
        taken += mine
        numbers.give(index, mine[0])
        assert numbers.take(index) == mine[0]
    classes = user_classes(order)
    assert [one.fixed_count for one in classes] == [len(users) for users in order.assignments]
    assert len({one.__name__ for one in classes}) == len(classes)
assert len(taken) == len(set(taken)) == 9, taken
assert 10_001 not in taken and min(taken) == 1
"""


def test_users_have_numbers_of_their_own_over_all_workers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NUMBERS], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
