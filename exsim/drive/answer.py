"""The ordinary answer: whole in one read, its head looked up among those that came before.

Nearly every answer is one, and within a second most heads differ in their request-id alone; where a head is
new, nearly all of its lines are not.  What is anything else (a part of an answer, chunks, an odd line, two
lengths) is not judged here: llhttp reads it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

from exsim.protocols.head import LONGEST, REQUEST_ID, HeadFacts, RawHeaders

Header = tuple[bytes, bytes]

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ([\x20-\x7e]+)")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_IN_VALUES = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
_LENGTH = re.compile(rb"\d{1,9}")
_BODILESS = (204, 304)
_FRAMING = frozenset((b"content-length", b"transfer-encoding"))
# Headers that change where an answer or its connection ends.
_PARSERS = frozenset((b"transfer-encoding", b"connection", b"proxy-connection", b"upgrade"))
_ID_LINE = b"\r\nrequest-id: "  # as IIS writes it: the one line that is always new
MOST_KNOWN = 2048  # lines: of a server that never repeats itself no more than these are held
MOST_HEADS = 1024
LONGEST_KNOWN = 512
LONGEST_HEAD = 4096  # bytes of a head that is looked up whole
LONGEST_BODY = 4096  # bytes of a body that is held
CHUNK = 65536
# Read into, and never allocated: blocks of this size, given back at once, leave holes that small ones break up
ARRIVED = bytearray(CHUNK)
BUFFER = memoryview(ARRIVED)


class _Headers(dict[bytes, Header | None]):
    """A line -> the header that it is; None: not an ordinary one."""

    def __missing__(self, line: bytes) -> Header | None:
        header = _read_header(line)
        if len(line) <= LONGEST_KNOWN and (header is None or header[0] != REQUEST_ID):
            if len(self) >= MOST_KNOWN:
                self.clear()
            self[line] = header
        return header


class _Statuses(dict[bytes, tuple[int, str] | None]):
    """A status line -> status and phrase; None: not an ordinary one."""

    def __missing__(self, line: bytes) -> tuple[int, str] | None:
        found = _STATUS.fullmatch(line)
        status = None
        if found is not None and int(found[1]) not in _BODILESS:
            status = int(found[1]), found[2].decode("ascii")
        if len(self) < MOST_KNOWN and len(line) <= LONGEST_KNOWN:
            self[line] = status
        return status


_statuses, _headers = _Statuses(), _Headers()
_header_of = _headers.__getitem__


class Known:
    """A head that came before, and will again but for the value of its request-id, which is not in it.

    `length` of the body, in bytes.
    """

    __slots__ = ("facts", "headers", "length", "reason", "status")

    def __init__(self, status: tuple[int, str], headers: RawHeaders, length: int) -> None:
        self.status, self.reason = status
        self.headers = headers
        self.length = length
        self.facts = HeadFacts(headers)


class _Heads(dict[bytes, Known | None]):
    """A head, its request-id's value left out -> what it says; None: not an ordinary one."""

    def __missing__(self, head: bytes) -> Known | None:
        known = _read_head(head)
        if len(head) <= LONGEST_HEAD:
            if len(self) >= MOST_HEADS:
                self.clear()
            self[head] = known
        return known


Ordinary = tuple[Known, bytes, bytes]
_heads = _Heads()


class _Like:
    """Where in an answer of one length everything stood: `before` its request-id, `after` it, and its body.

    `body`: the last one, unless it is long; a page polls, and mostly hears what it heard before.
    """

    __slots__ = ("after", "before", "body", "body_at", "known", "own_at", "own_end")

    def __init__(self, before: bytes, own: bytes, after: bytes, known: Known) -> None:
        self.body: bytes | None = None
        self.before = before
        self.own_at = len(before)
        self.own_end = self.own_at + len(own)
        self.after = after
        self.body_at = self.own_end + len(after)
        self.known = known


_likes: dict[
    int, _Like
] = {}  # length of an answer -> the last one of that length with a request-id


def ordinary(length: int) -> Ordinary | None:
    """The answer that the first `length` bytes of `BUFFER` are: its head, request-id and body.

    The request-id is b"" where there is none, or it stands in the head.  None: llhttp must say what it is.
    """
    like = _likes.get(length)
    if (
        like is not None
        and ARRIVED.startswith(like.after, like.own_end)
        and ARRIVED.startswith(like.before)
        and (own := BUFFER[like.own_at : like.own_end].tobytes()).replace(b"-", b"").isalnum()
    ):
        body = like.body
        if body is None or not ARRIVED.startswith(body, like.body_at):
            body = BUFFER[like.body_at : length].tobytes()
            like.body = body if len(body) <= LONGEST_BODY else None
        return like.known, own, body
    return _looked_up(BUFFER[:length].tobytes())


def _looked_up(data: bytes) -> Ordinary | None:
    """The same, of an answer that is not like the last one of its length."""
    head, end, body = data.partition(b"\r\n\r\n")  # parts are had for less than places
    if not end:
        return None
    before, mark, after = head.partition(_ID_LINE)
    own = b""
    if mark:
        own, line_end, after = after.partition(b"\r\n")
        if not own:
            return None
        if len(own) <= LONGEST and own.replace(b"-", b"").isalnum():
            head = b"".join((before, mark, line_end, after))
        else:
            own = b""  # an odd one: a line like any other
    known = _heads[head]
    if known is None or len(body) != known.length:
        return None
    if own and len(head) <= LONGEST_HEAD:
        if len(_likes) >= MOST_HEADS:
            _likes.clear()
        _likes[len(data)] = _Like(before + mark, own, line_end + after + end, known)
    return known, own, body


def _read_head(head: bytes) -> Known | None:
    lines = head.split(b"\r\n")
    status, id_at = _statuses[lines.pop(0)], -1
    if _ID_LINE[2:] in lines:
        id_at = lines.index(_ID_LINE[2:])
        del lines[id_at]
    found = list(map(_header_of, lines))
    if status is None or None in found:
        return None
    headers = cast(RawHeaders, found)
    lengths = [value for name, value in headers if name == b"content-length"]
    if len(lengths) != 1:
        return None
    if id_at >= 0:
        if any(name == REQUEST_ID for name, _ in headers):  # two of them
            return None
        headers.insert(id_at, (REQUEST_ID, b""))
    return Known(status, headers, int(lengths[0]))


@lru_cache(maxsize=1024)
def _read_name(name: bytes) -> bytes | None:
    """A header's name in lower case; None: no name, or one that is not for us."""
    lower = name.lower()
    return None if lower in _PARSERS or _NAME.fullmatch(name) is None else lower


def _read_header(line: bytes) -> Header | None:
    name, _, rest = line.partition(b":")
    lower, value = _read_name(name[:LONGEST_KNOWN]), rest.lstrip(b" \t")
    if lower is None or len(name) > LONGEST_KNOWN or not value or value[-1] in b" \t":
        return None
    if value.translate(None, _IN_VALUES) or (
        lower == b"content-length" and _LENGTH.fullmatch(value) is None
    ):
        return None
    return lower, value


def until_close(status: int, headers: RawHeaders) -> bool:
    """Whether only the connection's end is the end of an answer (RFC 9112 6.3)."""
    return status not in _BODILESS and _FRAMING.isdisjoint(dict(headers))
