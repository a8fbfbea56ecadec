"""What a flow may ask of the world, and what it is sent back.  No socket, no clock, no dice.

A flow is a generator: it yields commands, and each `yield` returns what came of the command.  All
commands can be delegated to (`response = yield from Request(…)`), which also types the answer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from exsim.protocols.head import HeadFacts, RawHeaders
from exsim.session.hop import Evidence

T = TypeVar("T")
Flow = Generator["Command[Any]", Any, T]

UNAUTHORIZED = 401
OWN_MAILBOX = "own-mailbox"  # what a request writes, where it makes or changes something there


class Command(Generic[T]):
    """One thing asked of the world; `T` is what is sent back."""

    __slots__ = ()

    def __iter__(self) -> Flow[T]:
        answer: T = yield self
        return answer


class Connection(Protocol):
    """One connection of the client's pool, as a flow sees it: a number, and the flow's own note on it."""

    number: int
    note: Any  # a flow's own: who is signed in here, which node answered here
    alive: bool  # False: it can carry nothing more
    certificate: bytes  # what the other end showed (DER); empty without TLS, or before it stands


class Channel(Protocol):
    """One exchange that is written and read piece by piece, alone on its connection.

    `evidence`: what the flow made of the pieces so far; the hop's, should nobody `Close` with another (the
    run may stop, and what a channel had said would be lost).
    """

    connection: Connection
    evidence: Evidence | None


class Task(Protocol):
    """A sub-flow that was started.  `result` is what it returned, once `done`."""

    result: Any
    done: bool


class Dice(Protocol):
    """The client's own randomness, drawn in `runs` and handed down (`random.Random` fits)."""

    def random(self) -> float: ...
    def uniform(self, a: float, b: float) -> float: ...
    def randrange(self, start: int, stop: int) -> int: ...


class CookieLine:
    """The cookies that one request carried: a snapshot of a jar, never changed afterwards."""

    __slots__ = ("hashes", "header", "line", "renewal", "values")

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self.line = "; ".join(map("=".join, values.items()))
        # Filled in by the driver, which holds the salt, when they are sent for the first time.
        self.hashes: dict[str, str] | None = None
        self.header: str | None = None
        # The Set-Cookie lines that last answered them, and the SID that those renewed
        self.renewal: tuple[Sequence[bytes], str] = ((), "")


NO_COOKIES = CookieLine({})


class Response(msgspec.Struct):
    """An answer, or why there is none; never an exception.

    `status` is None when no status line came.  `error` is one of refused, reset, closed, truncated,
    timeout, tls, unreadable, abandoned, not_allowed (the driver did not send it), or None.  `reused`: the connection had served before, so a
    `closed` is what a browser sends again, as a hop of its own.  `request_id`: the server's own name of an answer whose
    head, but for this, came before; it is not among its headers then.
    """

    status: int | None
    headers: RawHeaders
    body: bytes
    connection: Connection | None
    error: str | None = None
    reused: bool = False
    at: float = 0.0  # seconds since the run began, when the answer was complete
    reason: str = ""  # the phrase of the status line
    facts: HeadFacts | None = None  # of its headers, where they were read before
    request_id: bytes = b""

    def header(self, name: bytes) -> str | None:
        """The first value of `name` (lower case), decoded as Latin-1, or None."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None

    def headers_named(self, name: bytes) -> list[str]:
        """Every value of `name` (lower case), in order."""
        return [value.decode("latin-1") for key, value in self.headers if key == name]


@dataclass(slots=True)
class Head:
    """The head of an answer that is read piece by piece."""

    status: int
    headers: RawHeaders
    reason: str = ""


@dataclass(slots=True)
class End:
    """The end of an answer that is read piece by piece.  `error` None: the body was whole."""

    error: str | None = None


class Form:
    """Headers whose names are always the same.  `parts` of their lines: each second one is a value's place."""

    __slots__ = ("names", "parts")

    def __init__(self, *names: str) -> None:
        self.names = names
        self.parts = [part for name in names for part in (f"\r\n{name}: ", "")] + ["\r\n"]
        self.parts[0] = f"{names[0]}: "


class Filled(msgspec.Struct, eq=False):
    """The headers of a form, with one request's own values.  `lines`: as they are sent, once they were."""

    form: Form
    values: tuple[str, ...]
    lines: str | None = None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.form.names, self.values, strict=True)

    def __repr__(self) -> str:
        return f"Filled({', '.join(self.form.names)})"  # values may let somebody in


class Request(msgspec.Struct, Command[Response]):
    """One hop.

    `target` is path and query.  `headers` are those of its kind, the same tuple each time where a client
    sends many such requests; `own` are this one's alone, and follow them.  `origin` None is the scenario's target; a name is that node itself.
    `session` is the logon whose page sends this, as the client counts (0: none yet).  `writes` names what
    the step changes in a mailbox, and the driver refuses it unless the scenario allows it.  `account` is
    the mailbox whose answer is expected.  `timeout` in seconds, to the complete answer.  `auth` says what
    this request carries to sign in: see `session.hop.AUTH`.  `attempt`: FORM or REPLAY of
    `session.attempts.Attempt`, where a password is tried otherwise than `auth` says.  `mailbox`: the id by
    which the client knows its own mailbox, where answers name one; another's is not its own.  `makes`: what
    is created in the mailbox, its kind and the name it is found again by; the driver enters it in the run's
    ledger first, and sends nothing without one.  `path`: the target's, where whoever made it knows it ("": it is
    what stands before the "?").
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    step: str = ""
    session: int = 0
    account: str = ""
    cookies: CookieLine = NO_COOKIES
    origin: str | None = None
    on: Connection | None = None
    timeout: float = 60.0
    writes: str | None = None
    control: bool = False  # sent as evidence, never counted
    forced: bool = False  # the run made this session meet what it meets
    auth: str = ""
    attempt: str = ""
    own: Sequence[tuple[str, str]] | Filled = ()
    mailbox: str = ""
    makes: str = ""
    path: str = ""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Every header of it, in the order in which they are sent."""
        return [*self.headers, *self.own]


@dataclass(slots=True)
class Open(Command[Channel]):
    """Begin an exchange that is read (and written) piece by piece; `length` of body is promised."""

    request: Request
    length: int | None = None


@dataclass(slots=True)
class Send(Command[None]):
    """A piece of the request's body."""

    channel: Channel
    data: bytes


@dataclass(slots=True)
class Receive(Command["Head | bytes | End"]):
    """The next piece.  A time-out is `End("timeout")` and leaves the channel open."""

    channel: Channel
    timeout: float = 60.0


@dataclass(slots=True)
class Close(Command[None]):
    """The flow has seen enough of a channel; `evidence` is what it made of the pieces."""

    channel: Channel
    evidence: Evidence | None = None


@dataclass(slots=True)
class Lease(Command[Connection]):
    """A connection of one's own, until `Release`.  `fresh`: never used before."""

    origin: str | None = None
    fresh: bool = False


@dataclass(slots=True)
class Release(Command[None]):
    """Give a leased connection back to the pool, or (keep False) close it."""

    connection: Connection
    keep: bool = True


@dataclass(slots=True)
class Pause(Command[float]):
    """Wait `seconds` of the scenario's time; sent back is the wall clock (seconds since 1970).

    `Pause(0)` only tells the time.
    """

    seconds: float


@dataclass(slots=True)
class Start(Command[Task]):
    """Run `flow` beside this one.  It lives as long as the client, not as its parent."""

    flow: Flow[Any]
    name: str = ""


@dataclass(slots=True)
class Join(Command[list[Task]]):
    """Wait for `tasks` to be done (`first`: for any of them), `timeout` seconds at most."""

    tasks: Sequence[Task]
    first: bool = False
    timeout: float | None = None


@dataclass(slots=True)
class Stop(Command[None]):
    """End a sub-flow now; what it has in flight is abandoned, each as a hop."""

    task: Task


@dataclass(slots=True)
class Mark(Command[None]):
    """A line of the history that is not a hop."""

    what: str
    facts: dict[str, Any] = field(default_factory=dict)


def together(flows: Sequence[Flow[T]]) -> Flow[list[T]]:
    """Run `flows` side by side; their results, in the order given."""
    tasks: list[Task] = []
    for flow in flows:
        tasks.append((yield from Start(flow)))
    yield from Join(tasks)
    return [task.result for task in tasks]
