"""One client of EWS that lives through sessions: sign in, read, listen, leave, and come again."""

from __future__ import annotations

from itertools import count

from exsim.protocols.agent import Account, Agent
from exsim.protocols.ews import calls, stream
from exsim.protocols.ews.session import Session
from exsim.protocols.ews.settings import Settings
from exsim.protocols.flow import Close, Flow, Mark, Start, Stop, Task
from exsim.protocols.negotiate import Signer

SHORTEST_PAUSE = 1.0  # seconds between two sessions (*assumed*)


def live(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """What one client does, session after session, with one jar.

    Never raises for what a server answers.  Ends when `settings.logons` sessions are over, when its
    password is refused, or when the directory takes nothing that this client can show.
    """
    yield from client.rest(0)
    signer = signer_of(account, settings)
    retries = settings.logon_retries
    for turn in range(settings.logons) if settings.logons else count():
        if turn:
            yield from client.rest(max(settings.think, SHORTEST_PAUSE))
        session = yield from one(client, account, settings, signer)
        if session.ended == "unmeasured":
            return
        if session.ended == "refused" and not session.accepted:
            if not retries:
                return
            retries -= 1
        signer = signer_of(account, settings)  # a new session knows of no connection but its own


def signer_of(account: Account, settings: Settings) -> Signer:
    return Signer(
        account,
        settings.authentication,
        preemptive=settings.preemptive,
        channel_binding=settings.channel_binding,
    )


def one(client: Agent, account: Account, settings: Settings, signer: Signer) -> Flow[Session]:
    """One session from its first call to its end."""
    client.number += 1
    client.account = account
    session = Session(client, account, settings, signer, client.number)
    yield Mark("logon", facts_of(session))
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
    lives = not session.ended
    if lives:
        session.end("left")
    if lives and session.settings.logoff:
        yield Mark("logoff", {"number": session.number, "account": session.account.address})
    if session.stream is not None:
        channel, evidence = session.stream
        yield Close(channel, evidence())
    if listener is not None and not listener.done:
        yield Stop(listener)
    if lives and session.settings.logoff and session.subscription:
        yield from calls.unsubscribe(session)


def facts_of(session: Session) -> dict[str, str | int | bool]:
    """The facts of a "logon" mark."""
    account, settings = session.account, session.settings
    facts: dict[str, str | int | bool] = {
        "number": session.number,
        "account": account.address,
        "home": account.home,
        "private": settings.private,
        "forced": settings.forced,
        "control": settings.control,
        "population": settings.population,
    }
    if settings.wanted:
        facts["wanted"] = settings.wanted
    return facts
