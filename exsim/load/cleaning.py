"""The phase of `exsim cleanup`: the mailboxes of the order's spare accounts, one after the other."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from exsim.load.live import tell
from exsim.load.lives import agent, login
from exsim.load.worker import Worker
from exsim.protocols.owa.cleanup import Cleaned, clean
from exsim.runs.accounts import Account

USERS = 50_001  # where their numbers in the history begin
LIMIT = 120.0  # seconds for one mailbox


def clean_up(worker: Worker) -> None:
    """Clean each mailbox; what came of it is told."""
    for number, account in enumerate(worker.order.spare):
        if worker.stopping.is_set():
            return
        tell("cleaned", **asdict(_clean(worker, USERS + number, account)))


def _clean(worker: Worker, user: int, account: Account) -> Cleaned:
    client = worker.client(user, "owa", 1)
    client.mark("user", {"account": account.address, "home": account.home, "protocol": "owa"})
    signed = Path(worker.order.directory).name
    try:
        flow = clean(agent(worker, user, account), login(account), signed)
        task = client.run(flow, "cleanup")
        worker.wait_for(task, LIMIT)
        if isinstance(task.result, Cleaned):
            return task.result
        return Cleaned(account.address, problem=worker.why or f"no end after {LIMIT:.0f} s")
    finally:
        worker.let_go(client)
