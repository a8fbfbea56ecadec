"""Sessions that the run itself puts somewhere: at each node as a control, or across combinations.

Control sessions show that each node works alone; they are never counted.  Steered ones give hazards, not
shares of users: they are marked `forced`, and never enter what a scenario allows to be lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from functools import partial

import gevent
from gevent.pool import Pool

from exsim.drive.driver import Client
from exsim.load.leaving import leave
from exsim.load.lives import agent, login, settings_of, start_user
from exsim.load.worker import Worker
from exsim.protocols import PROTOCOLS
from exsim.protocols.flow import Flow
from exsim.protocols.owa.forced import force
from exsim.protocols.owa.way import Farm
from exsim.runs.accounts import Account
from exsim.runs.order import Combination, Order

CONTROL_USERS, STEERED_USERS = 10_001, 20_001  # where their numbers in the history begin
CONTROL_POLLS, CONTROL_THINK = 6, 0.3
CONTROL_OTHERS, CONTROL_LIMIT = 1, 15.0  # beside OWA: sessions at each node, and seconds for one
AT_ONCE = 6  # sessions of one phase side by side
PROOF_LIMIT, PROOF_LOOKS = 5.0, 100  # seconds for a proof that is under way, and looks at it
LOOK = 0.02  # seconds between two looks for a free mailbox
LIMIT = 60.0  # seconds for one of them; an answer that never comes must not hold the run

Begin = Callable[[Account], tuple[Client, Flow[object]]]


def farm_of(order: Order) -> Farm:
    """What is known of the nodes and of the balancer before them."""
    nodes = tuple(order.versions) or tuple(order.nodes)
    values = {node: value for value, node in order.lb_values.items()}
    return Farm(
        nodes,
        tuple(order.nodes),
        order.lb_cookie,
        order.lb_servers,
        values,
        frozenset(order.distrusted),
    )


def control_sessions(worker: Worker) -> None:
    """A few sessions at each node by itself, whose own addresses are known."""
    order = worker.order
    wanted: list[tuple[int, str]] = []
    for protocol, index in controlled(order).items():
        often = order.load.control if protocol == "owa" else min(order.load.control, CONTROL_OTHERS)
        wanted += [(index, node) for _ in range(often) for node in order.nodes]
    jobs = [
        ("", partial(_control, worker, CONTROL_USERS + number, index, node))
        for number, (index, node) in enumerate(wanted)
    ]
    _carry_out(worker, jobs)


def controlled(order: Order) -> dict[str, int]:
    """Protocol -> the population whose client goes to each node by itself; strangers do not."""
    found: dict[str, int] = {}
    for index, one in enumerate(order.population):
        if one.client is None or one.client.authentication != "none":
            found.setdefault(one.protocol, index)
    return found


def _control(
    worker: Worker, user: int, index: int, node: str, account: Account
) -> tuple[Client, Flow[object]]:
    return start_user(
        worker,
        user,
        index,
        (account,),
        origin=node,
        control=True,
        logons=1,
        polls=CONTROL_POLLS,
        think=CONTROL_THINK,
        relogin_after=None,
        keep_alive=None,
    )


def steered_sessions(worker: Worker) -> None:
    """One session for each combination of the order, as often as it stands there."""
    first = STEERED_USERS + worker.order.worker * 100_000
    if all(one.protocol != "owa" for one in worker.order.population):
        return  # only a browser's cookies can be carried across
    jobs = [
        (wanted.home, partial(_steered, worker, first + number, wanted))
        for number, wanted in enumerate(worker.order.combinations)
    ]
    _carry_out(worker, jobs)


def _steered(
    worker: Worker, user: int, wanted: Combination, account: Account
) -> tuple[Client, Flow[object]]:
    population = next(one for one in worker.order.population if one.protocol == "owa")
    settings = settings_of(population, (account,), forced=True)
    client = worker.client(user, population.protocol, settings.connections)
    client.mark(
        "user",
        {"account": account.address, "home": account.home, "protocol": population.protocol},
    )
    browser = agent(worker, user, account)
    give_back = PROTOCOLS[population.protocol].give_back
    if give_back is not None:
        worker.clients[client] = partial(give_back, browser, login(account), settings)
    flow = force(
        browser, login(account), settings, wanted.login, wanted.serving, farm_of(worker.order)
    )
    return client, flow


class Lender:
    """Mailboxes that nobody else uses: each is lent to one session at a time.

    One whose password was refused rests: it is not lent again.
    """

    def __init__(self, accounts: Sequence[Account], resting: Container[str]) -> None:
        self.free: list[Account] = list(accounts)
        self.lent: list[Account] = []
        self.resting = resting

    def take(self, home: str, limit: float) -> Account | None:
        """A free account whose mailbox lives at `home` (a node, a version, or "": any).

        Waits `limit` seconds for one that is lent; None in vain, and at once where there is none at all.
        """
        end = time.monotonic() + limit
        while True:
            for account in self.free:
                if fits(account, home):
                    self.free.remove(account)
                    self.lent.append(account)
                    return account
            left = end - time.monotonic()
            if left <= 0 or not any(fits(account, home) for account in self.lent):
                return None
            gevent.sleep(min(left, LOOK))

    def give(self, account: Account) -> None:
        self.lent.remove(account)
        if account.address not in self.resting:
            self.free.append(account)


def fits(account: Account, home: str) -> bool:
    """Whether a mailbox lives at `home`: a node, a version, or "" for anywhere."""
    return not home or home in (account.node, account.home)


def _carry_out(worker: Worker, jobs: Sequence[tuple[str, Begin]]) -> None:
    """Run each job with a mailbox of its home, some of them side by side."""
    lender = Lender(worker.order.spare, worker.resting)
    pool: Pool = Pool(AT_ONCE)
    for home, begin in jobs:
        pool.wait_available()
        worker.make_room(len(pool) + 1)
        if worker.stopping.is_set():
            break
        pool.spawn(_one, worker, lender, home, begin)
    pool.join()


def _one(worker: Worker, lender: Lender, home: str, begin: Begin) -> None:
    account = lender.take(home, LIMIT)
    if account is None:
        worker.mark("no_account", home=home)  # what was not met stays not met
        return
    client, flow = begin(account)
    try:
        task = client.run(flow, "steered")
        worker.wait_for(task, LIMIT if client.identity.protocol == "owa" else CONTROL_LIMIT)
        _let_proofs_end(worker, client)
    finally:
        leave(worker, [client])
        worker.let_go(client)
        lender.give(account)


def _let_proofs_end(worker: Worker, client: Client) -> None:
    """A session that was just lost may still be shown, as a copy, to the nodes."""
    for _ in range(PROOF_LOOKS):
        if not client.tasks or worker.stopping.is_set():
            return
        gevent.sleep(PROOF_LIMIT / PROOF_LOOKS)
