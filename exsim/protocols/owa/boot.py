"""The start of OWA: the page, its scripts, sessiondata.ashx, and the first calls, six at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from exsim.protocols.agent import Landing
from exsim.protocols.flow import Flow, Mark, Request, Response, together
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa import opening
from exsim.protocols.owa.actions import ACTIONS, BOOT, subscribe
from exsim.protocols.owa.markup import is_logon_page, read_boot_page, reason_of
from exsim.protocols.owa.notifications import new_channel_id
from exsim.protocols.owa.page import Page
from exsim.wire import names

E14_BOOT = 4  # pings of 2010's start; its real list of calls is not known (*assumed*)
KEPT_PAGE = "kept_build"  # of the browser's memory: the build of the page in its application cache
SCRIPTS = "scripts of "
RELOADS = 1  # of a start page that was not shown (*assumed*)


def boot(page: Page, destination: str) -> Flow[None]:
    """From the redirect of the logon to a mailbox that is shown; ends early when the page is left."""
    kept = page.client.memory.get(KEPT_PAGE) if page.settings.boot_page_kept else None
    if kept and destination.partition("?")[0].lower() == names.OWA:
        yield from _boot_from_cache(page, kept)
    else:
        yield from _start_page(page, destination)
    if not page.gone():
        yield from _load(page)


def _start_page(page: Page, destination: str) -> Flow[None]:
    """The page that the logon leads to; what cannot be shown is reloaded once, then the window is closed."""
    status: int | None = None
    for reload in range(RELOADS + 1):
        if reload:
            yield from page.client.rest(page.settings.think)
        landing = yield from get_page(page, destination)
        status = landing.response.status
        if status in (200, names.LOGIN_TIMEOUT):
            yield from read_page(page, landing)
            return
        if page.client.led_away(landing):
            break  # another host is shown now, and no reload asks OWA again
    yield Mark("not_started", {"number": page.number, "status": status})
    page.close_window()


def get_page(page: Page, destination: str) -> Flow[Landing]:
    """GET the destination of the logon, as its redirect says."""
    request = page.request(
        "GET", destination, "boot", lines.NAVIGATION, timeout=page.settings.hang_after
    )
    landing = yield from page.client.visit(request)
    yield from watch(page, request, landing.response)
    return landing


def read_page(page: Page, landing: Landing) -> Flow[None]:
    """Take what the start page says; another page in its place means that there is no session."""
    response = landing.response
    if is_logon_page(landing.target):
        request = page.request("GET", landing.target, "boot")
        yield from page.thrown_out(request, response.status, reason_of(landing.target))
    elif response.status == names.LOGIN_TIMEOUT:
        yield from page.thrown_out(page.request("GET", landing.target, "boot"), response.status)
    elif landing.target.partition("?")[0].lower() == names.LANGUAGE_PAGE:
        yield Mark("language_page", {"number": page.number, "account": page.account.address})
    said = read_boot_page(response.body)
    jar = page.client.jar
    page.legacy = page.legacy or jar.value(names.E14_USER_CONTEXT) is not None
    page.build = said.build or response.header(b"x-owa-version") or ""
    page.client_id = said.client_id or jar.value(names.CLIENT_ID) or _own_id(page)
    if not page.gone() and page.settings.scripts:
        yield from _scripts(page, said.resources)


def _own_id(page: Page) -> str:
    """Thirty-two hexadecimal digits, where the server gave none."""
    return f"{page.client.dice.randrange(0, 1 << 64):032X}"


def _scripts(page: Page, resources: Sequence[str]) -> Flow[None]:
    """The page's scripts and styles; a browser's cache keeps them, and nothing happens if one is missing."""
    memory, key = page.client.memory, f"{SCRIPTS}{page.build}"
    if key in memory:
        return
    memory[key] = "kept"
    queue = deque(
        page.request("GET", target, "boot", lines.RESOURCE, timeout=page.settings.hang_after)
        for target in resources
    )

    def fetch() -> Flow[None]:
        while queue:
            request = queue.popleft()
            response = yield from page.client.fetch(request)
            yield from watch(page, request, response)

    yield from together([fetch() for _ in range(min(page.settings.connections, len(queue)))])


def _boot_from_cache(page: Page, build: str) -> Flow[None]:
    """The kept page starts without asking for /owa/; its manifest and the user's own script are asked."""
    page.kept, page.build = True, build
    page.client_id = page.client.jar.value(names.CLIENT_ID) or _own_id(page)
    yield from _manifest(page)
    target = f"{names.RESOURCE_INJECTOR}?ver={build}&appcacheclient=1&layout=mouse"
    request = page.request("GET", target, "boot", lines.RESOURCE, timeout=page.settings.hang_after)
    response = yield from page.ask(request)
    yield from watch(page, request, response)


def _manifest(page: Page) -> Flow[None]:
    """The application cache's manifest; whatever comes back, no script sees it (its 440 is benign, E13)."""
    target = f"{names.APP_CACHE_MANIFEST}?owamanifest=1"
    yield from page.client.fetch(page.request("GET", target, "boot", lines.RESOURCE))


def _load(page: Page) -> Flow[None]:
    """sessiondata.ashx first, then the page's calls side by side, on as many connections as the client has."""
    if page.legacy:
        queue = deque(
            page.event("Monitoring", "Ping", "service", user=True, method="GET")
            for _ in range(E14_BOOT)
        )
        yield from _drain(page, queue)
        return
    yield from _session_data(page)
    if page.gone():
        return
    if page.settings.boot_page_kept and not page.kept and page.build:
        page.client.memory[KEPT_PAGE] = page.build
        yield from _manifest(page)
    yield from _calls(page)


def _session_data(page: Page) -> Flow[None]:
    target = f"{names.SESSION_DATA}?appcacheclient={int(page.kept)}"
    headers = (*lines.SCRIPT_CALL, (names.VERSION_ID, page.build))
    request = page.request("POST", target, "sessiondata", headers, b"", page.settings.hang_after)
    response = yield from page.ask(request)
    yield from watch(page, request, response)


def _calls(page: Page) -> Flow[None]:
    """The service calls of a start, and the page's subscription to notifications among the first."""
    waiting = deque[str](BOOT)
    subscription = deque[str](
        [new_channel_id(page.client.dice)] if page.settings.notifications else []
    )

    def work() -> Flow[None]:
        while not page.silent() and (subscription or waiting):
            if subscription:
                action, step = subscribe(subscription.popleft()), "subscribe"
            else:
                action, step = ACTIONS[waiting.popleft()], "service"
            request = page.service(action, step, timeout=page.settings.hang_after)
            response = yield from page.ask(request)
            yield from watch(page, request, response)

    yield from together([work() for _ in range(page.settings.connections)])


def _drain(page: Page, queue: deque[Request]) -> Flow[None]:
    def work() -> Flow[None]:
        while queue and not page.gone():
            request = queue.popleft()
            response = yield from page.ask(request)
            yield from watch(page, request, response)

    yield from together([work() for _ in range(min(page.settings.connections, len(queue)))])


def watch(page: Page, request: Request, response: Response) -> Flow[None]:
    """Mark "hang" when a boot request gave no answer for as long as a user watches (SEED)."""
    if response.error == "timeout":
        yield Mark("hang", {"number": page.number, "step": request.step, "waited": request.timeout})


def again(page: Page, shown: opening.Shown) -> Flow[None]:
    """The browser was shown OWA instead of the logon page: the same session starts once more."""
    page.left, page.navigation, page.tasks = "", None, []
    yield from read_page(page, Landing(shown.response, shown.target))
    if not page.gone():
        yield from _load(page)
