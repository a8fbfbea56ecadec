"""The ordinary answer: whole in one read, taken apart line by line.

Nearly every answer is one, and nearly all of its lines were seen before: each costs a look-up.  What is
anything else (a part of an answer, chunks, an odd line, two lengths) is not judged here: llhttp reads it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from typing import cast

from exsim.protocols.flow import RawHeaders

Ordinary = tuple[int, str, RawHeaders, bytes]  # status, reason, headers, body
Header = tuple[bytes, bytes]

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ([\x20-\x7e]+)")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_IN_VALUES = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
_LENGTH = re.compile(rb"\d{1,9}")
_BODILESS = (204, 304)
# Headers that change where an answer or its connection ends.
_PARSERS = frozenset((b"transfer-encoding", b"connection", b"proxy-connection", b"upgrade"))
_ALWAYS_NEW = b"request-id"  # a look-up would never find its line
MOST_KNOWN = 2048  # lines: of a server that never repeats itself no more than these are held
LONGEST_KNOWN = 512


class _Headers(dict[bytes, Header | None]):
    """A line -> the header that it is; None: not an ordinary one."""

    def __missing__(self, line: bytes) -> Header | None:
        header = _read_header(line)
        if len(line) <= LONGEST_KNOWN and (header is None or header[0] != _ALWAYS_NEW):
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


_name_of = itemgetter(0)
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
    names = list(map(_name_of, headers))
    if names.count(b"content-length") != 1:
        return None
    if len(data) - end - 4 != int(headers[names.index(b"content-length")][1]):
        return None
    return status[0], status[1], headers, data[end + 4 :]


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
