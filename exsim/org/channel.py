"""The notification channel: a POST that opens it, and a GET that is answered piece by piece.

A line each 40 s; the life of 300 s is looked at on that tick, hence an end at 320 s (E13, QA-440).
"""

from __future__ import annotations

import json

from exsim.org.answers import HTML, answer
from exsim.org.outcome import Stream
from exsim.org.work import Piece, Wait
from exsim.wire.message import Answer

TICK = 40.0
LIFE = 300.0


def opened(cid: str) -> Answer:
    """The answer to FinishNotificationRequest."""
    body = json.dumps({"cid": cid, "syncFnshRq": 0}, separators=(",", ":"))
    return answer(200, body.encode(), HTML)


def head() -> Answer:
    """The head of PendingNotificationRequest's answer."""
    return answer(200, kind=HTML, headers=[("X-NoCompression", "1"), ("X-NoBuffering", "1")])


def line(data: str, mark: int) -> bytes:
    """One notification as the page's script reads it."""
    return f"<script>{{id:'pg',data:'{data}',mark:'{mark}'}}</script>\r\n".encode()


def pieces(scale: float) -> Stream:
    """The body: alive each tick, and `restart` at the first tick past its life."""
    passed, mark = 0.0, 0
    while passed < LIFE:
        yield Wait(TICK * scale)
        passed += TICK
        yield Piece(line("alive1" if passed < LIFE else "restart", mark))
        mark += 1
