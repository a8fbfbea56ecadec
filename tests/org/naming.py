"""A service for tests: it says in whose name the request came."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from exsim.org.actions import marker
from exsim.org.answers import answer
from exsim.org.back_request import Asked, Reply
from exsim.org.confession import confide
from exsim.org.entropy import Entropy
from exsim.org.settings import Node, Organisation
from exsim.org.work import Ask, Wait


class Naming:
    """Answers every request with the marker of the mailbox; `/lost` with a context that is not known."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._node = node

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        yield Wait(0.001)
        made = answer(200, f"{self._node.name} {marker(asked.mailbox)}".encode(), "text/plain")
        if asked.incoming.segment == "lost":
            confide(made, "lost_context", "no_context")
        return made, None
