"""One client's sessions, one after the other, until its password is refused (that real ones come again until then is *assumed*)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Protocol

from exsim.protocols.agent import SHORTEST_PAUSE, Agent
from exsim.protocols.flow import Flow


class Pace(Protocol):
    """What a client's settings say of it: `logons` sessions (0: without end), about `think` seconds apart."""

    @property
    def logons(self) -> int: ...
    @property
    def think(self) -> float: ...
    @property
    def logon_retries(self) -> int: ...


class Over(Protocol):
    """A session that is over: why, and whether it was ever let in."""

    ended: str
    accepted: bool


def sessions(client: Agent, pace: Pace, one: Callable[[], Flow[Over]]) -> Flow[None]:
    """Run `one` after the other.

    Ends when `logons` are over, when the password is refused more than `logon_retries` times before any
    answer was accepted, or when the directory takes nothing that this client can show.
    """
    yield from client.rest(0)
    retries = pace.logon_retries
    for turn in range(pace.logons) if pace.logons else count():
        if turn:
            yield from client.rest(max(pace.think, SHORTEST_PAUSE))
        session = yield from one()
        if session.ended == "unmeasured":
            return
        if session.ended == "refused" and not session.accepted:
            if not retries:
                return
            retries -= 1
