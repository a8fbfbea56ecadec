"""A request and an answer as the organisation sees them: method, target, headers in order, a body.

Names of headers keep their case, and are compared without it.  Not the client's view: what a flow is
sent back lives in `protocols.flow`, because an answer that did not come is one of its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

Headers = list[tuple[str, str]]


def header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    """The first value of `name`, or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def headers_named(headers: Sequence[tuple[str, str]], name: str) -> Iterator[str]:
    """Every value of `name`, in order."""
    wanted = name.lower()
    return (value for key, value in headers if key.lower() == wanted)


def cookies_of(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The cookies of a request by name; of two with one name the first counts (RFC 6265 leaves it open)."""
    found: dict[str, str] = {}
    for line in headers_named(headers, "Cookie"):
        for crumb in line.split(";"):
            name, equals, value = crumb.strip().partition("=")
            if equals:
                found.setdefault(name, value)
    return found


@dataclass(slots=True)
class Request:
    """What came in on a connection.  `scheme` is what the connection itself spoke: offload shows as http."""

    method: str
    target: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    scheme: str = "https"

    @property
    def path(self) -> str:
        """The target without its query, as sent (case kept)."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the target; of two with one name the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    @property
    def cookies(self) -> dict[str, str]:
        return cookies_of(self.headers)


@dataclass(slots=True)
class Answer:
    """What goes out.  `reason` is the phrase of the status line; `close` ends the connection after it."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    close: bool = False

    def header(self, name: str) -> str | None:
        return header(self.headers, name)
