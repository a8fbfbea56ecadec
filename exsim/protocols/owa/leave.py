"""Log-off: the old page's last posts, logoff.owa, the sign-out page."""

from __future__ import annotations

from exsim.protocols import session_mark
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Request, Start
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.page import Page
from exsim.protocols.owa.settings import Settings
from exsim.wire import names


def log_off(page: Page) -> Flow[None]:
    """The user leaves; what the page still has on the way may be answered long after."""
    page.left = "logged_off"
    yield session_mark.logoff(page.number, page.account)
    if page.settings.late_answers:
        for request in late_posts(page):
            yield Start(page.client.fetch(request), "late")
    yield from page.client.fetch(page.request("GET", names.LOGOFF, "logoff", lines.NAVIGATION))


def give_back(client: Agent, account: Account, settings: Settings) -> Flow[None]:
    """The run ends: whatever the page was doing, its logon cookies are given back, if it has any."""
    jar = client.jar
    if jar.value(names.CADATA) is None and jar.value(names.E14_SESSION) is None:
        return
    page = Page(client, client.account or account, settings, client.number)
    yield session_mark.logoff(page.number, page.account)
    yield from client.send(page.request("GET", names.LOGOFF, "logoff", lines.NAVIGATION))


def late_posts(page: Page) -> list[Request]:
    """What a page sends when it is unloaded: load times, a last finish, a keep-alive (SEED; *assumed*)."""
    if page.legacy:
        return [page.event("PendingRequest", "FinishNotificationRequest", "late")]
    finish = f"{names.NOTIFICATION}?ns=PendingRequest&ev=FinishNotificationRequest&UA=0"
    canary = (names.CANARY, page.canary())
    return [
        page.request(
            "POST",
            f"{names.PAGE_LOAD_TIMES}?UA=0",
            "late",
            (*lines.BACKGROUND_CALL, lines.PLAIN),
            b"{}",
        ),
        page.request("POST", finish, "late", (*lines.BACKGROUND_CALL, lines.PLAIN, canary), b""),
        page.request("POST", f"{names.KEEP_ALIVE}?UA=0", "late", lines.BACKGROUND_CALL, b""),
    ]
