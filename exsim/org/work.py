"""What a node may ask of the rig that carries it.  Sans-IO: the same work runs in asyncio and in memory.

`node.front(request, peer)` and `node.back(request, peer)` are generators.  They yield what stands here
and end in one of two ways: `return Answer(…)` is a whole answer; after `Begin` and `Piece`s a bare
`return` ends the stream.  Requests come whole, but for RPC_IN_DATA and RPC_OUT_DATA: their work begins at
the head, `request.body` is empty, and the body is asked for with `Take` or sent on with `Forward`.  Times are real seconds (a node applies the time scale itself).
When the client goes away the rig closes the generator.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from exsim.wire.message import Answer, Request


@dataclass(slots=True)
class Wait:
    """Do nothing for `seconds`."""

    seconds: float


@dataclass(slots=True)
class Begin:
    """The head of a streamed answer goes out now; `answer.body` is empty.

    With a Content-Length of its own the pieces go out as they are, else each is a chunk.
    """

    answer: Answer


@dataclass(slots=True)
class Piece:
    """A piece of a streamed answer's body goes out now."""

    data: bytes


@dataclass(slots=True)
class Upstream:
    """What a back end answered.  `streaming`: only the head is here, the body comes by `Read`."""

    answer: Answer
    streaming: bool = False


@dataclass(slots=True)
class Forward:
    """Send `request` to the back end of `node`; sent back: `Upstream`, or None if it cannot be reached.

    `body`: the body that this work was not handed whole goes along, piece by piece as it comes.
    """

    node: str
    request: Request
    body: bool = False


@dataclass(slots=True)
class Read:
    """The next piece of the streaming upstream; sent back: bytes, or None at its end."""


class Signal:
    """What one work tells others: whoever waits for it at this moment goes on.  Nothing is kept."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def ring(self) -> None:
        """Wake all who wait.  They go on a moment later, never within this call."""
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    def listen(self, wake: Callable[[], None]) -> None:
        """For rigs: call `wake` at the next ring."""
        self._waiting.append(wake)

    def forget(self, wake: Callable[[], None]) -> None:
        if wake in self._waiting:
            self._waiting.remove(wake)


@dataclass(slots=True)
class Take:
    """The next piece of this request's body; sent back: bytes, or None at its end.

    Sent back is b"" when `signal` rang before a piece came.
    """

    signal: Signal | None = None


@dataclass(slots=True)
class Until:
    """Do nothing until `signal` rings, `seconds` at most; sent back: whether it rang."""

    signal: Signal
    seconds: float


@dataclass(slots=True)
class Now:
    """Sent back: seconds of a clock that only goes forward."""


@dataclass(slots=True)
class Peer:
    """The TCP connection that a request came in on: who it is, and what is bound to it (see `windows`)."""

    number: int
    address: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Hangup(Exception):
    """Raised by work that closes the connection without any HTTP answer (a drained component)."""


Ask = Wait | Begin | Piece | Forward | Read | Take | Until | Now
Work = Generator[Ask, Any, Answer | None]
