"""The end of a run on a target: live sessions are given back, because somebody else's servers hold them.

In the lab they are left as they are: a session alive at the end has survived.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import gevent
from gevent.event import Event

from exsim.drive.driver import Client
from exsim.load.worker import Worker

LIMIT = 10.0  # seconds, for all of them together


def leave(worker: Worker, clients: Iterable[Client] | None = None) -> None:
    """Stop what `clients` (all of them) do, and log their live sessions off, side by side."""
    if clients is None:
        worker.leaving = True
        clients = list(worker.clients)
    if worker.order.lab:
        return
    waiting: list[Event] = []
    for client in clients:
        give_back = worker.clients.get(client)
        if give_back is None:
            continue
        for task in list(client.tasks):
            task.stop()
        over = Event()
        task = client.run(give_back(), "leaving")
        if not task.done:
            task.waiters.append(over.set)
            waiting.append(over)
    gevent.wait(waiting, timeout=LIMIT)
    if waiting:
        left = sum(over.is_set() for over in waiting)
        worker.mark("logged_off", sessions=left, unanswered=len(waiting) - left)


def send_away(worker: Worker, home: str) -> None:
    """Let the users go whose mailbox lives at `home`: every combination that they can meet was met.

    Side by side with everything else; a session that is alive has survived, as at the end of a run.
    """
    clients = [client for client, at in worker.homes.items() if at == home]
    worker.mark("met", home=home, users=len(clients))
    gevent.spawn(_send_away, worker, clients)


def _send_away(worker: Worker, clients: Sequence[Client]) -> None:
    leave(worker, clients)
    for client in clients:
        worker.let_go(client)
