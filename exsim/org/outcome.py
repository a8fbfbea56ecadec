"""What a front end makes of one request: the answer, and what it will confess about it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from exsim.org.work import Ask
from exsim.wire.message import Answer

Stream = Generator[Ask, Any, None]


@dataclass(slots=True)
class Outcome:
    """`class_` and `cause` as in `confession`.  `stream`: the body follows piece by piece."""

    answer: Answer
    class_: str = "served"
    cause: str = ""
    user: str = ""
    back_end: str = ""
    wiped: tuple[str, ...] = ()
    stream: Stream | None = None
    answered_by_back_end: bool = False


Answering = Generator[Ask, Any, Outcome]
