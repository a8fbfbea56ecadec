"""Heads of answers and of forwarded requests as bytes, and a back end's answer read back.  Sans-IO.

The reason phrase goes out as the node wrote it (`440 Login Timeout`), and so does the case of every
header's name: standard servers lose the one or the other.  What frames a message (length, chunks, the
connection's fate) is written here and nowhere else; the node's own lines about it are dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import httptools

from exsim.wire.message import Answer, Request

FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
# An expectation is met by the front end itself; the hop behind it begins with the whole body at hand.
NOT_FORWARDED = FRAMING | {"expect"}
LEAST_STREAMED = 128 * 1024  # bytes: the shortest answer of an OUT channel (MS-RPCH 2.1.2.1.2)
LAST_CHUNK = b"0\r\n\r\n"
NO_BODY = frozenset({204, 304})


def answer_head(
    answer: Answer, length: int | None, *, method: str, chunked: bool, close: bool, date: str
) -> bytes:
    """The head of `answer`.  `length` None: streamed, `chunked` or (HTTP/1.0) until the end.

    The answer to a HEAD keeps the length that the node gave, because the body it speaks of is not sent.
    """
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    dated = False
    for name, value in answer.headers:
        lower = name.lower()
        if lower in FRAMING:
            if method == "HEAD" and lower == "content-length":
                length = int(value)
            continue
        dated = dated or lower == "date"
        lines.append(f"{name}: {value}")
    if not dated:
        lines.append(f"Date: {date}")
    if length is None:
        if chunked:
            lines.append("Transfer-Encoding: chunked")
    elif answer.status not in NO_BODY and answer.status >= 200:
        lines.append(f"Content-Length: {length}")
    if close:
        lines.append("Connection: close")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of a streamed body; `data` must not be empty, because an empty chunk ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def declared(answer: Answer) -> int | None:
    """The length that a node itself gives to an answer; None when it gives none."""
    value = answer.header("Content-Length")
    return int(value) if value is not None and value.isdecimal() else None


def forwarded(request: Request, length: int | None = None) -> bytes:
    """`request` as it goes on to a back end.  `length`: of a body that follows piece by piece."""
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{k}: {v}" for k, v in request.headers if k.lower() not in NOT_FORWARDED]
    if length is None and (request.body or request.method not in ("GET", "HEAD")):
        length = len(request.body)
    if length is not None:
        lines.append(f"Content-Length: {length}")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("latin-1") + request.body


def asks_to_close(headers: Sequence[tuple[str, str]]) -> bool:
    """Whether a message says `Connection: close`."""
    return any(k.lower() == "connection" and "close" in v.lower() for k, v in headers)


class Reply:
    """A back end's answer, read from the bytes of one connection.

    `head` is there once the head is; `streaming` says that its body is of unknown length, or the long one
    of an RPC channel; `pieces` are what came of the body and was not taken yet; `done` after the last.
    Raises httptools' errors.
    """

    def __init__(self, method: str) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._bodiless = method == "HEAD"
        self._piecewise = method.startswith("RPC_")
        self._reason = b""
        self._headers: list[tuple[str, str]] = []
        self.head: Answer | None = None
        self.streaming = False
        self.keep_alive = True
        self.pieces: deque[bytes] = deque()
        self.held = 0  # bytes in `pieces`
        self.done = False

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def end(self) -> bool:
        """The connection ended; True when that is how the body ends."""
        if self.head is not None and not self.done and self._until_end:
            self.done = True
        return self.done

    def take(self) -> bytes:
        """The next piece of the body."""
        piece = self.pieces.popleft()
        self.held -= len(piece)
        return piece

    def on_status(self, part: bytes) -> None:
        self._reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200:  # an interim answer is a message of its own
            return
        names = {name.lower(): value.lower() for name, value in self._headers}
        self._until_end = "content-length" not in names and "transfer-encoding" not in names
        length = names.get("content-length", "")
        long = self._piecewise and length.isdecimal() and int(length) >= LEAST_STREAMED
        chunked = "chunked" in names.get("transfer-encoding", "")
        self.streaming = (chunked or long) and not self._bodiless
        self.keep_alive = self._parser.should_keep_alive() and not self._bodiless
        kept = [
            (k, v)
            for k, v in self._headers
            if k.lower() not in FRAMING
            or ((self._bodiless or long) and k.lower() == "content-length")
        ]
        reason = self._reason.decode("latin-1")
        self.head = Answer(status, reason, kept, close=asks_to_close(self._headers))
        self.done = self._bodiless

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)
        self.held += len(data)

    def on_message_complete(self) -> None:
        if self.head is None:
            self._reason, self._headers = b"", []
        else:
            self.done = True
