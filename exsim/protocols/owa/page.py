"""One page of OWA in a browser: from an accepted logon until it is left.

It builds the requests that the page's scripts send, and does what they do when an answer refuses them:
440 or the logon page: the browser goes to /owa/ and is shown the logon page; 449: the fresh canary is
taken and the request sent once more, as a hop of its own; 412: the kept page is thrown away and the logon
page is shown; to another host, to sign in there: the window is closed.  What the real scripts do on 449 and 412 is *assumed*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from exsim.protocols.agent import REDIRECTS, Account, Agent
from exsim.protocols.flow import (
    Filled,
    Flow,
    Form,
    Join,
    Mark,
    Request,
    Response,
    Start,
    Stop,
    Task,
)
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa import opening
from exsim.protocols.owa.actions import Action
from exsim.protocols.owa.markup import is_logon_page, reason_of
from exsim.protocols.owa.settings import Settings
from exsim.wire import names

TWO_DIGITS = tuple(f"{number:02d}" for number in range(100))
THREE_DIGITS = tuple(f"{number:03d}" for number in range(1000))
LED_AWAY = ("thrown_out", "other_build")  # an answer made the browser go
CALL = Form(  # what each call of service.svc says of itself (CAP16)
    names.CANARY,
    names.ACTION_ID,
    names.CLIENT_BUILD,
    names.VERSION_ID,
    names.CORRELATION_ID,
    names.CLIENT_BEGIN,
)
XML_CALL = "<params><canary>{canary}</canary></params>"  # 2010: the canary travels in the body


@lru_cache(maxsize=8)
def _second(clock: int) -> str:
    return datetime.fromtimestamp(clock, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Page:
    """The scripts of one page.  `left`: why it is no longer there ("" while it is).

    `number` is the logon it belongs to.  `navigation`: the sub-flow by which it was left, where an answer
    made the browser go; its result is what the browser was shown then (an `opening.Shown`).
    """

    def __init__(self, client: Agent, account: Account, settings: Settings, number: int) -> None:
        self.client = client
        self.account = account
        self.settings = settings
        self.number = number
        self.left = ""
        self.navigation: Task | None = None
        self.replaced = False  # by what the navigation led to
        self.tasks: list[Task] = []
        self.build = ""
        self.client_id = ""
        self.legacy = False  # OWA 2010
        self.kept = False  # started from the application cache
        self.calls = 0  # of service.svc so far; their ids count down from -1

    def gone(self) -> bool:
        """Whether the page was left: nobody clicks in it any more."""
        return self.left != ""

    def silent(self) -> bool:
        """Whether its scripts have stopped: a start's calls go on until another page is there (SEED)."""
        return self.left != "" and (self.left not in LED_AWAY or self.replaced)

    def _replace(self) -> None:
        self.replaced = True

    # Requests ---------------------------------------------------------------------------------
    def request(
        self,
        method: str,
        target: str,
        step: str,
        headers: Iterable[tuple[str, str]] = lines.SCRIPT_CALL,
        body: bytes | None = None,
        timeout: float = 60.0,
        own: Sequence[tuple[str, str]] = (),
    ) -> Request:
        """A request of this page; the jar's cookies are added when it is sent."""
        settings = self.settings
        return Request(
            method,
            target,
            headers if isinstance(headers, tuple) else tuple(headers),
            body,
            step,
            self.number,
            self.account.address,
            origin=settings.origin,
            timeout=timeout,
            control=settings.control,
            forced=settings.forced,
            own=own,
        )

    def canary(self) -> str:
        """The newest canary, as a script reads it from document.cookie."""
        name = names.E14_USER_CONTEXT if self.legacy else names.CANARY
        return self.client.jar.line(names.SERVICE, self.client.clock).values.get(name, "")

    def service(
        self, action: Action, step: str, user: bool = True, timeout: float = 60.0
    ) -> Request:
        """A call of service.svc with its real headers (CAP16); `user` False: nobody asked for it."""
        self.calls += 1
        number, settings, build = f"-{self.calls}", self.settings, self.build
        second, milliseconds = divmod(int(self.client.clock * 1000), 1000)
        thousandths = THREE_DIGITS[milliseconds]
        own = (
            self.canary(),
            number,
            build,
            build,
            f"{self.client_id}_{second}{thousandths}{TWO_DIGITS[self.calls % 100]}",
            f"{_second(second)}.{thousandths}",
        )
        return Request(
            "POST",
            f"{action.target}{number}&AC=1" if user else f"{action.target}{number}&AC=1&UA=0",
            action.user if user else action.background,
            action.content,
            step,
            self.number,
            self.account.address,
            origin=settings.origin,
            timeout=timeout,
            control=settings.control,
            forced=settings.forced,
            own=Filled(CALL, own),
            path=names.SERVICE,
        )

    def event(
        self, namespace: str, event: str, step: str, user: bool = False, method: str = "POST"
    ) -> Request:
        """A call of 2010's ev.owa; a POST carries the canary in its XML (2010 SP3)."""
        target = f"{names.E14_EVENTS}?oeh=1&ns={namespace}&ev={event}{'' if user else '&UA=0'}"
        if method == "GET":
            return self.request("GET", target, step)
        body = XML_CALL.format(canary=self.canary()).encode("latin-1", "replace")
        return self.request("POST", target, step, (*lines.SCRIPT_CALL, lines.XML), body)

    # Answers ----------------------------------------------------------------------------------
    def ask(self, request: Request) -> Flow[Response]:
        """Send a request of the page's scripts and do what they do with the answer."""
        return self.client.send(request, self.react)

    def react(self, request: Request, response: Response) -> Flow[Response]:
        """What follows from an answer other than 200."""
        status = response.status
        if status == names.CANARY_REFUSED:
            response = yield from self.client.send(self._with_canary(request))
            status = response.status
        if status in REDIRECTS:
            landing = yield from self.client.follow(request, response)
            if is_logon_page(landing.target):
                yield from self.thrown_out(request, status, reason_of(landing.target))
            elif self.client.led_away(landing):
                self.close_window()  # nobody can sign in there for the user (*assumed*)
            return landing.response
        if status == names.LOGIN_TIMEOUT:
            yield from self.thrown_out(request, status)
        elif status == names.VERSION_MISMATCH:
            self.client.memory.clear()  # the kept page is of no use any more
            yield from self.leave("other_build", request, status, target=names.LOGON_PAGE)
        return response

    def _with_canary(self, request: Request) -> Request:
        """The same request as its second attempt, with the canary that came with the refusal."""
        fresh = self.canary()
        second = {names.CANARY: fresh, names.ATTEMPT: "2"}
        headers, own = (
            tuple((name, second.get(name, value)) for name, value in some)
            for some in (request.headers, request.own)
        )
        target, body = request.target.replace("&AC=1", "&AC=2"), request.body
        head, found, tail = target.partition(f"{names.CANARY}=")
        if found:
            target = f"{head}{found}{quote(fresh, safe='')}&{tail.partition('&')[2]}".rstrip("&")
        if self.legacy and body:
            body = XML_CALL.format(canary=fresh).encode("latin-1", "replace")
        return self.request(
            request.method, target, request.step, headers, body, request.timeout, own
        )

    # Leaving ----------------------------------------------------------------------------------
    def thrown_out(self, request: Request, status: int | None, reason: str = "") -> Flow[None]:
        """An answer says that nobody is logged on: the first one makes the browser go."""
        yield from self.leave("thrown_out", request, status, reason)

    def leave(
        self,
        why: str,
        request: Request,
        status: int | None,
        reason: str = "",
        target: str = names.OWA,
    ) -> Flow[None]:
        """Go to `target`, once; further refusals of the old page change nothing."""
        if self.left:
            return
        self.left, self.replaced = why, False
        facts: dict[str, str | int | None] = {
            "number": self.number,
            "step": request.step,
            "status": status,
            "account": self.account.address,
        }
        if reason:
            facts["reason"] = reason
        yield Mark(why, facts)
        self.navigation = yield Start(
            opening.open_owa(
                self.client,
                self.account,
                self.settings,
                self.number,
                target,
                arrived=self._replace,
            ),
            why,
        )

    def start(self, flow: Flow[None], name: str) -> Flow[None]:
        """Run a sub-flow that is to be stopped when the page is gone."""
        self.tasks.append((yield Start(flow, name)))

    def close_window(self) -> None:
        """The user closes the browser; what it holds without a time is forgotten."""
        self.left = "closed"
        self.client.jar.end_of_browser()

    def close(self) -> Flow[opening.Shown | None]:
        """The page is gone: end what it still keeps open; what the browser is shown now, if it was led away.

        Ordinary requests on the way are left to arrive: their answers still reach the jar.
        """
        shown: opening.Shown | None = None
        if self.navigation is not None:
            yield Join([self.navigation])
            shown = self.navigation.result
        for task in self.tasks:
            if not task.done:
                yield Stop(task)
        return shown
