"""The ordinary answer: whole in one read, taken apart line by line.

Nearly every answer is one, and nearly all of its lines were seen before: each costs a look-up.  What is
anything else (a part of an answer, chunks, an odd line, two lengths) is not judged here: llhttp reads it.
"""

from __future__ import annotations

import re

from exsim.protocols.flow import RawHeaders

Ordinary = tuple[int, str, RawHeaders, bytes]  # status, reason, headers, body
Known = tuple[tuple[bytes, bytes], int]  # a header, and the length of the body that it promises

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ([\x20-\x7e]+)")
_HEADER = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*"
    rb"([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)"
)
_LENGTH = re.compile(rb"\d{1,9}")
_BODILESS = (204, 304)
# Headers that change where an answer or its connection ends.
_PARSERS = frozenset((b"transfer-encoding", b"connection", b"proxy-connection", b"upgrade"))
SAYS_NOTHING = -1  # of a length
MOST_KNOWN = 2048  # lines: of a server that never repeats itself no more than these are held
LONGEST_KNOWN = 512

_statuses: dict[bytes, tuple[int, str]] = {}
_headers: dict[bytes, Known] = {}


def ordinary(data: bytes) -> Ordinary | None:
    """The answer that `data` is, or None: llhttp must say what it is."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = data[:end].split(b"\r\n")
    status = _statuses.get(first) or _read_status(first)
    if status is None:
        return None
    headers: RawHeaders = []
    promised = SAYS_NOTHING
    for line in lines:
        known = _headers.get(line) or _read_header(line)
        if known is None:
            return None
        header, length = known
        if length >= 0:
            if promised >= 0:
                return None
            promised = length
        headers.append(header)
    body = data[end + 4 :]
    if len(body) != promised:
        return None
    return status[0], status[1], headers, body


def _read_status(line: bytes) -> tuple[int, str] | None:
    found = _STATUS.fullmatch(line)
    if found is None or int(found[1]) in _BODILESS:
        return None
    status = int(found[1]), found[2].decode("ascii")
    if len(_statuses) < MOST_KNOWN and len(line) <= LONGEST_KNOWN:
        _statuses[line] = status
    return status


def _read_header(line: bytes) -> Known | None:
    found = _HEADER.fullmatch(line)
    if found is None:
        return None
    name, value = found[1].lower(), found[2]
    length = SAYS_NOTHING
    if name == b"content-length":
        if _LENGTH.fullmatch(value) is None:
            return None
        length = int(value)
    elif name in _PARSERS:
        return None
    known = ((name, value), length)
    if len(line) <= LONGEST_KNOWN:
        if len(_headers) >= MOST_KNOWN:
            _headers.clear()
        _headers[line] = known
    return known
