"""One Outlook's life over RPC/HTTP: one session after another."""

from __future__ import annotations

from exsim.protocols.agent import SHORTEST_PAUSE, Account, Agent
from exsim.protocols.flow import Flow
from exsim.protocols.negotiate import Signer
from exsim.protocols.outlook_anywhere.session import Visit, live
from exsim.protocols.outlook_anywhere.settings import Settings


def connect(agent: Agent, account: Account, settings: Settings) -> Flow[None]:
    """As many sessions as the settings say.  One that broke is followed by the next (*assumed* of Outlook); who was

    never let in comes again only with `relogin_after`.
    """
    agent.account = account
    signer = Signer(
        account,
        settings.authentication,
        preemptive=settings.preemptive,
        channel_binding=settings.channel_binding,
    )
    visit = Visit(agent, account, settings, signer)
    done = 0
    while not settings.logons or done < settings.logons:
        if done:
            again = settings.think if settings.relogin_after is None else settings.relogin_after
            yield from agent.rest(max(again, SHORTEST_PAUSE))
        entered = yield from live(visit)
        done += 1
        if signer.unmeasured or (not entered and settings.relogin_after is None):
            return
