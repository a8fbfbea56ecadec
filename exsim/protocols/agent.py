"""A user agent: cookies, redirects as further hops, and the one resend that a browser makes.

Nothing is hidden: every request that it sends is a command of its own, and so a hop.  It does not log on,
does not retry an answer, and does not leave its hosts.  Driver's part: Host, request ids, connections.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from exsim.protocols.flow import (
    Channel,
    Dice,
    End,
    Flow,
    Head,
    Mark,
    Open,
    Pause,
    Receive,
    Request,
    Response,
)
from exsim.protocols.head import RawHeaders
from exsim.protocols.jar import Cookie, Jar, read_date

MOST_REDIRECTS = 10  # a loop has no natural end; browsers stop at twenty (Fetch standard), a finding is due before
SHORTEST_PAUSE = 1.0  # seconds between two sessions of one client (*assumed*)
_name_of = itemgetter(0)
REDIRECTS = frozenset((301, 302, 303, 307, 308))
KEEPS_METHOD = frozenset((307, 308))  # RFC 9110 15.4; the others make a POST a GET, as browsers do

React = Callable[[Request, Response], Flow[Response]]


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox and how its owner logs on.  `logon` is what is typed; `home` the version it lives on.

    `cookies`: of a browser that is logged on already.  `enter(client, account)`: a flow of the user's own, that
    logs on in place of exsim.
    """

    address: str
    logon: str = ""
    password: str = field(default="", repr=False)
    home: str = ""
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    enter: Callable[[Agent, Account], Flow[str | None]] | None = field(default=None, repr=False)

    @property
    def distinguished_name(self) -> str:
        """One for the mailbox; a profile has the real one (*assumed*: nobody here reads it)."""
        return f"/o=exsim/ou=users/cn=Recipients/cn={self.address.partition('@')[0]}"


@dataclass(slots=True)
class Landing:
    """Where a request ended: the last answer, and the path and query that gave it."""

    response: Response
    target: str
    hops: int = 1


class Agent:
    """One browser: its jar, its dice and its clock outlive sessions and mailboxes.

    `host` is the name in the URL (with its port, where that is not 443); `hosts` are further names that a
    redirect may lead to, and at which the same jar is used.  `origin` None asks the scenario's target, a
    name asks that node itself.  `steps` names the step of a redirect's further hop by its path.
    `clock` is the wall clock (seconds since 1970) as the last pause told it.
    """

    def __init__(
        self,
        host: str,
        dice: Dice,
        account: Account | None = None,
        *,
        hosts: Collection[str] = (),
        origin: str | None = None,
        steps: Mapping[str, str] | None = None,
    ) -> None:
        self.host = host.lower()
        self.hosts = frozenset(
            (self.host, self.host.removesuffix(":443"), *(name.lower() for name in hosts))
        )
        self.dice = dice
        self.account = account
        self.origin = origin
        self.steps = steps or {}
        self.jar = Jar(self.host)
        self.clock = 0.0
        self.number = 0  # logons so far; the number of the session that is, or was last
        self.memory: dict[str, str] = {}  # what else the browser keeps: its application cache

    def rest(self, seconds: float) -> Flow[float]:
        """Wait `seconds`; the wall clock."""
        clock: float = yield Pause(seconds)
        self.clock = clock
        return clock

    def send(self, request: Request, react: React | None = None) -> Flow[Response]:
        """One hop with the jar's cookies; the answer's are stored as it arrives.  No redirect is followed.

        `react`: what is done with any answer but a 200; its result is the answer then.  A reused connection that turned out closed before any byte of an answer came: sent once more, as a
        hop of its own, POST like GET (Chromium; RFC 9110 9.3.1 would stop at GET: *assumed* for POST).
        """
        path = request.path or request.target.partition("?")[0]
        if request.origin is None:
            request.origin = self.origin
        request.cookies = self.jar.line(path, self.clock)
        response: Response = yield request
        facts = response.facts
        if facts is None or (facts.set_cookies and not self.jar.knows(facts.set_cookies)):
            self.keep(response.headers, path)
        if (
            facts is None
            and response.error == "closed"
            and response.reused
            and response.status is None
            and request.on is None
        ):
            again = replace(request, cookies=self.jar.line(path, self.clock))
            response = yield again
            self.keep(response.headers, path)
        if react is not None and response.status != 200:
            response = yield from react(request, response)
        return response

    def keep(self, headers: RawHeaders, path: str) -> None:
        """Store an answer's cookies; a date of theirs is measured against the answer's own Date."""
        names = list(map(_name_of, headers))
        if b"set-cookie" not in names:
            return
        date = headers[names.index(b"date")][1] if b"date" in names else None
        told = None if date is None else read_date(date.decode("latin-1"))
        now = self.clock or told or 0.0
        self.jar.store(headers[names.index(b"set-cookie") :], path, now, told)

    def fetch(self, request: Request) -> Flow[Response]:
        """One request and the redirects that it meets; the last answer."""
        response = yield from self.send(request)
        if response.status not in REDIRECTS:
            return response
        landing = yield from self.follow(request, response)
        return landing.response

    def visit(self, request: Request) -> Flow[Landing]:
        """The same, and where it ended."""
        response = yield from self.send(request)
        if response.status not in REDIRECTS:
            return Landing(response, request.target)
        return (yield from self.follow(request, response))

    def follow(self, request: Request, response: Response) -> Flow[Landing]:
        """Follow the redirect `response` to `request`, ten hops at most, within `hosts`.

        Marks "redirect_loop" or "other_host" where it stops, and returns what it has.
        """
        hops = 1
        while response.status in REDIRECTS and (location := response.header(b"location")):
            target = self.target_of(location, request.target)
            if target is None:
                yield Mark("other_host", self._facts(request, location=other_end(location)))
                break
            if hops > MOST_REDIRECTS:
                yield Mark("redirect_loop", self._facts(request, hops=hops))
                break
            request = self._next(request, response, target)
            response = yield from self.send(request)
            hops += 1
        return Landing(response, request.target, hops)

    def target_of(self, location: str, asked: str) -> str | None:
        """Path and query of a Location, or None when it leads away from our hosts (or nowhere)."""
        host, target = _resolved(self.host, asked, location)
        return target if host in self.hosts else None

    def led_away(self, landing: Landing) -> bool:
        """Whether it stopped at a redirect that leads to somebody else's host."""
        location = landing.response.header(b"location")
        stopped = landing.response.status in REDIRECTS and location is not None
        return stopped and self.target_of(location or "", landing.target) is None

    def open(self, request: Request) -> Flow[tuple[Channel, Head | End]]:
        """Begin an exchange that is read piece by piece: its channel and its head (or why none came)."""
        path = request.target.partition("?")[0]
        if request.origin is None:
            request.origin = self.origin
        request.cookies = self.jar.line(path, self.clock)
        channel: Channel = yield Open(request)
        head: Head | End | bytes = yield Receive(channel, request.timeout)
        if isinstance(head, bytes):  # no driver sends a body before its head
            head = End("unreadable")
        if isinstance(head, Head):
            self.keep(head.headers, path)
        return channel, head

    def _next(self, request: Request, response: Response, target: str) -> Request:
        """The hop that a redirect asks for."""
        step = self.steps.get(target.partition("?")[0].lower(), request.step)
        if response.status in KEEPS_METHOD:
            return replace(request, target=target, path="", step=step)
        return replace(
            request,
            method="GET",
            target=target,
            path="",
            headers=_without_body(tuple(request.headers)),
            body=None,
            step=step,
            writes=None,
            attempt="",  # the password was in the body
            makes="",
        )

    def _facts(self, request: Request, **more: str | int) -> dict[str, str | int]:
        return {"number": request.session, "step": request.step, **more}


@lru_cache(maxsize=512)
def _resolved(host: str, asked: str, location: str) -> tuple[str | None, str]:
    """The host, and path and query, that a Location means on the page `asked`; no host: none that is https."""
    try:
        url = urlsplit(urljoin(f"https://{host}{asked}", location.strip()))
    except ValueError:
        return None, ""
    if url.scheme != "https":
        return None, ""
    target = url.path or "/"
    target = f"{target}?{url.query}" if url.query else target
    return url.netloc.lower().rpartition("@")[2].removesuffix(":443"), as_sent(target)


BODY_HEADERS = frozenset(("Content-Type", "Origin"))  # of a POST, not of the GET it becomes


@lru_cache(maxsize=256)
def _without_body(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(item for item in headers if item[0] not in BODY_HEADERS)


def as_sent(target: str) -> str:
    """`target` without what cannot stand in a request line: blanks and what is not ASCII, escaped."""
    if target.isascii() and target.isprintable() and " " not in target:
        return target
    return "".join(
        sign
        if "!" <= sign <= "~"
        else "".join(f"%{octet:02X}" for octet in sign.encode("utf-8", "replace"))
        for sign in target
    )


def other_end(location: str) -> str:
    """The scheme and host of a Location that is not followed; never its query, which may carry secrets."""
    try:
        url = urlsplit(location)
    except ValueError:
        return "unreadable"
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"[:200]
