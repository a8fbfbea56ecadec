"""One client's sessions, one after the other, until its password is refused (that real ones come again until then is *assumed*)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Protocol

from exsim.protocols.agent import SHORTEST_PAUSE, Account, Agent
from exsim.protocols.flow import Flow, Lease, Release
from exsim.protocols.negotiate import Signer


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


class Looks(Protocol):
    """What the settings say of a client that only looks now and then, and how it signs in."""

    @property
    def logons(self) -> int: ...
    @property
    def think(self) -> float: ...
    @property
    def authentication(self) -> str: ...
    @property
    def preemptive(self) -> bool: ...
    @property
    def channel_binding(self) -> str: ...


def visits(
    client: Agent, account: Account, looks: Looks, one: Callable[[Signer], Flow[str]]
) -> Flow[None]:
    """Run `one` after the other, each on a connection of its own, until one says why it was ended.

    Hours lie between two of them: the connection of the last one is long closed (*assumed*).
    """
    yield from client.rest(0)
    client.account = account
    for turn in range(looks.logons) if looks.logons else count():
        if turn:
            yield from client.rest(max(looks.think, SHORTEST_PAUSE))
            yield from anew(client)
        signer = Signer(
            account,
            looks.authentication,
            preemptive=looks.preemptive,
            channel_binding=looks.channel_binding,
        )
        ended = yield from one(signer)
        if ended:
            return


def anew(client: Agent) -> Flow[None]:
    """Go on with a connection that was never used."""
    connection = yield from Lease(client.origin, fresh=True)
    yield Release(connection)
