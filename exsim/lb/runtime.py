"""HAProxy's runtime socket: what it thinks of its servers, and taking one out."""

from __future__ import annotations

import csv
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from exsim.lb.errors import LbError

LIMIT = 5.0  # seconds for one command
STATES = ("ready", "drain", "maint")


@dataclass(frozen=True, slots=True)
class ServerState:
    """One line of `show stat`.  `status`: "UP", "DOWN", "DRAIN", "MAINT", "no check"; `check`: "L7OK", …"""

    lb_backend: str
    lb_server: str
    status: str
    check: str


@dataclass(frozen=True, slots=True)
class FrontendState:
    """Connections of one frontend: now, at most since the start, and allowed."""

    lb_frontend: str
    now: int
    most: int
    limit: int

    @property
    def was_full(self) -> bool:
        """At its limit HAProxy leaves clients waiting in silence: no answer, no line in the log (measured on 2.8)."""
        return 0 < self.limit <= self.most


class Runtime:
    """Commands to one running HAProxy.  Raises LbError when it does not answer, or answers with a refusal."""

    def __init__(self, path: str) -> None:
        self.path = path

    def ask(self, command: str) -> str:
        """What HAProxy answers to `command`."""
        answer = b""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(LIMIT)
                line.connect(self.path)
                line.sendall(command.encode() + b"\n")
                while piece := line.recv(65536):
                    answer += piece
        except OSError as error:
            raise LbError(f"HAProxy's runtime socket does not answer: {error}") from error
        return answer.decode(errors="replace").strip()

    def servers(self) -> list[ServerState]:
        """Every server of every backend, as HAProxy sees it now."""
        return [
            ServerState(
                row["pxname"], row["svname"], row["status"], row["check_status"].lstrip("* ")
            )
            for row in self._statistics()
            if row["svname"] not in ("FRONTEND", "BACKEND")
        ]

    def frontends(self) -> list[FrontendState]:
        """Every frontend's connections."""
        return [
            FrontendState(row["pxname"], int(row["scur"]), int(row["smax"]), int(row["slim"] or 0))
            for row in self._statistics()
            if row["svname"] == "FRONTEND"
        ]

    def _statistics(self) -> Iterator[dict[str, str]]:
        return csv.DictReader(self.ask("show stat").removeprefix("# ").splitlines())

    def info(self) -> dict[str, str]:
        """`show info`, by name."""
        pairs = (line.partition(":") for line in self.ask("show info").splitlines())
        return {name: value.strip() for name, _, value in pairs}

    def set_state(self, lb_server: str, state: str) -> None:
        """`lb_server` to "ready", "drain" or "maint" in every backend that has it."""
        if state not in STATES:
            raise LbError(f"{state}: not one of {', '.join(STATES)}")
        places = [one.lb_backend for one in self.servers() if one.lb_server == lb_server]
        if not places:
            raise LbError(f"no backend has a server {lb_server}")
        for place in places:
            if refusal := self.ask(f"set server {place}/{lb_server} state {state}"):
                raise LbError(refusal)
