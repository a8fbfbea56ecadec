"""Locust users made from the scenario: each is one browser or phone that runs its protocol's flow.

Locust decides when a user comes and goes; what it does is the flow's, and what happened is written by the
driver.  A user has no greenlet that runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from gevent import Greenlet, GreenletExit, get_hub
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
    client: Client | None = None
    number: int | None = None  # while it has one

    def start(self, group: Group) -> Greenlet:
        """As Locust's own, without a greenlet that runs: memory is what many users are short of."""
        presence = Presence(self)
        self._greenlet, self._group = presence, group
        group.add(presence)
        get_hub().loop.run_callback(self._come, presence)
        return presence

    @task
    def live(self) -> None:
        """Locust wants a task to be named; `start` never gets to it."""
        raise StopUser

    def _come(self, presence: Presence) -> None:
        if presence.dead:  # sent away before it came
            return
        self._state = LOCUST_STATE_RUNNING
        came = False
        try:
            came = self._begin()
        finally:
            if not came:
                presence.kill(block=False)

    def _begin(self) -> bool:
        """The browser or phone, and its flow; False where more users are asked for than there are mailboxes."""
        worker = getattr(self, "worker", None)
        if worker is None or worker.leaving:  # nobody may be let loose
            return False
        number = self.number = self.numbers.take(self.population)
        if number is None:
            return False
        index = number - self.numbers.firsts[self.population]
        accounts = worker.order.assignments[self.population][index]
        self.client, flow = start_user(worker, number, self.population, accounts)
        if len(accounts) == 1:
            worker.homes[self.client] = (accounts[0].node or accounts[0].home).upper()
        self.client.run(flow, "user")  # may be over at once: the user stays until Locust takes it
        return True

    def leave(self) -> None:
        """Locust takes the user away.  A second call does nothing."""
        client, number, self.client, self.number = self.client, self.number, None, None
        try:
            worker = getattr(self, "worker", None)  # None: it has ended, and let go of everybody
            if client is not None and worker is not None:
                worker.let_go(client)
        finally:
            if number is not None:
                self.numbers.give(self.population, number)


class Presence(Greenlet):  # type: ignore[misc]  # gevent says nothing of its type
    """A user as Locust knows it: among its greenlets until it is killed.  It never runs.

    One that had run and waits would keep six kilobytes of stacks: its own and Python's.  Locust kills users one
    by one, by this method; `gevent.killall` would go past it.
    """

    def __init__(self, user: ExsimUser) -> None:
        super().__init__(None, user)  # Locust finds the user as the first argument

    def kill(
        self,
        exception: type[BaseException] | BaseException = GreenletExit,
        block: bool = True,
        timeout: float | None = None,
    ) -> None:
        try:
            for user in self.args:  # none any more once it was killed
                user.leave()
        finally:
            super().kill(exception, block, timeout)


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
