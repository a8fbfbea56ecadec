"""How a client leaves a session that keeps a call parked beside its others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from exsim.protocols import session_mark
from exsim.protocols.agent import Account
from exsim.protocols.flow import Channel, Close, Flow, Stop, Task
from exsim.session.hop import Evidence

Parked = tuple[Channel, Callable[[], Evidence]]  # what waits, and what was seen of it so far


class Leaver(Protocol):
    """`ended`: why the session is over, "" while it lives."""

    account: Account
    number: int
    ended: str

    def end(self, why: str) -> None: ...


def hang_up(session: Leaver, logoff: bool, parked: Parked | None, task: Task | None) -> Flow[bool]:
    """The client's own end: it gives up what it parked.  Returns whether it is to say goodbye to the server."""
    lives = not session.ended
    if lives:
        session.end("left")
    if lives and logoff:
        yield session_mark.logoff(session.number, session.account)
    if parked is not None:
        channel, evidence = parked
        yield Close(channel, evidence())
    if task is not None and not task.done:
        yield Stop(task)
    return lives and logoff
