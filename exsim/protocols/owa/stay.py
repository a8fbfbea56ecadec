"""The life of a page after its start: polls, a user's clicks, keep-alives, visits to the control panel."""

from __future__ import annotations

from exsim.protocols.flow import Flow
from exsim.protocols.owa import drafts
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.actions import BACKGROUND_MIX, CLICK_MIX
from exsim.protocols.owa.page import Page
from exsim.wire import names


def stay(page: Page) -> Flow[None]:
    """As many polls as the settings say, about `think` seconds apart; ends early when the page is left."""
    settings, client = page.settings, page.client
    visits = _visits(settings.polls, settings.ecp)
    saves = _visits(settings.polls, settings.drafts)
    for poll in range(settings.polls):
        yield from client.rest(settings.think * (0.5 + client.dice.random()))
        if page.gone():
            return
        yield from _poll(page)
        if poll in saves and not page.gone() and not page.legacy:
            yield from drafts.save(page, poll)
        if poll in visits and not page.gone():
            yield from _control_panel(page)
        if page.gone():
            return


def _visits(polls: int, wanted: int) -> frozenset[int]:
    """After which polls something is done `wanted` times: spread evenly."""
    return (
        frozenset((visit + 1) * polls // (wanted + 1) for visit in range(wanted))
        if polls
        else frozenset()
    )


def _poll(page: Page) -> Flow[None]:
    dice = page.client.dice
    user = page.settings.user_activity and dice.random() >= page.settings.background
    step = "activity" if user else "service"
    if page.legacy:
        yield from page.ask(page.event("Monitoring", "Ping", step, user, "GET"))
        return
    mix = CLICK_MIX if user else BACKGROUND_MIX
    yield from page.ask(page.service(mix.pick(dice.random()), step, user))


def _control_panel(page: Page) -> Flow[None]:
    """A visit to the options: the same cookies at another virtual directory."""
    request = page.request(
        "GET", f"{names.ECP}?rfr=owa&p=personalsettings", "ecp", lines.NAVIGATION
    )
    yield from page.ask(request)
    if not page.gone():
        yield from page.client.fetch(page.request("GET", names.ECP_PING, "ecp"))


def keep_alive(page: Page) -> Flow[None]:
    """keepalive.owa and ping.owa in turn, until the page is left."""
    every, turn = page.settings.keep_alive or 0.0, 0
    while not page.gone():
        yield from page.client.rest(every)
        if page.gone():
            return
        target, step = ((names.KEEP_ALIVE, "keep_alive"), (names.PING, "ping"))[turn % 2]
        turn += 1
        yield from page.ask(page.request("GET", f"{target}?UA=0", step, lines.BACKGROUND_CALL))
