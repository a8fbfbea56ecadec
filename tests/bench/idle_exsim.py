"""Parked users in one load process: exsim's own worker and Locust's spawning; run by `tests.bench.idle`.

Each user is a client of its own, as in a run, that is past its logon and does nothing but wait: a telephone in its
Ping, or a page in its notification channel.  Prints the resident memory before the first user; then runs until it is
told to end.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import gevent

from exsim.load.__main__ import lifeline_of
from exsim.load.spawn import main_phase
from exsim.load.worker import Worker
from exsim.protocols import PROTOCOLS, session_mark
from exsim.protocols.activesync import fetching, waiting
from exsim.protocols.activesync.device import new_device
from exsim.protocols.activesync.phone import Phone
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Request
from exsim.protocols.negotiate import Signer
from exsim.protocols.owa.notifications import listen
from exsim.protocols.owa.page import Page
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.garbage import collect_seldom
from exsim.runs.order import Order
from exsim.runs.sections import Expect, Load, Node, Population, Session
from exsim.wire.names import LOGON_POST

HOURS = 3600.0 * 12


def phone(client: Agent, account: Account, settings: Any) -> Flow[None]:
    """A telephone that is signed in and has fetched everything, and waits."""
    device = new_device(account.address, settings)
    device.folders, device.version, device.policy_key = ["1", "2", "3"], "14.1", 1
    client.number, client.account = 1, account
    signer = Signer(account, settings.authentication, preemptive=settings.preemptive)
    one = Phone(client, account, settings, signer, device, 1)
    yield session_mark.logon(1, account, settings)
    yield from fetching.sync(one, device.folders)  # "nothing has changed": a session has begun
    while True:
        yield from waiting.wait(one)


def page(client: Agent, account: Account, settings: Any) -> Flow[None]:
    """A page that has started, and listens; what a logon brings it does not have."""
    client.number, client.account = 1, account
    yield session_mark.logon(1, account, settings)
    yield from listen(Page(client, account, settings, 1))


def logged_on_page(client: Agent, account: Account, settings: Any) -> Flow[None]:
    """The same with a logon's cookies, two kilobytes of them, and its session followed."""
    client.number, client.account = 1, account
    yield session_mark.logon(1, account, settings)
    form = b"destination=https%3A%2F%2Fmail.example%2Fowa%2F&flags=4&username=a&password=b"
    asked = Request("POST", LOGON_POST, (), form, "logon", 1, account.address)
    yield from client.send(asked)  # its answer brings the cookies, and a session has begun
    yield from listen(Page(client, account, settings, 1))


FLOWS = {"activesync": phone, "owa": page, "owa-logged-on": logged_on_page}


def order(options: argparse.Namespace, folder: Path) -> Order:
    """So many users of one protocol, all at once as Locust spawns them."""
    node = Node("EX16-01", "2016")
    accounts = lab_accounts(options.users, list(islice(cycle([node]), options.users)), Source(7))
    return Order(
        scenario="idle",
        seed=7,
        population=(
            Population(
                mailbox="2016", users=options.users, protocol=options.protocol, session=Session()
            ),
        ),
        load=Load(duration=HOURS, spawn_rate=options.spawn_rate, control=0),
        expect=Expect(),
        directory=str(folder),
        url=f"{options.scheme}://mail.example",
        address=f"127.0.0.1:{options.port}",
        started=0.0,
        salt="00" * 16,
        assignments=(tuple((account,) for account in accounts),),
        versions={"EX16-01": "2016"},
        insecure=True,
        lab=True,
    )


def resident() -> int:
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--scheme", default="http")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--spawn-rate", type=float, default=1000.0)
    parser.add_argument("--protocol", choices=FLOWS, default="activesync")
    options = parser.parse_args()
    flow, options.protocol = FLOWS[options.protocol], options.protocol.partition("-")[0]
    PROTOCOLS[options.protocol] = replace(PROTOCOLS[options.protocol], flow=flow)
    with tempfile.TemporaryDirectory(prefix="exsim-bench-idle-") as place:
        worker = Worker(order(options, Path(place)))
        lifeline_of(worker)
        gevent.spawn(_flush, worker)
        collect_seldom()
        print(resident(), flush=True)
        main_phase(worker)
        worker.close()


def _flush(worker: Worker) -> None:
    """As in a run: a second is the most that the history holds back."""
    while True:
        gevent.sleep(1.0)
        worker.history.flush()


if __name__ == "__main__":
    main()
