"""The master's side: each load process of a run is one on another machine, and writes into this run's directory.

A worker that goes away has ended: what came of its history until then counts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from queue import Empty, Queue
from threading import Event as Signal
from threading import Thread

import msgspec

import exsim
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.far import DATA, END, EVENT, HELLO, INPUT, ORDER, Ended, Hello, Piece, Place
from exsim.conduct.far import far_order as travelling
from exsim.conduct.loading import Early, Event, Loading
from exsim.drive.channel import SILENCE, Channel, ChannelError, Frame, accepted, listening
from exsim.judgement.words import counted_noun
from exsim.runs import parts
from exsim.runs.dice import Source
from exsim.runs.exits import GONE, STILL, Exit
from exsim.runs.made import NAME as LEDGER
from exsim.runs.made import Ledger, foreseen
from exsim.runs.order import STOP_WORD, Order, Phase

LOOK = 0.5  # seconds between two looks whether all are there
Tell = Callable[[str], object]


class FarLoads:
    """`with FarLoads(place, workers) as loads:` listens; `wait` until they are all there; `take` gives one."""

    def __init__(self, place: Place, workers: int, tell: Tell, wait: float) -> None:
        self._place = place
        self._wanted = workers
        self._tell = tell
        self._wait = wait
        self._came: Queue[Channel] = Queue()
        self._there: list[Channel] = []  # in the order in which they came
        self._given = 0
        self._complete = False  # everybody who was wanted is there: nobody else is
        self._local = Early()  # phases beside the load are carried out here

    def __enter__(self) -> FarLoads:
        place = self._place
        try:
            self._door = listening(place.host, place.port)
        except ChannelError as problem:
            raise EnvironmentProblem(f"--master {problem}") from None
        self.port = self._door.getsockname()[1]
        self._tell(
            f" Waiting for {counted_noun(self._wanted, 'worker')} at {place.host}:{self.port}, "
            f"{self._wait:g} s from when the load is to begin\n"
        )
        Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()
        while True:
            try:
                self._there.append(self._came.get_nowait())
            except Empty:
                break
        for channel in self._there[self._given :]:
            self._turn_away(channel, "the run ended before its load began")
        for channel in self._there[: self._given]:
            channel.close()
        self._local.__exit__()

    def start(self, directory: Path, workers: int) -> None:
        """Nothing to do early: they are there already, or on their way."""

    def wait(self) -> None:
        """Until every worker is there at once.  Raises EnvironmentProblem when one does not come."""
        end = time.monotonic() + self._wait
        while not self._all_there():
            try:
                self._there.append(self._came.get(timeout=LOOK))
            except Empty:
                if time.monotonic() > end:
                    raise EnvironmentProblem(self._too_few()) from None
        self._complete = True
        with contextlib.suppress(Empty):
            while True:
                self._turn_away(self._came.get_nowait(), self._enough())

    def _all_there(self) -> bool:
        """Who waits for an order has nothing to say; who went away while he waited is not there."""
        if len(self._there) < self._wanted:
            return False
        for channel in [one for one in self._there if one.stirs()]:
            self._there.remove(channel)
            channel.close()
            self._tell(" A worker that had come went away again\n")
        return len(self._there) == self._wanted

    def _too_few(self) -> str:
        return (
            f"{len(self._there)} of {counted_noun(self._wanted, 'worker')} came within {self._wait:g} s; "
            "--wait, or load.wait_for_workers in the scenario, gives them longer"
        )

    def _enough(self) -> str:
        return f"the run has its {counted_noun(self._wanted, 'worker')}"

    def take(self, order: Order) -> Loading:
        """The process for this order: a worker's for the load, one of our own for what is beside it."""
        if order.phase != "main":
            return self._local.take(order)
        if not self._complete:
            self.wait()
        channel = self._there[self._given]
        self._given += 1
        return FarLoad(channel, (order.directory, order.phase, order.worker))

    def _listen(self) -> None:
        """A thread of its own: whoever comes, until the door is shut."""
        entropy = Source(0).entropy
        while True:
            try:
                channel = accepted(self._door, self._place.secret, entropy, self._place.tls)
            except ChannelError as problem:
                self._tell(f" Turned away: {problem}\n")
                continue
            except OSError:
                return
            why = unfit(channel.receive()) or (self._enough() if self._complete else "")
            if why:
                self._turn_away(channel, why)
            else:
                self._came.put(channel)

    def _turn_away(self, channel: Channel, why: str) -> None:
        """Both sides are told, and nobody waits for what will not come."""
        self._tell(f" Turned away: a worker; {why}\n")
        with contextlib.suppress(ChannelError):
            channel.send(END, msgspec.json.encode(Ended(Exit.ENVIRONMENT, why)))
        channel.close()


def unfit(frame: Frame | None) -> str:
    """Why whoever introduces himself like that gets no order; "" when he may."""
    try:
        said = msgspec.json.decode(frame.body, type=Hello) if frame else None
    except msgspec.DecodeError:
        said = None
    if said is None or frame is None or frame.kind != HELLO:
        return "it did not say who it is"
    if said.exsim != exsim.__version__:
        return f"it is exsim {said.exsim}, the master is {exsim.__version__}"
    return ""


class FarLoad:
    """One load process on another machine; the same to whoever listens as `Load`."""

    def __init__(self, channel: Channel, place: tuple[str, Phase, int]) -> None:
        self.place = place
        self.run = ""
        self._channel = channel
        self._end: Ended | None = None
        self._followed: set[Path] = set()  # parts of its history that others came after
        self._compressing = ThreadPoolExecutor(1)
        self._broke = ""  # what keeps its history from being written here
        self._over = Signal()

    def __enter__(self) -> FarLoad:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def begin(self, order: Order) -> None:
        """Send it its order.  Raises OSError when there is no room for the places it may write to."""
        self.run = order.scenario
        if places := foreseen(order):
            with contextlib.closing(Ledger(Path(order.directory) / LEDGER)) as ledger:
                ledger.enter(*places)
        self._send(ORDER, msgspec.json.encode(travelling(order)))

    def events(self) -> Iterator[Event]:
        """What it tells, until it has ended; what it writes goes into the run's directory meanwhile."""
        try:
            yield from self._events(Path(self.place[0]))
        except OSError as problem:  # a run without its history is worth nothing
            file = Path(problem.filename or self.place[0]).name
            self._broke = f"no room here for what it saw, {file}: {problem.strerror}"
            self.stop()
        except msgspec.DecodeError:
            self.stop()  # what comes is none of ours any more: it is as good as gone
        finally:
            if self._end is None:
                self._channel.close()  # nobody listens any more: whoever is still there is to end
            self._over.set()

    def _events(self, files: Path) -> Iterator[Event]:
        while (frame := self._channel.receive()) is not None:
            if frame.kind == EVENT:
                event = msgspec.json.decode(frame.body)
                if isinstance(event, dict):
                    yield event
            elif frame.kind == DATA:
                piece = msgspec.msgpack.decode(frame.body, type=Piece)
                place = inside(files, piece.file)
                with place.open("ab") as file:
                    file.write(piece.data)
                self._compress(parts.before(place))
            elif frame.kind == END:
                self._end = msgspec.json.decode(frame.body, type=Ended)
                break

    def _compress(self, part: Path | None) -> None:
        """A part that another one follows is full: it is compressed here as well."""
        if part is not None and part not in self._followed:
            self._followed.add(part)
            self._compressing.submit(parts.compress, part)

    def enough(self) -> None:
        self._send(INPUT, b"enough\n")

    def say(self, word: Event) -> None:
        self._send(INPUT, msgspec.json.encode(word) + b"\n")

    def stop(self) -> None:
        self._send(INPUT, STOP_WORD + b"\n")

    def end_by_force(self) -> None:
        self._channel.close()

    def ended(self) -> int:
        """Its exit code; STILL when it told nothing any more, GONE when its machine, its connection or the worker there went away first."""
        self._over.wait()
        self._compressing.shutdown()
        if self._broke:
            return int(Exit.ENVIRONMENT)
        if self._end is None:
            return STILL if self._channel.silent else GONE
        return self._end.code

    def last_words(self) -> str:
        if self._end is None and self._channel.silent:
            return f"silent for {SILENCE:.0f} s: it stood still, or its machine or its connection was gone"
        return self._broke or ("" if self._end is None else self._end.words)

    def _send(self, kind: str, body: bytes) -> None:
        with contextlib.suppress(ChannelError):  # it is gone, and its silence will tell
            self._channel.send(kind, body)


def inside(directory: Path, name: str) -> Path:
    """The file that a worker names: below the run's directory, whatever it says."""
    safe = [part for part in PurePosixPath(name).parts if part not in ("..", "/", "")]
    place = directory.joinpath(*safe)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
