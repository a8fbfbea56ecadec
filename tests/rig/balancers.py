"""Balancers in memory: which node gets a request, and what the balancer adds to the answer.

Models of what HAProxy was measured to do (HAPROXY), just exact enough to spread requests the same way.
"""

from __future__ import annotations

from itertools import count, cycle
from random import Random
from typing import Any

from exsim.org.work import Peer
from exsim.wire import names
from exsim.wire.message import Answer, Headers, cookies_of, header, headers_named

PERSISTENCE_COOKIE = "LB01"


class PerRequest:
    """Round robin, every request anew: today's HAProxy with the incident's options."""

    def __init__(self, nodes: list[str]) -> None:
        self.nodes = nodes
        self.ring = cycle(nodes)

    def choose(self, line: Any, headers: Headers) -> str:
        return next(self.ring)

    def carry(self, line: Any, node: str) -> Peer | None:
        """The server connection that a request goes out on; None: the client connection's own to that node."""
        return None

    def answered(self, line: Any, headers: Headers, node: str, answer: Answer) -> None:
        """Nothing is added."""


class PerConnection(PerRequest):
    """Round robin over connections, as in 2017: a client connection keeps its server until that closes."""

    def choose(self, line: Any, headers: Headers) -> str:
        if line.server is None:
            line.server = next(self.ring)
        return str(line.server)

    def answered(self, line: Any, headers: Headers, node: str, answer: Answer) -> None:
        if (header(answer.headers, "Connection") or "").lower() == "close" or answer.close:
            line.server = None


class ByCookie(PerRequest):
    """`cookie LB01 insert indirect nocache`."""

    def choose(self, line: Any, headers: Headers) -> str:
        wanted = cookies_of(headers).get(PERSISTENCE_COOKIE)
        return wanted if wanted in self.nodes else next(self.ring)

    def answered(self, line: Any, headers: Headers, node: str, answer: Answer) -> None:
        if cookies_of(headers).get(PERSISTENCE_COOKIE) != node:
            answer.headers.append(("Set-Cookie", f"{PERSISTENCE_COOKIE}={node}; path=/"))


class BySource(PerRequest):
    """`balance source`: one client address, one node."""

    def choose(self, line: Any, headers: Headers) -> str:
        return self.nodes[line.user % len(self.nodes)]


class ByCookieButLast(ByCookie):
    """The same, but for what a page sends while it is left: that goes anywhere."""

    def choose(self, line: Any, headers: Headers) -> str:
        if line.target.lower().startswith(names.PAGE_LOAD_TIMES):
            return next(self.ring)
        return super().choose(line, headers)

    def answered(self, line: Any, headers: Headers, node: str, answer: Answer) -> None:
        if not line.target.lower().startswith(names.PAGE_LOAD_TIMES):
            super().answered(line, headers, node, answer)


class Moving(PerRequest):
    """Keeps a user on one node, and moves him to another at moments that nobody can foresee."""

    STAYS = (3, 60)  # requests at one node

    def __init__(self, nodes: list[str]) -> None:
        super().__init__(nodes)
        self.dice = Random(len(nodes))  # the same in every run: the rig has one seed elsewhere
        self.places: dict[int, str] = {}
        self.left: dict[int, int] = {}

    def choose(self, line: Any, headers: Headers) -> str:
        user = line.user
        if not self.left.get(user):
            others = [node for node in self.nodes if node != self.places.get(user)]
            self.places[user] = self.dice.choice(others or self.nodes)
            self.left[user] = self.dice.randint(*self.STAYS)
        self.left[user] -= 1
        return self.places[user]


class EachAnew(PerRequest):
    """`option http-server-close`: each request goes out on a server connection of its own."""

    def __init__(self, nodes: list[str]) -> None:
        super().__init__(nodes)
        self.numbers = count(900_000)

    def carry(self, line: Any, node: str) -> Peer | None:
        return Peer(next(self.numbers))


class Shared(EachAnew):
    """Server connections that clients share once they are idle, as a proxy without knowledge of NTLM does."""

    private_after_401 = False
    first_request_alone = False  # the first of a client connection opens a connection of its own

    def __init__(self, nodes: list[str]) -> None:
        super().__init__(nodes)
        self.idle: dict[str, list[Peer]] = {node: [] for node in nodes}
        self.own: dict[int, tuple[str, Peer]] = {}  # client connection -> its private one
        self.used: dict[int, tuple[str, Peer]] = {}  # client connection -> the one in use
        self.served: set[int] = set()

    def choose(self, line: Any, headers: Headers) -> str:
        own = self.own.get(line.number)
        return own[0] if own else super().choose(line, headers)

    def carry(self, line: Any, node: str) -> Peer | None:
        own = self.own.get(line.number)
        if own:
            return own[1]
        alone = self.first_request_alone and line.number not in self.served
        idle = self.idle[node]
        peer = idle.pop() if idle and not alone else Peer(next(self.numbers))
        self.served.add(line.number)
        self.used[line.number] = (node, peer)
        return peer

    def answered(self, line: Any, headers: Headers, node: str, answer: Answer) -> None:
        used = self.used.pop(line.number, None)
        if used is None:
            return
        asks = headers_named(answer.headers, names.WWW_AUTHENTICATE)
        if self.private_after_401 and any(ask.startswith(("NTLM", "Nego")) for ask in asks):
            self.own[line.number] = used
        else:
            self.idle[node].append(used[1])


class ReuseAlways(Shared):
    """HAProxy since 2.2, `http-reuse always`: private after a 401 that asks for NTLM or Negotiate."""

    private_after_401 = True


class ReuseSafe(ReuseAlways):
    """HAProxy's default, `http-reuse safe`."""

    first_request_alone = True
