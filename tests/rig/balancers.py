"""Balancers in memory: which node gets a request, and what the balancer adds to the answer.

Models of what HAProxy was measured to do (HAPROXY), just exact enough to spread requests the same way.
"""

from __future__ import annotations

from itertools import cycle
from random import Random
from typing import Any

from exsim.wire import names
from exsim.wire.message import Answer, Headers, cookies_of, header

PERSISTENCE_COOKIE = "LB01"


class PerRequest:
    """Round robin, every request anew: today's HAProxy with the incident's options."""

    def __init__(self, nodes: list[str]) -> None:
        self.nodes = nodes
        self.ring = cycle(nodes)

    def choose(self, line: Any, headers: Headers) -> str:
        return next(self.ring)

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
