"""How a browser comes to the logon form: GET /owa/, the redirect, the page in two steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exsim.protocols.agent import Account, Agent, Landing
from exsim.protocols.flow import Connection, Flow, Mark, Request, Response
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.markup import LogonForm, is_logon_page, next_step, read_logon_form
from exsim.protocols.owa.settings import Settings
from exsim.wire import names

# The step of a redirect's further hop, by its path: what `Agent.steps` is for OWA
STEPS = {names.LOGON_PAGE: "logon_page", names.OWA: "boot", names.SIGNOUT_PAGE: "logoff"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the browser shows at the end of a navigation: a logon form, a start page, or neither."""

    response: Response
    target: str
    form: LogonForm | None = None

    @property
    def is_start_page(self) -> bool:
        """Whether OWA itself is shown: the cookies in the jar were still good."""
        return self.form is None and self.response.status == 200 and not is_logon_page(self.target)


def navigate(
    client: Agent,
    account: Account,
    settings: Settings,
    number: int,
    target: str,
    step: str,
    on: Connection | None = None,
) -> Flow[Landing]:
    """The address line: one GET and its redirects.  `on`: the connection that they must use."""
    request = Request(
        "GET",
        target,
        lines.NAVIGATION,
        None,
        step,
        number,
        account.address,
        origin=settings.origin,
        on=on,
        control=settings.control,
        forced=settings.forced,
    )
    return (yield from client.visit(request))


def open_owa(
    client: Agent,
    account: Account,
    settings: Settings,
    number: int,
    target: str = names.OWA,
    on: Connection | None = None,
    arrived: Callable[[], None] = lambda: None,
) -> Flow[Shown]:
    """GET `target` and what the logon page's first step leads to.  Marks "no_logon_form" when nothing fits.

    `arrived` is called when there is something to show: until then a browser leaves the old page standing.
    """
    client.steps = STEPS
    landing = yield from navigate(client, account, settings, number, target, "open", on)
    arrived()
    response, target = landing.response, landing.target
    form = read_logon_form(response.body)
    onward = None if form else next_step(response.body, target)
    if onward is not None:
        asked = client.target_of(onward, target)
        if asked is not None:
            landing = yield from navigate(
                client, account, settings, number, asked, "logon_form", on
            )
            response, target = landing.response, landing.target
            form = read_logon_form(response.body)
    shown = Shown(response, target, form)
    if form is None and not shown.is_start_page:
        yield Mark("no_logon_form", {"number": number, "status": response.status})
    return shown
