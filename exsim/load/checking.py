"""The first phase of every run on a target: each account once, one after the other, before any load.

The second refused account ends the run, and so does whatever is not Exchange's own forms logon.
"""

from __future__ import annotations

from collections.abc import Iterator

from exsim.load.live import tell
from exsim.load.lives import agent, login
from exsim.load.worker import Worker
from exsim.protocols import PROTOCOLS
from exsim.protocols.checked import ERROR, OF_THE_ACCOUNT, REFUSED, Checked
from exsim.runs.accounts import Account
from exsim.runs.order import Order

USERS = 40_001  # where their numbers in the history begin
LIMIT = 120.0  # seconds for one account


def accounts_of(order: Order) -> Iterator[tuple[str, Account]]:
    """Every account that the run may use, once, with the protocol that it is for; spare ones last."""
    for population, users in zip(order.population, order.assignments, strict=True):
        for user in users:
            yield from ((population.protocol, account) for account in user)
    yield from ((order.population[0].protocol, account) for account in order.spare)


def check_accounts(worker: Worker) -> None:
    """Check them in sequence; each leaves a mark "account_checked"."""
    for number, (protocol, account) in enumerate(accounts_of(worker.order)):
        if worker.stopping.is_set():
            return
        checked = _check(worker, USERS + number, protocol, account)
        facts = {name: getattr(checked, name) for name in checked.__dataclass_fields__}
        worker.mark("account_checked", user=USERS + number, **facts)
        tell("checked", **facts)
        if checked.status not in OF_THE_ACCOUNT:
            worker.stop(checked.sentence)


def _check(worker: Worker, user: int, protocol: str, account: Account) -> Checked:
    client = worker.client(user, protocol, 1)
    client.mark("user", {"account": account.address, "home": account.home, "protocol": protocol})
    try:
        flow = PROTOCOLS[protocol].check(
            agent(worker, user, account), login(account, worker.own_logon)
        )
        task = client.run(flow, "check")
        worker.wait_for(task, LIMIT)
        if isinstance(task.result, Checked):
            return task.result
        if (
            account.address in worker.resting
        ):  # it was the second one, and ended the run before its check was over
            return Checked(account.address, REFUSED)
        return Checked(account.address, ERROR, worker.why or f"no end after {LIMIT:.0f} s")
    finally:
        worker.let_go(client)
