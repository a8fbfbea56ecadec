"""What a node may ask of the rig that carries it.  Sans-IO: the same work runs in asyncio and in memory.

`node.front(request, peer)` and `node.back(request, peer)` are generators.  They yield what stands here
and end in one of two ways: `return Answer(…)` is a whole answer; after `Begin` and `Piece`s a bare
`return` ends the stream.  Times are real seconds (a node applies the time scale itself).
When the client goes away the rig closes the generator.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from exsim.wire.message import Answer, Request


@dataclass(slots=True)
class Wait:
    """Do nothing for `seconds`."""

    seconds: float


@dataclass(slots=True)
class Begin:
    """The head of a streamed answer goes out now (chunked); `answer.body` is empty."""

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
    """Send `request` to the back end of `node`; sent back: `Upstream`, or None if it cannot be reached."""

    node: str
    request: Request


@dataclass(slots=True)
class Read:
    """The next piece of the streaming upstream; sent back: bytes, or None at its end."""


@dataclass(slots=True)
class Peer:
    """The TCP connection that a request came in on: who it is, and what is bound to it (NTLM later)."""

    number: int
    address: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Hangup(Exception):
    """Raised by work that closes the connection without any HTTP answer (a drained component)."""


Ask = Wait | Begin | Piece | Forward | Read
Work = Generator[Ask, Any, Answer | None]
