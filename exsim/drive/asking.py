"""The bytes of a request: its head, and the body where it is whole.

Headers that are alike in each request of a kind are put together once.  Whatever a server's own words
brought into a target, a cookie or a header: they never break the head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote

from exsim.drive.target import Target
from exsim.protocols.flow import CookieLine, Filled, Request

_UNSAFE = re.compile(r"[^\x21-\x7e]")
_BREAKS = re.compile(r"[\r\n\0]")
MOST_TARGETS = 4096
_AGENT = re.compile(r"^User-Agent: [^\r\n]*", re.IGNORECASE | re.MULTILINE)
OURS = "User-Agent: exsim"
MOST_BLOCKS = 1024

_safe: set[str] = set()  # paths with their queries


class _Endings(dict[int | None, str]):
    """The length of a body -> how its head ends; None: there is no body."""

    def __missing__(self, length: int | None) -> str:
        ending = "\r\n\r\n" if length is None else f"\r\nContent-Length: {length}\r\n\r\n"
        if len(self) < MOST_BLOCKS:
            self[length] = ending
        return ending


_endings = _Endings()


def head_of(request: Request, to: Target, client_request_id: str, length: int | None) -> bytes:
    """What is sent of `request`; `length` of body is promised, where the body follows piece by piece."""
    target = request.target
    if target not in _safe:
        target = _safely(target)
    headers = request.headers
    known = to.openings.get(id(headers))
    cookies, body = request.cookies, request.body
    if length is None and body is not None:
        length = len(body)
    head = (
        f"{request.method} {target}{known[1] if known is not None else _opening(headers, to)}"
        f"{_lines_of(request.own)}{_sent(cookies) if cookies.header is None else cookies.header}"
        f"client-request-id: {client_request_id}{_endings[length]}"
    )
    whole = head.encode("latin-1", "replace")
    return whole + body if body else whole


def _lines_of(own: Sequence[tuple[str, str]] | Filled) -> str:
    """The lines of headers that are one request's alone."""
    if not isinstance(own, Filled):
        return _unbroken(own) if own else ""
    if own.lines is None:
        values = "".join(own.values)
        if "\n" in values or "\r" in values or "\0" in values:
            own.lines = _unbroken(own)
        else:
            parts = own.form.parts  # filled in and joined at once: they need not be copied
            parts[1::2] = own.values
            own.lines = "".join(parts)
    return own.lines


def _sent(cookies: CookieLine) -> str:
    """The Cookie line, made once for a snapshot."""
    line = cookies.line
    if "\n" in line or "\r" in line or "\0" in line:
        line = _BREAKS.sub(" ", line)
    cookies.header = f"Cookie: {line}\r\n" if line else ""
    return cookies.header


def _safely(target: str) -> str:
    """A target in which nothing breaks the request line; those that need nothing are remembered."""
    if _UNSAFE.search(target):
        return quote(target, safe="%/:=&?~#+!$,;'@()*[]")
    if len(_safe) >= MOST_TARGETS:
        _safe.clear()
    _safe.add(target)
    return target


def _opening(headers: Sequence[tuple[str, str]], to: Target) -> str:
    """The rest of the request line, and the lines that are alike in each request of a kind.

    Remembered: flows hand over the same few again and again.
    """
    fixed = type(headers) is tuple
    block = _of_equal(headers) if fixed else _unbroken(headers)
    opening = f" HTTP/1.1\r\nHost: {to.host}\r\n{_signed(block, to.signature)}"
    if fixed:
        if len(to.openings) >= MOST_BLOCKS:
            to.openings.clear()
        to.openings[id(headers)] = headers, opening
    return opening


def _signed(block: str, signature: str) -> str:
    """A block with `signature` behind its User-Agent, which is added where there is none.

    One that says by itself whose it is stays: a telephone's must be the same in every run, because servers
    limit its changes to two a day and then block the device for hours (MS-ASHTTP 3.2.5.1.1).
    """
    if not signature or OURS in block:
        return block
    signed, found = _AGENT.subn(rf"\g<0> {signature}", block, count=1)
    return signed if found else f"{block}User-Agent: {signature}\r\n"


@lru_cache(maxsize=MOST_BLOCKS)
def _of_equal(headers: tuple[tuple[str, str], ...]) -> str:
    return _unbroken(headers)


def _unbroken(headers: Iterable[tuple[str, str]]) -> str:
    return "".join(_BREAKS.sub(" ", f"{name}: {value}") + "\r\n" for name, value in headers)


def connect_request(address: str, port: int) -> bytes:
    """What a proxy is asked (RFC 9110 9.3.6)."""
    there = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n\r\n".encode()
