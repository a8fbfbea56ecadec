"""One worker's load: its world, its history, its clients, and why it is to stop."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gevent.event import Event
from gevent.threadpool import ThreadPool

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.hub import HubWorld, stamper
from exsim.load.recorder import Recorder
from exsim.load.targets import targets_of
from exsim.protocols import PROTOCOLS
from exsim.protocols.flow import Request, Response
from exsim.runs.addresses import expanded, places
from exsim.runs.dice import Source
from exsim.runs.history import HistoryWriter
from exsim.runs.order import Order
from exsim.runs.parts import compress
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Mark
from exsim.session.records import Finding

MOST_REFUSED = 2  # accounts; the second ends the run
OWN_MAILBOX = frozenset({"own-mailbox"})  # what a client may write, where the mailboxes are made up


class Worker:
    """Everything that one load process has.  `stopping` is set when it is to end, `why` says for what."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.stopping = Event()
        self.why = ""
        self.by_rule = False  # a stop rule ended it, nobody's signal
        self.crash: Exception | None = None
        self.world = HubWorld(targets_of(order), order.started, order.time_scale, self.crashed)
        self.stamp = stamper(order.started)
        name = f"w{order.worker}" + ("" if order.phase == "main" else f"-{order.phase}")
        path = Path(order.directory) / "history" / f"{name}.jsonl"
        # A thread of gevent's own: one of `threading` is a greenlet here, and would hold the hub up
        self.compressing = ThreadPool(1)
        self.history = HistoryWriter(path, full=partial(self.compressing.spawn, compress))
        self.recorder = Recorder(self.history, detector_for(order))
        self.recorder.on_refusal = self.refused
        self.recorder.detector.on_wrong_mailbox(self.crossed)
        self.resting: set[str] = set()  # accounts whose password was refused: never tried again
        self.source = Source(order.seed)
        self.ids = self.source.request_ids(order.worker)
        self.sources = expanded(order.load.source_addresses)
        self.accounts = frozenset(
            [account.address for users in order.assignments for user in users for account in user]
            + [account.address for account in order.spare]
        )
        self.clients: set[Client] = set()

    def client(self, user: int, protocol: str, connections: int, control: bool = False) -> Client:
        """A browser or phone of its own: pool, ids, sink.  `user` is its number in the history.

        `control`: all that it does is evidence.
        """
        order = self.order
        identity = Identity(
            user=user,
            protocol=protocol,
            connections=connections,
            source=self.sources[user % len(self.sources)] if self.sources else "",
            control=control,
            allowed_writes=OWN_MAILBOX if order.lab else frozenset(),
        )
        clear = frozenset([order.lb_cookie] if order.lb_cookie else [])
        client = Client(
            self.world,
            identity,
            self.observer(protocol),
            self.recorder.take,
            self.ids,
            CookieHasher(bytes.fromhex(order.salt), clear),
            self.stamp,
        )
        self.clients.add(client)
        self.recorder.follow(client)
        return client

    def observer(self, protocol: str) -> Callable[[Request, Response], Evidence]:
        observe, accounts = PROTOCOLS[protocol].observe, self.accounts
        return lambda request, response: observe(request, response, accounts)

    def let_go(self, client: Client) -> None:
        """A client is done: what it has in flight is abandoned, its connections are closed."""
        client.stop()
        self.clients.discard(client)

    def mark(self, what: str, **facts: Any) -> None:
        """A line of the run's own in the history."""
        now = self.world.now()
        self.recorder.take(Mark(utc=self.stamp(now), t=round(now, 6), what=what, facts=facts))

    def stop(self, why: str) -> None:
        """End soon: the first reason counts."""
        if not self.stopping.is_set():
            self.why = why
            self.stopping.set()

    def refused(self, account: str) -> None:
        """A password was refused.  Two of them end the run: real accounts lock out."""
        self.resting.add(account)
        if len(self.resting) >= MOST_REFUSED:
            self.stop(f"{len(self.resting)} accounts were refused (wrong password or locked)")
            self.by_rule = True

    def crossed(self, finding: Finding) -> None:
        """An answer named another user's mailbox: nobody should go on measuring that, unless told to."""
        if self.order.load.stop_at_wrong_mailbox:
            where = f" by {finding.front_end}" if finding.front_end else ""
            self.stop(f"an answer{where} came from another user's mailbox")
            self.by_rule = True

    def crashed(self, error: Exception) -> None:
        """A flow of ours raised: the run ends with 70, and says where."""
        if self.crash is None:
            self.crash = error
            traceback.print_exception(error)
        self.stop("crash")

    def close(self) -> None:
        """Abandon what is in flight, and let no line be lost."""
        for client in list(self.clients):
            self.let_go(client)
        self.history.close()
        self.compressing.join()


def detector_for(order: Order) -> Detector:
    """The live detector, with the same expectations as the one that judges afterwards."""
    return Detector(
        public_timeout=order.expect.public_timeout,
        private_timeout=order.expect.private_timeout,
        time_scale=order.time_scale,
        attribution=Attribution(
            order.lb_servers,
            lb_cookies=[order.lb_cookie] if order.lb_cookie else [],
            lb_values=order.lb_values,
            addresses=places(order.nodes),
            distrusted=order.distrusted,
        ),
    )
