"""The worker's side: one load process here, for a master elsewhere who gets everything that it writes.

The directory that the load writes into is temporary; what is in it reaches the master each second, before the news of
that second.  When the master goes away, so does the load.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from types import FrameType

import msgspec

import exsim
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.far import (
    DATA,
    END,
    EVENT,
    FILES,
    HELLO,
    INPUT,
    ORDER,
    SYSTEM,
    Ended,
    FarOrder,
    Hello,
    Piece,
    Place,
)
from exsim.conduct.loading import LOOK, Event, Load
from exsim.conduct.patience import Patience
from exsim.drive.channel import Channel, ChannelError, connected
from exsim.runs.dice import Source
from exsim.runs.exits import Exit
from exsim.runs.order import Order
from exsim.runs.parts import by_worker, packed, read_from

AGAIN = 0.5  # seconds between two tries to reach a master that does not listen yet
LARGEST = 1 << 20  # bytes of one piece
SENT = (("history", "w*.jsonl"), ("", "ledger.jsonl"), ("", "locust_stats*.csv"))
Tell = Callable[[str], object]


def work(place: Place, tell: Tell, wait: float) -> Exit:
    """Carry out one order of the master at `place`, who may come within `wait` seconds.

    Raises EnvironmentProblem when he does not, or turns this worker away.
    """
    channel = _reached(place, wait)
    try:
        channel.send(HELLO, msgspec.json.encode(Hello(exsim.__version__)))
        tell(f" With {place.host}:{place.port}, which gives the work out when all are there\n")
        said = _order(channel)
        tell(" At work\n")
        with tempfile.TemporaryDirectory(prefix="exsim-worker-") as private:  # 0700
            home = (
                Path(private) / Path(said.order.directory).name
            )  # a run's name is its directory's
            code, signalled = _carried_out(channel, here(said, home), home)
    except ChannelError as problem:
        raise EnvironmentProblem(f"the master at {place.host}:{place.port}: {problem}") from None
    finally:
        channel.close()
    if signalled:
        raise KeyboardInterrupt
    tell(" Done.\n" if code == Exit.PASS else f" Ended; its load process ended with {code}\n")
    return Exit.PASS


def _reached(place: Place, wait: float) -> Channel:
    end = time.monotonic() + wait
    entropy = Source(0).entropy
    while True:
        try:
            return connected(place.host, place.port, place.secret, entropy, place.tls)
        except ChannelError as problem:
            raise EnvironmentProblem(str(problem)) from None
        except OSError as problem:
            if time.monotonic() > end:
                raise EnvironmentProblem(
                    f"{place.host}:{place.port}: nobody listens there: {problem.strerror or problem}"
                ) from None
            time.sleep(AGAIN)


def _order(channel: Channel) -> FarOrder:
    """The order, however long the master's lab takes to get up."""
    frame = channel.receive_at_last()
    if frame is not None and frame.kind == END:
        why = msgspec.json.decode(frame.body, type=Ended).words
        raise ChannelError(f"turned this worker away: {why}")
    if frame is None or frame.kind != ORDER:
        raise ChannelError("went away before it gave an order: are both of one version?")
    return msgspec.json.decode(frame.body, type=FarOrder)


def here(said: FarOrder, home: Path) -> Order:
    """The order for this machine: its own directory, its own copies of files, its own clock.

    A clock that differs from the master's is made up for, so that times in all histories are the master's.
    """
    (home / "history").mkdir(parents=True)
    files = {}
    for name in FILES:
        if name in said.files:
            file = home / name
            file.touch(mode=0o600)
            file.write_text(said.files[name])
            files[name] = str(file)
        elif getattr(said.order, name) == SYSTEM:
            files[name] = SYSTEM
    ahead = time.time() - said.clock
    started = said.order.started + ahead
    return msgspec.structs.replace(said.order, directory=str(home), started=started, **files)


def _carried_out(channel: Channel, order: Order, home: Path) -> tuple[int, bool]:
    """The load's exit code, and whether a signal ended it.  Raises ChannelError: the master went away before it ended."""
    tail = Tail(home)
    with (
        Load(home, order.phase, order.worker) as load,
        Leash(load) as leash,
        _passed_on(leash) as signals,
    ):
        load.begin(order)
        Thread(target=_obey, args=(channel, load, leash), daemon=True).start()
        with contextlib.suppress(ChannelError):
            for event in load.events():  # each second, when the history has just been written
                leash.hear(event)
                tail.send(channel)
                channel.send(EVENT, msgspec.json.encode(event))
        code = load.ended()
        try:
            if leash.alone:  # the connection may still take what nobody hears
                raise ChannelError("is gone")
            tail.send(channel)
            channel.send(END, msgspec.json.encode(Ended(code, load.last_words())))
        except ChannelError:
            raise ChannelError("went away before the work was done") from None
    return code, bool(signals)


class Leash:
    """Asks the load to end, whoever wants that, and ends it by force when it stands still then."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._patience = Patience(0, time.monotonic())
        self._over = Signal()
        self.alone = False  # the master is gone

    def __enter__(self) -> Leash:
        Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def hear(self, event: Event) -> None:
        """The load told something."""
        self._patience.hear(event, time.monotonic())

    def stop(self) -> None:
        self._patience.ask(time.monotonic())
        self._load.stop()

    def _watch(self) -> None:
        while not self._over.wait(LOOK):
            if self._patience.over(time.monotonic()):
                self._load.end_by_force()


@contextlib.contextmanager
def _passed_on(load: Leash) -> Iterator[list[int]]:
    """The signals that come, which end the load first: what it still writes is to reach the master.

    Whoever sends a second one does not wait for that.
    """
    came: list[int] = []

    def take(number: int, frame: FrameType | None) -> None:
        came.append(number)
        load.stop()
        for one, former in before.items():
            signal.signal(one, former)

    before = {one: signal.signal(one, take) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for one, former in before.items():
            signal.signal(one, former)


def _obey(channel: Channel, load: Load, leash: Leash) -> None:
    """What the master has to say to the load, until he is gone: then the load ends."""
    while (frame := channel.receive_at_last()) is not None:
        if frame.kind == INPUT:
            load.hear(frame.body)
    leash.alone = True
    leash.stop()


class Tail:
    """What files have grown by since it was last asked.

    A part that is full and has been sent is not looked at again, and does not stay here: its home is the master's.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._sent: dict[str, int] = {}  # file, by its plain name -> bytes of it
        self._done: set[Path] = set()  # full parts, by their plain names

    def send(self, channel: Channel) -> None:
        """Everything that is new.  Raises ChannelError."""
        for folder, pattern in SENT:
            place = self._home / folder
            found = by_worker([*place.glob(pattern), *place.glob(pattern + ".gz")])
            for parts in found:  # a part before the one that follows it
                for file in parts:
                    self._send(channel, file)
                self._done.update(parts[:-1])
        for file in self._done:
            packed(file).unlink(missing_ok=True)

    def _send(self, channel: Channel, file: Path) -> None:
        if file in self._done:
            return
        name = file.relative_to(self._home).as_posix()
        while data := self._read(file, self._sent.get(name, 0)):
            channel.send(DATA, msgspec.msgpack.encode(Piece(name, data)))
            self._sent[name] = self._sent.get(name, 0) + len(data)

    def _read(self, file: Path, at: int) -> bytes:
        """A piece of a file from `at` on, also when it was full and has been compressed meanwhile."""
        return read_from(file, at, LARGEST)
