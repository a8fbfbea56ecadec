"""One Outlook's life over MAPI/HTTP: one session after another, each with a wait parked beside its calls."""

from __future__ import annotations

from exsim.protocols import session_mark
from exsim.protocols.agent import SHORTEST_PAUSE, Account, Agent
from exsim.protocols.flow import Flow, Start, Task
from exsim.protocols.leaving import hang_up
from exsim.protocols.mapi_http import waiting
from exsim.protocols.mapi_http.session import Session, operations, start
from exsim.protocols.mapi_http.settings import Settings
from exsim.protocols.negotiate import Signer
from exsim.wire import mapi


def live(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """As many sessions as the settings say.  One that broke is followed by the next (*assumed* of Outlook); who was

    never let in comes again only with `relogin_after`, and after a refused password never.
    """
    yield from client.rest(0)
    done = 0
    while not settings.logons or done < settings.logons:
        if done:
            again = settings.think if settings.relogin_after is None else settings.relogin_after
            yield from client.rest(max(again, SHORTEST_PAUSE))
        signer = Signer(
            account,
            settings.authentication,
            preemptive=settings.preemptive,
            channel_binding=settings.channel_binding,
        )
        session = start(client, account, settings, signer)
        yield from one(session)
        done += 1
        refused = session.ended in ("refused", "unmeasured")
        if not session.accepted and (refused or settings.relogin_after is None):
            return


def one(session: Session) -> Flow[None]:
    """One session from Connect to Disconnect."""
    yield session_mark.logon(session.number, session.account, session.settings)
    said = yield from session.ask(
        "connect", mapi.Connect(session.account.distinguished_name).encode()
    )
    session.accepted = said is not None and not session.ended
    if not session.accepted:
        session.end("broken")
        return
    if session.settings.status_page:
        yield from session.look()
    if session.settings.address_book and not session.ended:
        bound = yield from session.ask("bind", mapi.Bind().encode())
        session.bound = bound is not None and not session.ended
    parked: Task | None = None
    if session.settings.notifications and not session.ended:
        parked = yield Start(waiting.park(session), "wait")
    yield from _work(session)
    yield from _leave(session, parked)


def _work(session: Session) -> Flow[None]:
    client, settings = session.client, session.settings
    yield from _execute(session, first=True)
    for _ in range(settings.polls):
        if session.ended:
            return
        yield from client.rest(settings.think * client.dice.uniform(0.5, 1.5))
        for _ in range(settings.calls):
            yield from _execute(session)
    left = settings.idle
    while left > 0 and not session.ended:
        step = min(left, settings.ping_every)
        yield from client.rest(step)
        left -= step
        if left > 0 and not session.ended:
            yield from session.ask("ping", b"")


def _execute(session: Session, first: bool = False) -> Flow[None]:
    if not session.ended:
        yield from session.ask("execute", operations(session.account, first))


def _leave(session: Session, parked: Task | None) -> Flow[None]:
    """The client's own end: it gives up its wait, and both of its contexts."""
    if (yield from hang_up(session, session.settings.logoff, session.wait, parked)):
        if session.bound:
            yield from session.ask("unbind", mapi.Flagged().encode())
        yield from session.ask("disconnect", mapi.Disconnect().encode())
