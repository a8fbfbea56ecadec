"""A session once more: a fresh logon, then the same requests in the same order, each to the node that had answered it.

One request at a time, so what two requests in flight did to each other does not come back: a loss that
does not return was a race, or a matter of time.  A history holds no bodies, so they are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from exsim.protocols.agent import REDIRECTS, Account, Agent
from exsim.protocols.flow import Flow, Request, Response
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.actions import ACTIONS, subscribe
from exsim.protocols.owa.crossing import log_on
from exsim.protocols.owa.fingerprint import TIMEOUT
from exsim.protocols.owa.markup import is_logon_page, read_boot_page, reason_of
from exsim.protocols.owa.notifications import new_channel_id
from exsim.protocols.owa.page import XML_CALL, Page
from exsim.protocols.owa.settings import Settings
from exsim.protocols.owa.way import Farm, Way
from exsim.wire import names

HELD = 1.0  # seconds for an answer that is held open for minutes when all is well
_CANARY = re.compile(rf"({names.CANARY}=)[^&]*")
_REMOVED = re.compile(r"[?&][^?&=]*=?[^?&]*…[^?&]*")  # what a history does not tell


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the old session.  `after`: seconds since the one before was sent."""

    method: str
    target: str
    step: str
    node: str
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one time.  `logon`: accepted, refused, no_form or error; `asked`: requests after it.

    `lost_by`: the node whose answer ended the session, "" when none did; `at` is the number of that
    request, from 1.
    """

    logon: str
    detail: str = ""
    asked: int = 0
    lost_by: str = ""
    at: int = 0
    request: str = ""
    status: int | None = None
    reason: str = ""

    @property
    def lost(self) -> bool:
        return bool(self.lost_by)


def once_more(
    client: Agent,
    account: Account,
    private: bool,
    login: str,
    steps: Sequence[Step],
    paced: bool = False,
) -> Flow[Trial]:
    """Log on at the node `login`, then ask each step.  `paced`: with the pauses of the old session."""
    nodes = tuple({login, *(step.node for step in steps)})
    farm = Farm(nodes, nodes)
    attempt = yield from log_on(client, account, private, Way(login, origin=login), farm)
    if attempt.copy is None:
        return Trial(attempt.status, attempt.detail)
    settings = Settings(private=private, control=True)
    page = Page(client, account, settings, client.number)
    page.legacy = attempt.copy.legacy
    for number, step in enumerate(steps, 1):
        yield from client.rest(step.after if paced else 0.0)
        response = yield from client.send(request_of(page, step))
        _learn(page, step, response)
        if is_loss(page, response):
            location = response.header(b"location") or ""
            return Trial(
                "accepted", "", number, step.node, number, f"{step.method} {step.target}",
                response.status, reason_of(location),
            )  # fmt: skip
    return Trial("accepted", "", len(steps))


def is_loss(page: Page, response: Response) -> bool:
    """Whether the session is over: refused, or its cookies are gone."""
    if response.status == names.LOGIN_TIMEOUT and not response.header(b"x-beserver"):
        return True
    location = response.header(b"location") or ""
    led_away = response.status in REDIRECTS and is_logon_page(urlsplit(location).path)
    return led_away or page.client.jar.value(names.CADATA) is None


def request_of(page: Page, step: Step) -> Request:
    """A step's request as this page would send it: with its own canary, its own channel, its own body."""
    target = _REMOVED.sub("", _CANARY.sub(rf"\g<1>{quote(page.canary(), safe='')}", step.target))
    action = _action(step.target)
    if action == "SubscribeToNotification":
        made = page.service(subscribe(new_channel_id(page.client.dice)), step.step)
    elif action in ACTIONS and step.method == "POST":
        made = page.service(ACTIONS[action], step.step, "UA=0" not in step.target)
    else:
        made = page.request(step.method, target, step.step, *_headers_and_body(page, step))
    made.origin = step.node
    made.timeout = HELD if step.step == "channel_wait" else TIMEOUT
    return made


def _action(target: str) -> str:
    if not target.lower().startswith(names.SERVICE):
        return ""
    return parse_qs(urlsplit(target).query).get("action", [""])[0]


def _headers_and_body(page: Page, step: Step) -> tuple[lines.Lines, bytes | None]:
    if step.method != "POST":
        return (lines.NAVIGATION if step.step in ("boot", "logoff") else lines.SCRIPT_CALL), None
    if page.legacy:
        return (*lines.SCRIPT_CALL, lines.XML), XML_CALL.format(canary=page.canary()).encode()
    quiet = lines.BACKGROUND_CALL if "UA=0" in step.target else lines.SCRIPT_CALL
    return (*quiet, lines.PLAIN, (names.CANARY, page.canary())), b""


def _learn(page: Page, step: Step, response: Response) -> None:
    """What the start page says, which later requests carry."""
    if step.step == "boot" and response.status == 200:
        said = read_boot_page(response.body)
        page.build = said.build or page.build
        page.client_id = said.client_id or page.client_id
