"""One client of EWS that lives through sessions: sign in, read, listen, leave, and come again."""

from __future__ import annotations

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent
from exsim.protocols.ews import calls, stream
from exsim.protocols.ews.session import Session
from exsim.protocols.ews.settings import Settings
from exsim.protocols.flow import Flow, Start, Task
from exsim.protocols.leaving import hang_up
from exsim.protocols.negotiate import Signer
from exsim.protocols.succession import sessions


def live(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """What one client does, session after session, with one jar.

    Never raises for what a server answers.  Where it ends: `succession`.
    """
    yield from sessions(client, settings, lambda: one(client, account, settings))


def one(client: Agent, account: Account, settings: Settings) -> Flow[Session]:
    """One session from its first call to its end; it knows of no connection but its own."""
    client.number += 1
    client.account = account
    signer = Signer(
        account,
        settings.authentication,
        preemptive=settings.preemptive,
        channel_binding=settings.channel_binding,
    )
    session = Session(client, account, settings, signer, client.number)
    yield session_mark.logon(session.number, account, settings)
    yield from calls.begin(session)
    listener = yield from _listen(session)
    for _ in range(settings.polls):
        if session.ended:
            break
        yield from client.rest(settings.think * client.dice.uniform(0.5, 1.5))
        if not session.ended:
            yield from calls.once(session)
    yield from _leave(session, listener)
    return session


def _listen(session: Session) -> Flow[Task | None]:
    """Subscribe, and listen beside the calls."""
    if session.ended or not session.settings.notifications or session.is_stranger:
        return None
    yield from calls.subscribe(session)
    if session.ended or not session.subscription:
        return None
    task: Task = yield Start(stream.listen(session), "stream")
    return task


def _leave(session: Session, listener: Task | None) -> Flow[None]:
    """The client's own end: it hangs up, and ends its subscription."""
    goodbye = yield from hang_up(session, session.settings.logoff, session.stream, listener)
    if goodbye and session.subscription:
        yield from calls.unsubscribe(session)
