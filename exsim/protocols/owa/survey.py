"""What a balancer keeps, asked by GETs without a cookie but its own: nobody logs on, and nothing is written.

Each flow is one experiment; who answered is for others to tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from exsim.protocols.flow import (
    NO_COOKIES,
    Connection,
    CookieLine,
    Flow,
    Lease,
    Pause,
    Release,
    Request,
    Response,
)
from exsim.protocols.owa import headers as lines
from exsim.session import keeping
from exsim.wire import names

TIMEOUT = 15.0  # seconds for one answer
BETWEEN = 0.02  # seconds between two requests: nobody's limit is met by them
ON_ONE, ON_NEW, WITH_COOKIE, RESUMED = 8, 8, 4, 6  # requests of each experiment
COOKIES, VALUES = 2, 3  # cookies that are tried, and values of each
HEALTH = f"{names.OWA}{names.HEALTH_CHECK}"
# Requests at most, but for those from other source addresses (two each) and to the nodes themselves (one each).
MOST_REQUESTS = 1 + ON_ONE + ON_NEW + COOKIES * VALUES * (WITH_COOKIE + 1) + RESUMED


def one_connection(path: str, count: int = ON_ONE) -> Flow[None]:
    """One connection, used again and again."""
    connection: Connection = yield Lease(fresh=True)
    for _ in range(count):
        yield _question(keeping.ON_ONE, path, connection)
        yield Pause(BETWEEN)
    yield Release(connection, keep=False)


def new_connections(
    path: str, step: str, count: int, cookies: CookieLine = NO_COOKIES
) -> Flow[None]:
    """A connection for each request."""
    for _ in range(count):
        yield from _once(path, step, cookies)


def cookie_shown(path: str, name: str, value: str, named: bool) -> Flow[None]:
    """A value of a cookie on new connections; where answers have no name, HealthCheck.htm is asked for one."""
    line = CookieLine({name: value})
    yield from new_connections(path, keeping.WITH_COOKIE, WITH_COOKIE, line)
    if not named:
        yield from _once(HEALTH, keeping.NAME, line)


def from_source(path: str) -> Flow[None]:
    """One request from this client's address."""
    yield from _once(path, keeping.FROM_SOURCE, NO_COOKIES)


def node_by_itself(node: str) -> Flow[None]:
    """A node at its own address: what it calls itself."""
    yield Request(
        "GET",
        names.OWA,
        lines.NAVIGATION,
        step=keeping.NODE,
        origin=node,
        timeout=TIMEOUT,
        control=True,
    )


def first_look() -> Flow[Response]:
    """One page without a cookie: does an answer say who gave it?"""
    return (yield from _once(names.OWA, keeping.ON_NEW, NO_COOKIES))


def cookies_in(response: Response) -> Iterator[tuple[str, str]]:
    """The cookies that an answer set and Exchange does not."""
    for line in response.headers_named(b"set-cookie"):
        name, _, rest = line.partition("=")
        value = rest.partition(";")[0].strip()
        if value and keeping.is_foreign(name.strip()):
            yield name.strip(), value


def _once(path: str, step: str, cookies: CookieLine) -> Flow[Response]:
    connection: Connection = yield Lease(fresh=True)
    response = yield from _question(step, path, connection, cookies)
    yield Release(connection, keep=False)
    yield Pause(BETWEEN)
    return response


def _question(
    step: str, path: str, connection: Connection, cookies: CookieLine = NO_COOKIES
) -> Request:
    return Request(
        "GET", path, lines.NAVIGATION, step=step, cookies=cookies, on=connection, timeout=TIMEOUT,
        control=True,
    )  # fmt: skip
