"""How a wanted node can be asked: at its own address, by the balancer's cookie, or on a connection.

Tried in that order.  The last is what Microsoft's own client does to establish affinity (MWC): ask without
cookies, look at who answered, drop the connection, ask again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from exsim.protocols.flow import (
    NO_COOKIES,
    Connection,
    CookieLine,
    Flow,
    Lease,
    Release,
    Request,
    Response,
)
from exsim.protocols.owa import headers as lines
from exsim.wire import names

TRIES_PER_NODE = 3


@dataclass(frozen=True, slots=True)
class Farm:
    """What is known of the nodes and of the balancer before them.

    `origins`: nodes with an address of their own.  `lb_cookie`: the name of the balancer's persistence
    cookie, "" without one.  `lb_servers`: the balancer's name of a server -> node.  `lb_values`: node -> a
    value of that cookie which leads there.  `distrusted`: names in X-FEServer that are not believed.
    """

    nodes: Collection[str]
    origins: Collection[str] = ()
    lb_cookie: str = ""
    lb_servers: Mapping[str, str] = field(default_factory=dict)
    lb_values: Mapping[str, str] = field(default_factory=dict)
    distrusted: Collection[str] = frozenset()

    @property
    def tries(self) -> int:
        """How often a node is looked for."""
        return TRIES_PER_NODE * max(1, len(self.nodes))


@dataclass(frozen=True, slots=True)
class Way:
    """A way to `node`; at most one of the others is set.  A `connection` is leased until `leave_way`."""

    node: str
    origin: str | None = None
    persistence: str | None = None  # value of the balancer's cookie
    connection: Connection | None = None

    def cookies(self, line: CookieLine, lb_cookie: str) -> CookieLine:
        """`line`, with the balancer's cookie set to this node's; the snapshot itself stays as it is."""
        if self.persistence is None:
            return line
        return CookieLine({**line.values, lb_cookie: self.persistence})


def front_end_of(response: Response, farm: Farm) -> str | None:
    """Who answered, in capitals, or None: the front end's header, 2010's, the balancer's own, its cookie."""
    said = response.header(b"x-feserver") or response.header(b"x-diaginfo")
    if said and said.strip().upper() not in farm.distrusted:
        return said.strip().upper()
    server = response.header(b"x-lb-server")
    if not server:
        value = persistence_in(response, farm.lb_cookie)
        led = (node for node, known in farm.lb_values.items() if value and known == value)
        return next(led, None)
    node = farm.lb_servers.get(server) or farm.lb_servers.get(server.rpartition("/")[2])
    return node.upper() if node else None


def question(on: Connection | None, **more: Any) -> Request:
    """Who is there?  A GET without a cookie: it belongs to no session, and no session is lost by it."""
    return Request(
        "GET", names.OWA, lines.NAVIGATION, step="find", cookies=NO_COOKIES, on=on, **more
    )


def find(farm: Farm, wanted: str, control: bool = False, forced: bool = False) -> Flow[Way | None]:
    """A way to the node `wanted`, or None when `farm.tries` connections did not meet it."""
    if wanted in farm.origins:
        return Way(wanted, origin=wanted)
    if farm.lb_cookie and wanted in farm.lb_values:
        return Way(wanted, persistence=farm.lb_values[wanted])
    for _ in range(farm.tries):
        connection = yield from Lease(fresh=True)
        response = yield from question(connection, control=control, forced=forced)
        if front_end_of(response, farm) == wanted.upper():
            value = persistence_in(response, farm.lb_cookie)
            if value is None:
                return Way(wanted, connection=connection)
            yield Release(connection)
            return Way(wanted, persistence=value)
        yield Release(connection, keep=False)
    return None


def persistence_in(response: Response, lb_cookie: str) -> str | None:
    """The value that the balancer's cookie was set to, or None."""
    if not lb_cookie:
        return None
    for line in response.headers_named(b"set-cookie"):
        name, _, rest = line.partition("=")
        if name.strip() == lb_cookie and (value := rest.partition(";")[0].strip()):
            return value
    return None


def leave_way(way: Way | None) -> Flow[None]:
    """Give the connection back, if the way is one."""
    if way is not None and way.connection is not None:
        yield Release(way.connection, keep=False)
