"""Locust users made from the scenario: each is one browser or phone that runs its protocol's flow.

Locust decides when a user comes and goes; what it does is the flow's, and what happened is written by the
driver.  A user's greenlet only waits for its flow to end.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from gevent.event import Event
from locust import User, constant, task
from locust.exception import StopUser

from exsim.drive.driver import Client
from exsim.load.worker import Worker
from exsim.protocols import PROTOCOLS
from exsim.protocols.flow import Flow
from exsim.runs.order import Order


class Numbers:
    """Which users a population has, and which of them are free: a mailbox is never in two browsers."""

    def __init__(self, order: Order) -> None:
        self.free: list[deque[int]] = []
        first = 1 + order.worker * 100_000
        for users in order.assignments:
            self.free.append(deque(range(first, first + len(users))))
            first += len(users)
        self.firsts = [numbers[0] if numbers else 0 for numbers in self.free]

    def take(self, population: int) -> int | None:
        free = self.free[population]
        return free.popleft() if free else None

    def give(self, population: int, number: int) -> None:
        self.free[population].append(number)


class ExsimUser(User):  # type: ignore[misc]  # Locust's own types are partial
    """One browser or phone.  Subclasses are made by `user_classes`, one for each population."""

    abstract = True
    wait_time = constant(0)
    worker: Worker
    numbers: Numbers
    population = 0

    @task  # type: ignore[untyped-decorator]
    def live(self) -> None:
        number = self.numbers.take(self.population)
        if number is None:  # more users asked for than there are mailboxes
            raise StopUser
        client = None
        try:
            client, flow = self.browser(number)
            over = Event()
            running = client.run(flow, "user")
            if not running.done:
                running.waiters.append(over.set)
                over.wait()
            Event().wait()  # the user stays, idle, until Locust takes it away
        finally:
            if client is not None:
                self.worker.let_go(client)
            self.numbers.give(self.population, number)

    def browser(self, number: int) -> tuple[Client, Flow[None]]:
        """The client of user `number`, and what it is going to do."""
        worker, order = self.worker, self.worker.order
        population = order.population[self.population]
        accounts = order.assignments[self.population][number - self.numbers.firsts[self.population]]
        protocol = PROTOCOLS[population.protocol]
        client = worker.client(number, population.protocol, population.session.connections)
        client.mark(
            "user",
            {
                "account": accounts[0].address,
                "home": population.mailbox,
                "protocol": population.protocol,
                "population": self.population,
                "private": population.session.private,
            },
        )
        flow = protocol.live(
            population=population,
            index=self.population,
            accounts=accounts,
            host=client_host(order),
            hosts=order.hosts,
            dice=worker.source.dice("user", number),
        )
        return client, flow


def client_host(order: Order) -> str:
    """Host (and port, where it is not 443) of the scenario's URL."""
    return order.url.partition("//")[2].partition("/")[0].removesuffix(":443")


def user_classes(worker: Worker, **more: Any) -> list[type[ExsimUser]]:
    """One Locust class for each population, with a fixed number of users."""
    numbers = Numbers(worker.order)
    return [
        type(
            f"{population.protocol.capitalize()}{population.mailbox}Population{index}",
            (ExsimUser,),
            {
                "abstract": False,
                "worker": worker,
                "numbers": numbers,
                "population": index,
                "fixed_count": len(worker.order.assignments[index]),
                "host": worker.order.url,
                "__doc__": f"{population.users} users of {population.mailbox} mailboxes.",
                **more,
            },
        )
        for index, population in enumerate(worker.order.population)
    ]
