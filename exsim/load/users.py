"""Locust users made from the scenario: each is one browser or phone that runs its protocol's flow.

Locust decides when a user comes and goes; what it does is the flow's, and what happened is written by the
driver.  A user's greenlet only waits for its flow to end.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable

from gevent import Greenlet, GreenletExit
from gevent.hub import Waiter
from gevent.pool import Group
from locust import User, constant, task
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING

from exsim.drive.driver import Client
from exsim.load.lives import start_user
from exsim.load.worker import Worker
from exsim.runs.order import WORKER_STRIDE, Order


class Numbers:
    """Which users a population has, and which of them are free: a mailbox is never in two browsers."""

    def __init__(self, order: Order) -> None:
        self.free: list[deque[int]] = []
        first = 1 + order.worker * WORKER_STRIDE
        for users in order.assignments:
            self.free.append(deque(range(first, first + len(users))))
            first += len(users)
        self.firsts = [numbers[0] if numbers else 0 for numbers in self.free]

    def take(self, population: int) -> int | None:
        free = self.free[population]
        return free.popleft() if free else None

    def give(self, population: int, number: int) -> None:
        self.free[population].append(number)


class ExsimUser(User):
    """One browser or phone.  Subclasses are made by `user_classes`, one for each population."""

    abstract = True
    wait_time = constant(0)
    worker: Worker
    numbers: Numbers
    population = 0

    def start(self, group: Group) -> Greenlet:
        """As Locust's own, without a set of tasks to choose from: memory is what many users are short of."""
        self._greenlet = group.spawn(_carry, self)
        self._group = group
        return self._greenlet

    @task
    def live(self) -> None:
        """Locust wants a task to be named; `start` does nothing else."""
        if getattr(self, "worker", None) is None:  # nobody may be let loose
            raise StopUser
        number = self.numbers.take(self.population)
        if number is None or self.worker.leaving:  # more users asked for than there are mailboxes
            raise StopUser
        client: Client | None = None
        try:
            order = self.worker.order
            index = number - self.numbers.firsts[self.population]
            accounts = order.assignments[self.population][index]
            client, flow = start_user(self.worker, number, self.population, accounts)
            if len(accounts) == 1:
                self.worker.homes[client] = (accounts[0].node or accounts[0].home).upper()
            client.run(flow, "user")
            Waiter().get()  # until Locust takes the user away; its flow may be over before
        finally:
            if client is not None:
                self.worker.let_go(client)
            self.numbers.give(self.population, number)


def _carry(user: ExsimUser) -> None:
    """A user's greenlet; Locust finds the user as its first argument."""
    user._state = LOCUST_STATE_RUNNING
    with contextlib.suppress(GreenletExit, StopUser):
        user.live()


def user_classes(order: Order) -> list[type[ExsimUser]]:
    """One Locust class for each population, with a fixed number of users; `employ` gives them work."""
    return [
        type(
            f"{population.protocol.capitalize()}{population.mailbox}Population{index}",
            (ExsimUser,),
            {
                "abstract": False,
                "population": index,
                "fixed_count": len(order.assignments[index]),
                "host": order.url,
                "__doc__": f"{population.users} users of {population.mailbox} mailboxes.",
            },
        )
        for index, population in enumerate(order.population)
    ]


def employ(classes: Iterable[type[ExsimUser]], worker: Worker) -> None:
    """From now on the users of `classes` are the worker's."""
    numbers = Numbers(worker.order)
    for one in classes:
        one.worker, one.numbers = worker, numbers


def dismiss(classes: Iterable[type[ExsimUser]]) -> None:
    """Whoever is spawned from now on has nothing to do."""
    for one in classes:
        if "worker" in vars(one):
            del one.worker
