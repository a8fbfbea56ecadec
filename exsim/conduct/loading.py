"""The load as a process: given its order, listened to while it runs, ended when it has to end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any, Protocol

import msgspec

from exsim.conduct.patience import ENDING, RULE, SILENT, Patience
from exsim.runs.exits import STILL, Exit
from exsim.runs.order import STOP_WORD, Order, Phase

Event = dict[str, Any]
LOOK = 1.0  # seconds between two looks whether somebody stands still
DEAF = 10.0  # seconds after which it was we who stood still
HAS_GROUPS = hasattr(os, "killpg")  # not on Windows
UNWRITTEN = "unwritten"  # an event: its last
FOR_ALL = ("rests", RULE)  # events of one worker that concern the others of its run
LAST_WORDS = 4000  # characters of the load's standard error that are worth showing


class Load:
    """One load process, from its start on.  Use it in a `with`: whoever starts it ends it."""

    def __init__(self, directory: Path | str, phase: Phase, worker: int) -> None:
        self.place = (str(directory), phase, worker)
        self.run = ""  # its scenario's name, from its order on
        self._asked: float | None = None  # when it was first asked to end
        self.errors = Path(directory) / f"load-{phase}-{worker}.log"
        self._stderr: IO[bytes] = self.errors.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "exsim.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
            env=_environment(),
        )

    def __enter__(self) -> Load:
        return self

    def begin(self, order: Order) -> None:
        """Give it its order, which is the place's that it was started for."""
        assert self.process.stdin is not None and self.place == place_of(order)
        self.run = order.scenario
        try:
            self.process.stdin.write(order.as_json() + b"\n")
            self.process.stdin.flush()  # and it stays open: the load's lifeline
        except BrokenPipeError:
            pass  # it died at once; its exit code and last words will tell

    def __exit__(self, *_: object) -> None:
        self.stop()
        asked = time.monotonic() if self._asked is None else self._asked
        try:
            self.process.wait(max(0.0, asked + ENDING - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.end_by_force()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._stderr):
            if pipe is not None:
                _close(pipe)
        if self.errors.exists() and not self.errors.stat().st_size:
            self.errors.unlink()

    def events(self) -> Iterator[Event]:
        """What the load tells, until it has nothing more to tell."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue  # somebody printed; Locust's libraries may
            if isinstance(event, dict):
                yield event

    def enough(self) -> None:
        """Tell it that its phase may be over: it has met what it was to meet."""
        self.hear(b"enough\n")

    def say(self, word: Event) -> None:
        """Tell it what another worker of the same run found."""
        self.hear(msgspec.json.encode(word) + b"\n")

    def hear(self, line: bytes) -> None:
        """One line for it, behind its order."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):  # it has ended, and its pipe
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def stop(self) -> None:
        """Ask it to end; it writes what it has."""
        if self.process.poll() is not None:
            return
        if self._asked is None:
            self._asked = time.monotonic()
        if HAS_GROUPS:
            self.process.send_signal(signal.SIGTERM)
            return
        assert self.process.stdin is not None  # where a signal would end it without a last word
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(STOP_WORD + b"\n")
            self.process.stdin.flush()

    def end_by_force(self) -> None:
        """It does not end when it is asked to."""
        if self.process.poll() is not None:
            return
        if HAS_GROUPS:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()

    def ended(self) -> int:
        """Its exit code, when it has ended; who has nothing more to tell has little more to do."""
        try:
            return self.process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self.end_by_force()
            return self.process.wait()

    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        return self.errors.read_text(errors="replace")[-LAST_WORDS:] if self.errors.exists() else ""


class Loading(Protocol):
    """A load process, here or on another machine."""

    place: tuple[str, Phase, int]
    run: str

    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...
    def begin(self, order: Order) -> None: ...
    def events(self) -> Iterator[Event]: ...
    def enough(self) -> None: ...
    def say(self, word: Event) -> None: ...
    def stop(self) -> None: ...
    def end_by_force(self) -> None: ...
    def ended(self) -> int: ...
    def last_words(self) -> str: ...


class Loads(Protocol):
    """Who has load processes: started `early`, or on other machines."""

    def start(self, directory: Path, workers: int) -> None: ...
    def take(self, order: Order) -> Loading: ...


class Early:
    """Load processes started before their orders are known, so that they load their parts beside a lab that gets up.

    Those that no order came for are ended with the `with` block.
    """

    def __init__(self) -> None:
        self._loads: list[Load] = []

    def __enter__(self) -> Early:
        return self

    def __exit__(self, *_: object) -> None:
        while self._loads:
            self._loads.pop().__exit__()

    def start(self, directory: Path, workers: int) -> None:
        """One for each worker of the run in `directory`."""
        for worker in range(workers):
            self._loads.append(
                Load(directory, "main", worker)
            )  # known at once: an interrupt ends it

    def take(self, order: Order) -> Loading:
        """The process that waits for this order, or a new one; whoever takes it ends it."""
        for load in self._loads:
            if load.place == place_of(order):
                self._loads.remove(load)
                return load
        return Load(*place_of(order))


def place_of(order: Order) -> tuple[str, Phase, int]:
    """Directory, phase and worker: what tells one load process from another."""
    return order.directory, order.phase, order.worker


def carry_out(
    orders: Sequence[Order],
    show: Callable[[Event], None],
    enough: Callable[[], bool] = lambda: False,
    early: Loads | None = None,
    words: Callable[[], Sequence[Event]] = tuple,
) -> list[tuple[int, str]]:
    """Carry out `orders` side by side; for each, the load's exit code and its last words.

    `show` is called in this thread; after it all loads are told what `words` gives, and once, when `enough` says
    so, to come to an end.  One that stands still past its end is ended: STILL, and since when.
    A KeyboardInterrupt asks the loads to end, waits for what they still tell (each second; not for one that hangs),
    and is raised again.
    """
    started = early or Early()
    with ExitStack() as stack:
        loads = [started.take(order) for order in orders]
        for load in loads:
            stack.enter_context(load)
        for load, order in zip(loads, orders, strict=True):
            load.begin(order)
        talk = _Talk(loads, orders)
        interrupted = told = False
        while talk.going:
            try:
                event = talk.heard()
            except KeyboardInterrupt:
                interrupted = True
                talk.ask(loads)
                continue
            if event is not None:
                show(event)
                talk.say(words())
                if not told and enough():
                    told = True
                    talk.enough()
        codes = [talk.ended(load) for load in loads]
    if interrupted:
        raise KeyboardInterrupt
    return codes


class _Talk:
    """What the load processes of one phase tell, and how long they are waited for."""

    def __init__(self, loads: Sequence[Loading], orders: Sequence[Order]) -> None:
        now = time.monotonic()
        self.going = {
            load: Patience(order.load.duration * order.time_scale, now)
            for load, order in zip(loads, orders, strict=True)
        }
        self._silenced: dict[Loading, str] = {}  # by us, and why
        self._unwritten: dict[Loading, str] = {}  # for whose history there was no room, and why
        self._quiet: set[Loading] = set()  # of whose silence was told
        self._loads = loads
        self._looked = now
        self._news: Queue[tuple[Loading, Event | None]] = Queue()
        for load in loads:
            Thread(target=_listen, args=(load, self._news), daemon=True).start()

    def heard(self) -> Event | None:
        """The next event, or that somebody tells none; None when there is none for a while, or somebody has ended."""
        self._tend()
        if silence := next(self._silences(), None):
            return silence
        try:
            teller, event = self._news.get(timeout=LOOK)
        except Empty:
            return None
        if event is None:
            patience = self.going.pop(teller)
            self._silenced[teller] = patience.why
            return None
        self._quiet.discard(teller)
        self.going[teller].hear(event, time.monotonic())
        if event["event"] == UNWRITTEN:
            self._unwritten[teller] = f"no room for what it saw, {event.get('why')}"
        self._pass_on(event, teller)
        return event

    def _silences(self) -> Iterator[Event]:
        """Who has told nothing for a while, each time that it begins."""
        for load, patience in self.going.items():
            since = patience.silent(self._looked)
            if since is not None and load not in self._quiet:
                self._quiet.add(load)
                yield {
                    "event": SILENT,
                    "run": load.run,
                    "worker": load.place[2],
                    "since": since,
                }

    def _tend(self) -> None:
        """Whoever stands still past its end is asked to end, and then ended by force."""
        now = time.monotonic()
        deaf, self._looked = now - self._looked > DEAF, now
        for load, patience in self.going.items():
            if deaf:  # who did not listen himself cannot say that nobody spoke
                patience.hear({}, now)
            elif patience.gone(now):
                self.ask([load])
            elif patience.over(now):
                load.end_by_force()

    def ask(self, loads: Iterable[Loading]) -> None:
        """Ask them to end."""
        now = time.monotonic()
        for load in loads:
            load.stop()
            if load in self.going:
                self.going[load].ask(now)

    def say(self, words: Sequence[Event]) -> None:
        for word in words:
            for load in self._loads:
                load.say(word)

    def enough(self) -> None:
        """All of them may come to an end, and are expected to."""
        for load in self._loads:
            load.enough()
        self._due(self._loads)

    def _pass_on(self, event: Event, teller: Loading) -> None:
        """Tell the other workers of the same run what concerns them; another run beside it has nothing to do with it."""
        if event["event"] not in FOR_ALL:
            return
        others = [
            load for load in self._loads if load is not teller and load.place[0] == teller.place[0]
        ]
        for load in others:
            load.say(event)
        if event["event"] == RULE:
            self._due(others)

    def _due(self, loads: Iterable[Loading]) -> None:
        for load in loads:
            if load in self.going:
                self.going[load].due(time.monotonic())

    def ended(self, load: Loading) -> tuple[int, str]:
        """Its exit code and last words; why it was ended, where that was for standing still."""
        code, why = load.ended(), self._silenced[load]
        if why and (code < 0 or code == Exit.INTERRUPTED):
            return STILL, why
        if code == Exit.ENVIRONMENT and load in self._unwritten:
            return code, self._unwritten[load]
        return code, load.last_words()


def _listen(load: Loading, news: Queue[tuple[Loading, Event | None]]) -> None:
    """A thread of each load's own: pass on what it tells, and None when it has fallen silent."""
    try:
        for event in load.events():
            news.put((load, {**event, "run": load.run}))
    finally:
        news.put((load, None))


def _environment() -> dict[str, str]:
    """The load's environment: proxies are left out, because one more balancer would be measured."""
    return {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    }


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        pipe.close()
