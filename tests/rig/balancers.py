"""Balancers in memory: which node gets a request, and what the balancer adds to the answer.

Models of what HAProxy was measured to do (HAPROXY), just exact enough to spread requests the same way.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

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
