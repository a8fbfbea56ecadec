"""Bytes of one client connection in, requests out.

Two parsers, chosen for each message: `httptools` (llhttp) is fast and refuses the methods RPC_IN_DATA
and RPC_OUT_DATA, so `h11` reads the head of each message whose method begins with `RPC_`.  Such a message
is out as soon as its head is there, and its body (up to 2 GiB) comes piece by piece and is never stored;
all others come whole.  Both kinds may follow one another on a connection, because a balancer mixes its
clients' requests on its connections to a node.  Nothing is read ahead: a message is taken only when it
is asked for, and what follows it stays raw.
"""

from __future__ import annotations

from dataclasses import dataclass

import h11
import httptools

from exsim.wire.message import Headers, Request, header

HEAD_LIMIT = (
    65536  # bytes; assumed (http.sys: 16384 by default, and a balancer stops before either)
)
BODY_LIMIT = 64 * 1024 * 1024  # bytes; assumed: the largest body of a client here is far below

PIECEWISE_LIMIT = 2 * 1024**3  # bytes of a body that comes piece by piece (MS-RPCH 2.1.2.1.1)
SKIPPED = 64 * 1024  # bytes that are still read away after an answer; assumed
# Of the names that frame a message: most headers are passed over by their length alone.
FRAMING_LENGTHS = frozenset(map(len, ("expect", "content-length", "transfer-encoding")))


class Refused(Exception):
    """What came in cannot be taken: `status` and `reason` are the answer, and the connection ends."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


@dataclass(slots=True)
class Message:
    """One request, and what its connection is to do after the answer."""

    request: Request
    keep_alive: bool
    chunks: bool  # the client understands a chunked answer (HTTP/1.1)
    length: int | None = None  # of the body that comes piece by piece; None: the request is whole


class Incoming:
    """The reading side of one connection.

    `feed` takes bytes as they come; `take` gives the next message, or None when more bytes are needed;
    `piece` gives what is here of the body of one that comes piece by piece.  `wants_continue` is set, once
    a message, while its body is awaited and the client waits for `100 Continue` before it sends it.
    Raises `Refused` for what is not HTTP, or too large.
    """

    def __init__(
        self, scheme: str, head_limit: int = HEAD_LIMIT, body_limit: int = BODY_LIMIT
    ) -> None:
        self.scheme = scheme
        self.wants_continue = False
        self._head_limit = head_limit
        self._body_limit = body_limit
        self._raw = b""
        self._reader: _Llhttp | _H11 | None = None
        self._llhttp = _Llhttp(body_limit)
        self._left = 0  # of the body that comes piece by piece

    @property
    def waiting(self) -> int:
        """Bytes that were fed and not yet taken."""
        return len(self._raw)

    def feed(self, data: bytes) -> None:
        self._raw = self._raw + data if self._raw else data

    def piece(self) -> bytes | None:
        """What is here of this message's body; empty: nothing yet; None: it is at its end."""
        if not self._left:
            return None
        piece, self._raw = self._raw[: self._left], self._raw[self._left :]
        self._left -= len(piece)
        if piece:  # a client that sends already waits for nothing
            self.wants_continue = False
        return piece

    @property
    def spent(self) -> bool:
        """Whether too much of this message's body is to come for the connection to go on after it."""
        return bool(self._left) and (self.wants_continue or self._left - len(self._raw) > SKIPPED)

    def take(self) -> Message | None:
        """The next message, or None.  What nobody took of the one before is skipped."""
        if self._left and self.piece() is not None and self._left:
            return None
        reader = self._reader or self._begin()
        if reader is None:
            return None
        self._raw = reader.read(self._raw)
        if not reader.done:
            self._reader = reader
            self.wants_continue, reader.expects = reader.expects, False
            return None
        self._reader = None
        message = reader.message(self.scheme)
        self._left = message.length or 0
        self.wants_continue = reader.expects if self._left else False
        return message

    def _begin(self) -> _Llhttp | _H11 | None:
        """The parser for the message that begins here; None while its head is incomplete."""
        raw = self._raw
        if raw[:1] in (
            b"\r",
            b"\n",
        ):  # stray line ends between messages are ignored (RFC 9112, 2.2)
            raw = self._raw = raw.lstrip(b"\r\n")
        end = raw.find(b"\r\n\r\n")
        if max(end, len(raw) if end < 0 else 0) > self._head_limit:
            raise Refused(431, "Request Header Fields Too Large")
        if end < 0:
            return None
        if raw.startswith(b"RPC_"):
            return _H11(self._head_limit)
        self._llhttp.reset()
        return self._llhttp


class _Llhttp:
    """One message at a time through llhttp, which is fed to the end of a message and no further."""

    def __init__(self, body_limit: int) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._body_limit = body_limit
        self.reset()

    def reset(self) -> None:
        self._method = ""
        self._version = ""
        self._target = b""
        self._headers: Headers = []
        self._pieces: list[bytes] = []
        self._size = 0
        self._left: int | None = None  # of the body, where the head said how long it is
        self._head_done = False
        self.done = False
        self.expects = False

    def read(self, raw: bytes) -> bytes:
        """Feed the rest of this message; what follows it is returned."""
        if not self._head_done:
            end = raw.index(b"\r\n\r\n") + 4
            self._feed(raw[:end])
            raw = raw[end:]
        while raw and not self.done:
            end = self._end_of_portion(raw)
            self._feed(raw[:end])
            raw = raw[end:]
        return raw

    def _end_of_portion(self, raw: bytes) -> int:
        """How much may be fed without running into the next message.

        A chunked body ends with a line end, so portions that end with one never reach beyond it.
        """
        if self._left is not None:
            portion = min(self._left, len(raw))
            self._left -= portion
            return portion
        line_end = raw.find(b"\n")
        return line_end + 1 if line_end >= 0 else len(raw)

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (
            httptools.HttpParserUpgrade
        ):  # no other protocol is spoken here: answered as plain HTTP
            if self._left != 0:
                raise Refused(400, "Bad Request") from None
            self._parser = httptools.HttpRequestParser(self)
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, Refused):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise Refused(400, "Bad Request") from error

    # What llhttp calls, in this order --------------------------------------------------------------
    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._head_done = True
        self._method = self._parser.get_method().decode("latin-1")
        self._version = self._parser.get_http_version()
        self._left, self.expects = _framing(self._headers, self._body_limit)

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._body_limit:
            raise Refused(413, "Request Entity Too Large")
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        self.done = True

    def message(self, scheme: str) -> Message:
        request = Request(
            method=self._method,
            target=self._target.decode("latin-1"),
            headers=self._headers,
            body=b"".join(self._pieces),
            scheme=scheme,
        )
        return Message(request, _keeps_alive(self._version, self._headers), self._version != "1.0")


class _H11:
    """The head of one message through h11, for methods that llhttp does not know."""

    def __init__(self, head_limit: int) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=head_limit)
        self._request: h11.Request | None = None
        self._headers: Headers = []
        self._length = 0
        self.done = False
        self.expects = False

    def read(self, raw: bytes) -> bytes:
        """Feed the head of this message, which is there; what follows it is returned."""
        end = raw.index(b"\r\n\r\n") + 4
        try:
            self._connection.receive_data(raw[:end])
            event = self._connection.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused(400, "Bad Request") from error
        if not isinstance(event, h11.Request):
            raise Refused(400, "Bad Request")
        self._request = event
        self._headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in event.headers.raw_items()
        ]
        length, self.expects = _framing(self._headers, PIECEWISE_LIMIT)
        if (
            length is None
        ):  # both channels promise a length (MS-RPCH 2.1.2.1); this answer is assumed
            raise Refused(411, "Length Required")
        self._length = length
        self.done = True
        return raw[end:]

    def message(self, scheme: str) -> Message:
        assert self._request is not None
        request = Request(
            method=self._request.method.decode("latin-1"),
            target=self._request.target.decode("latin-1"),
            headers=self._headers,
            scheme=scheme,
        )
        version = self._request.http_version.decode("latin-1")
        keep = _keeps_alive(version, self._headers)
        return Message(request, keep, version != "1.0", self._length)


def _framing(headers: Headers, body_limit: int) -> tuple[int | None, bool]:
    """How long the body is (None: chunked), and whether the client waits for `100 Continue`."""
    length: int | None = 0
    expects = False
    for name, value in headers:
        if len(name) not in FRAMING_LENGTHS:
            continue
        lower = name.lower()
        if lower == "transfer-encoding":
            length = None
        elif lower == "content-length" and length is not None:
            length = int(value) if value.isdecimal() else 0  # what is no number, the parser refuses
        elif lower == "expect":
            expects = value.lower() == "100-continue"
    if length is not None and length > body_limit:
        raise Refused(413, "Request Entity Too Large")
    return length, expects and length != 0


def _keeps_alive(version: str, headers: Headers) -> bool:
    words = (header(headers, "Connection") or "").lower()
    if version == "1.0":
        return "keep-alive" in words
    return "close" not in words
