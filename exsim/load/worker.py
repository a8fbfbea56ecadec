"""One worker's load: its world, its history, its clients, and why it is to stop."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent import Greenlet
from gevent.event import Event
from gevent.threadpool import ThreadPool

from exsim.drive.driver import Client, Identity
from exsim.drive.evidence import CookieHasher
from exsim.drive.gate import Gate
from exsim.drive.hub import HubWorld, stamper
from exsim.drive.pace import pace_a_minute, pace_of
from exsim.drive.task import Task
from exsim.load.live import tell
from exsim.load.recorder import Recorder
from exsim.load.targets import targets_of
from exsim.protocols import PROTOCOLS
from exsim.protocols.flow import Flow, Request, Response
from exsim.runs.addresses import expanded, places
from exsim.runs.dice import Source
from exsim.runs.history import HistoryWriter
from exsim.runs.incident_history import IncidentHistory
from exsim.runs.made import NAME as LEDGER
from exsim.runs.made import Entry, Ledger
from exsim.runs.order import Order
from exsim.runs.own_logon import OWN_LOGON_FAILED, load_own_logon
from exsim.runs.parts import compress, name_of
from exsim.session.attempts import REFUSED, Attempts
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Mark
from exsim.session.packed import Passing
from exsim.session.records import Finding

ENOUGH = "everything that was asked has been met"
NO_ROOM = "its history could not be written"
# Of a file that had no room: a full disk, a quota, a limit of the process, a disk that broke
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
MOST_REFUSED = 2  # accounts; the second ends the run
CLEANED_UP = frozenset({"owa"})  # protocols whose creations stand in the ledger
Leaving = Callable[[], Flow[Any]]
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
        name = name_of(order.worker, order.phase)
        path = Path(order.directory) / "history" / f"{name}.jsonl"
        # A thread of gevent's own: one of `threading` is a greenlet here, and would hold the hub up
        self.compressing = ThreadPool(1)
        self.unwritten = ""  # what there was no room for, and why
        full = partial(self.compressing.spawn, compress)
        self.history = history_for(order, path, full, self.no_room)
        self.recorder = Recorder(self.history, detector_for(order))
        self.own_logon = (
            load_own_logon(order.logon, Path(order.logon_folder)) if order.logon else None
        )
        self.resting = dict(order.resting)  # account -> why it is never tried again
        self.gate = None if order.lab else gate_for(order, self.world, self.rested)
        if self.gate is None:
            self.recorder.on_refusal = lambda account: self.rested(account, REFUSED)
        else:
            self.recorder.on_lost = self.gate.attempts.lost
        self.recorder.detector.on_wrong_mailbox(self.crossed)
        self.source = Source(order.seed)
        self.ids = self.source.request_ids(order.worker)
        self.sources = expanded(order.load.source_addresses)
        self.accounts = frozenset(
            [account.address for users in order.assignments for user in users for account in user]
            + [account.address for account in order.spare]
        )
        self.ledger = Ledger(Path(order.directory) / LEDGER)
        self.clients: dict[Client, Leaving | None] = {}  # and how it gives its session back
        self.homes: dict[Client, str] = {}  # where the mailbox lives, of users that have one only
        self.settings: dict[int, Any] = {}  # population -> its users', where they are all alike
        self._observers: dict[str, Callable[[Request, Response], Evidence]] = {}
        self.leaving = False  # nobody comes any more
        self.waits_until = 0.0  # the run's time at which there is room for logons
        self.on_load: list[Callable[[], None]] = []  # who measures from the load's begin on
        self.beside: Greenlet | None = None  # control sessions that go on while the load does

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
            allowed_writes=allowed_writes(order, protocol),
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
        client.enter_in_ledger = self.enter_in_ledger
        self.clients[client] = None
        if self.gate is not None:
            self.gate.follow(client)
        self.recorder.follow(client)
        return client

    def enter_in_ledger(self, request: Request) -> None:
        """What is about to be made: in the file, and on the disk, before it is."""
        what, _, name = request.makes.partition(" ")
        utc = self.stamp(self.world.now())
        self.ledger.enter(Entry(request.account, what, name, utc))

    def observer(self, protocol: str) -> Callable[[Request, Response], Evidence]:
        found = self._observers.get(protocol)
        if found is None:
            observe, accounts = PROTOCOLS[protocol].observe, self.accounts
            found = self._observers[protocol] = lambda asked, said: observe(asked, said, accounts)
        return found

    def wait_for(self, task: Task, limit: float) -> None:
        """Until a task is done, the run comes to its end, or `limit` seconds are over."""
        if not task.done:
            over = Event()
            task.waiters.append(over.set)
            gevent.wait([over, self.stopping], timeout=limit, count=1)

    def let_go(self, client: Client) -> None:
        """A client is done: what it has in flight is abandoned, its connections are closed."""
        client.stop()
        self.clients.pop(client, None)
        self.homes.pop(client, None)

    def let_pace_pass(self) -> None:
        """What the phase before sent in its last moment counts, too: never more than so many in any second."""
        if self.gate is not None and self.gate.requests is not None:
            self.stopping.wait(self.gate.requests.period)

    def make_room(self, logons: int) -> None:
        """Wait until so many may log on at once.

        Who waits at the gate instead is a session that has begun: its own limit runs, and the load's time.
        """
        pace = self.gate.logons if self.gate is not None else None
        while pace is not None and not self.stopping.is_set():
            now = self.world.now()
            self.waits_until = pace.free(now, logons)
            if self.waits_until <= now:
                return
            self.stopping.wait(self.waits_until - now)
        self.waits_until = 0.0

    def logons(self) -> tuple[float, ...]:
        """When it logged on in the last minute, for the pace of the next phase."""
        if self.gate is None or self.gate.logons is None:
            return ()
        return self.gate.logons.lately(self.world.now())

    def mark(self, what: str, **facts: Any) -> None:
        """A line of the run's own in the history."""
        now = self.world.now()
        self.recorder.take(Mark(utc=self.stamp(now), t=round(now, 6), what=what, facts=facts))

    def stop(self, why: str) -> None:
        """End soon: the first reason counts."""
        if not self.stopping.is_set():
            self.why = why
            self.stopping.set()

    def enough(self) -> None:
        """Everything that was asked has been met: end when what goes on beside the load is over, too."""
        gevent.spawn(self._enough)

    def _enough(self) -> None:
        if self.beside is not None:
            gevent.wait([self.beside, self.stopping], count=1)
        self.stop(ENOUGH)

    def stop_by_rule(self, why: str) -> None:
        """A stop rule holds: the run ends, and says so."""
        if not self.stopping.is_set():
            self.by_rule = True
            tell("rule", why=why)
        self.stop(why)

    def rested(self, account: str, why: str) -> None:
        """An account is asked no more.  Two of them end the run: real accounts lock out."""
        if account in self.resting:
            return
        self.resting[account] = why
        self.mark("account_rests", account=account, why=why)
        tell("rests", account=account, why=why)
        if len(self.resting) >= MOST_REFUSED:
            self.stop_by_rule(resting_sentence(self.resting))

    def crossed(self, finding: Finding) -> None:
        """An answer named another user's mailbox: nobody should go on measuring that, unless told to."""
        if self.order.load.stop_at_wrong_mailbox or not self.order.lab:
            where = f" by {finding.front_end}" if finding.front_end else ""
            self.stop_by_rule(f"an answer{where} came from another user's mailbox")

    def no_room(self, problem: OSError) -> None:
        """What this worker sees can be written no more: what it wrote until now counts."""
        if not self.unwritten:
            self.unwritten = f"{Path(problem.filename or 'a file').name}: {problem.strerror}"
            tell("unwritten", why=self.unwritten)
        self.stop(NO_ROOM)

    def crashed(self, error: Exception) -> None:
        """A flow of ours raised: the run ends with 70, and says where."""
        if isinstance(error, OSError) and error.errno in FULL:
            self.no_room(error)
            return
        blamed = self.own_logon.blame(error) if self.own_logon is not None else ""
        if blamed:  # the user's own flow: his to mend, and what it says may hold a password
            self.mark(OWN_LOGON_FAILED, why=blamed)
            self.stop(blamed)
            return
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
        self.ledger.close()


def history_for(
    order: Order,
    path: Path,
    full: Callable[[Path], object],
    failed: Callable[[OSError], object],
) -> HistoryWriter:
    """The history in the form that the scenario wants; phases beside the load are short, and told in full."""
    if order.load.history == "incidents" and order.phase == "main":
        clear = [order.lb_cookie] if order.lb_cookie else []
        return IncidentHistory(path, full=full, clear=clear, failed=failed)
    return HistoryWriter(path, full=full, failed=failed)


def allowed_writes(order: Order, protocol: str) -> frozenset[str]:
    """What a client may change: on a target only what the clean-up finds again."""
    if order.lab or (order.writes in OWN_MAILBOX and protocol in CLEANED_UP):
        return OWN_MAILBOX
    return frozenset()


def gate_for(order: Order, world: HubWorld, rested: Callable[[str, str], None]) -> Gate:
    """What stands before the wire where accounts lock out and servers suffer."""
    limits = order.limits
    attempts = Attempts(limits.attempts)
    for account, why in order.resting.items():
        attempts.rest(account, why)
    now = world.now()
    before = [min(at, now) for at in order.logons]  # a clock that was set back holds nobody up
    return Gate(
        world,
        attempts,
        pace_of(limits.requests_per_second),
        pace_a_minute(limits.logons_per_minute, before),
        rested,
    )


def resting_sentence(resting: Mapping[str, str]) -> str:
    """Why two accounts that rest end the run."""
    if all("password is refused" in why or why == REFUSED for why in resting.values()):
        return f"{len(resting)} accounts were refused (wrong password or locked)"
    return (
        f"{len(resting)} accounts are asked no more: {'; '.join(dict.fromkeys(resting.values()))}"
    )


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
        hosts=[urlsplit(order.url).netloc, *order.hosts],
        sessions=Passing(),
        findings=False,
    )
