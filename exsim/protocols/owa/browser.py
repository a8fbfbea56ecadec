"""One browser that lives through sessions of OWA: log on, stay, log off or be thrown out, log on again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from exsim.protocols.agent import SHORTEST_PAUSE, Account, Agent
from exsim.protocols.flow import Flow, Mark
from exsim.protocols.owa import boot, brought, leave, logon, notifications, opening, stay
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings

BY_ITSELF = ("logged_off", "closed")  # the user left the page, nobody sent him away
NOT_ALLOWED = "not_allowed"  # the driver did not send the form: this account is not tried again
MOST_RELOADS = 2  # of one session that was thrown out and let in again with the same cookies


def browse(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """What one user does, session after session, in one browser with one jar.

    Never raises for what a server answers.  Ends when `settings.logons` sessions are over, when a password
    was refused, or when nobody logs on again after the browser was thrown out (or not let in).
    """
    yield from client.rest(0)
    accounts, turn = (account, *settings.change_mailbox), 0
    shown: opening.Shown | None = None
    for session in range(settings.logons) if settings.logons else count():
        if session:
            yield from client.rest(_pause(settings, shown))
        current = accounts[turn % len(accounts)]
        entered = yield from enter(client, current, settings, shown, again=session > 0)
        shown = None
        if entered.page is not None:
            shown = yield from live(entered.page, entered.destination)
            if entered.page.left in BY_ITSELF:
                turn += 1
                continue
        if entered.refused or settings.relogin_after is None:
            return


def _pause(settings: Settings, shown: opening.Shown | None) -> float:
    """How long the browser shows the logon page before somebody logs on (again)."""
    wait = settings.think if settings.relogin_after is None else settings.relogin_after
    return wait if shown is not None else max(wait, SHORTEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Entered:
    """A page that was let in, and where it is to go; or none, and whether the password was refused."""

    page: Page | None = None
    destination: str = ""
    refused: bool = False


def enter(
    client: Agent,
    account: Account,
    settings: Settings,
    shown: opening.Shown | None = None,
    again: bool = False,
) -> Flow[Entered]:
    """Come to the form (or use the one that is `shown`) and log on; the page, and where it is to go."""
    if brought.is_brought(account):
        found = yield from brought.enter(client, account, settings)
        return Entered(refused=True) if found is None else Entered(*found)
    refused = False
    for attempt in range(settings.logon_retries + 1):
        if shown is None or shown.form is None:
            shown = yield from opening.open_owa(client, account, settings, client.number)
        if shown.is_start_page and client.number:
            shown = yield from _log_off_first(client, account, settings)
        if shown.form is None:
            return Entered()
        entry = yield from logon.post_form(
            client, account, settings, shown.form, again or attempt > 0
        )
        if entry.destination is not None:
            page = Page(client, account, settings, entry.number)
            page.legacy = shown.form.legacy
            return Entered(page, entry.destination)
        if entry.response.error == NOT_ALLOWED:
            return Entered(refused=True)
        yield Mark("logon_refused", {"number": entry.number, "status": entry.response.status})
        shown, refused = None, entry.refused
        if attempt < settings.logon_retries:
            yield from client.rest(settings.think)
    return Entered(refused=refused)


def _log_off_first(client: Agent, account: Account, settings: Settings) -> Flow[opening.Shown]:
    """Somebody is still logged on, because a log-off got no answer: it is asked for again, once."""
    before = client.account or account
    yield from leave.log_off(Page(client, before, settings, client.number))
    return (yield from opening.open_owa(client, account, settings, client.number))


def live(page: Page, destination: str) -> Flow[opening.Shown | None]:
    """One session from its first page to its end; what the browser is shown then, if it was led away."""
    yield from boot.boot(page, destination)
    shown: opening.Shown | None = None
    for reload in range(MOST_RELOADS + 1):
        yield from _use(page)
        shown = yield from page.close()
        if shown is None or not shown.is_start_page:
            return shown
        if reload < MOST_RELOADS:
            yield from boot.again(page, shown)
    yield Mark("reload_loop", {"number": page.number, "reloads": MOST_RELOADS})
    return shown


def _use(page: Page) -> Flow[None]:
    """A booted page until it is left; with `logoff` off the window is simply closed."""
    settings = page.settings
    if not page.gone() and settings.notifications:
        yield from page.start(notifications.listen(page), "channel")
    if not page.gone() and settings.keep_alive and not page.legacy:
        yield from page.start(stay.keep_alive(page), "keep_alive")
    if not page.gone():
        yield from stay.stay(page)
    if page.gone():
        return
    if settings.logoff:
        yield from leave.log_off(page)
    else:
        page.close_window()
