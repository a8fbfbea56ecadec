"""The ordinary answer: whole in one read, taken apart line by line.

Nearly every answer is one, and nearly all of its lines were seen before: each costs a look-up.  What is
anything else (a part of an answer, chunks, an odd line, two lengths) is not judged here: llhttp reads it.
"""

from __future__ import annotations

import re
from typing import cast

from exsim.protocols.flow import RawHeaders

Ordinary = tuple[int, str, RawHeaders, bytes]  # status, reason, headers, body
Header = tuple[bytes, bytes]

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ([\x20-\x7e]+)")
_HEADER = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*"
    rb"([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)"
)
_LENGTH = re.compile(rb"\d{1,9}")
_BODILESS = (204, 304)
# Headers that change where an answer or its connection ends.
_PARSERS = frozenset((b"transfer-encoding", b"connection", b"proxy-connection", b"upgrade"))
MOST_KNOWN = 2048  # lines: of a server that never repeats itself no more than these are held
LONGEST_KNOWN = 512


class _Headers(dict[bytes, Header | None]):
    """A line -> the header that it is; None: not an ordinary one."""

    def __missing__(self, line: bytes) -> Header | None:
        header = _read_header(line)
        if len(line) <= LONGEST_KNOWN:
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


def ordinary(data: bytes) -> Ordinary | None:
    """The answer that `data` is, or None: llhttp must say what it is."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    status = _statuses[lines[0]]
    del lines[0]
    headers = cast(RawHeaders, list(map(_header_of, lines)))
    if status is None or None in headers:
        return None
    by_name = dict(headers)
    length = by_name.get(b"content-length")
    if length is None or len(data) - end - 4 != int(length):
        return None
    if len(by_name) < len(headers) and [name for name, _ in headers].count(b"content-length") > 1:
        return None
    return status[0], status[1], headers, data[end + 4 :]


def _read_header(line: bytes) -> Header | None:
    found = _HEADER.fullmatch(line)
    if found is None:
        return None
    name, value = found[1].lower(), found[2]
    if name in _PARSERS or (name == b"content-length" and _LENGTH.fullmatch(value) is None):
        return None
    return name, value
