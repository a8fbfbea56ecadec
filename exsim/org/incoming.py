"""A request as a node works on it: looked into once, its parts found by name."""

from __future__ import annotations

from urllib.parse import parse_qsl

from exsim.wire.message import Request

STATIC_ENDINGS = (
    ".gif", ".jpg", ".css", ".xap", ".js", ".wav", ".htm", ".html", ".png", ".msi", ".ico",
    ".mp3", ".axd", ".eot", ".ttf", ".svg", ".woff",
)  # what is never user activity (E13)  # fmt: skip


class Incoming:
    """`path` in lower case, as IIS compares it; `raw_path` as sent; `segment` the path's last part.

    `vdir` is the virtual directory: owa, ecp, …; empty for what lies in none.
    """

    __slots__ = (
        "_cookies", "_form", "_query", "headers", "method", "path", "query_text", "raw_path",
        "request", "segment", "vdir", "when",
    )  # fmt: skip

    def __init__(self, request: Request, when: float) -> None:
        self.request = request
        self.when = when  # UTC seconds by the node's clock
        self.method = request.method
        self.raw_path, _, self.query_text = request.target.partition("?")
        self.path = self.raw_path.lower()
        self.vdir = self.path[1:].partition("/")[0]
        self.segment = self.path.rpartition("/")[2]
        headers: dict[str, str] = {}
        for name, value in request.headers:
            headers.setdefault(name.lower(), value)
        self.headers = headers
        self._cookies: dict[str, str] | None = None
        self._query: dict[str, str] | None = None
        self._form: dict[str, str] | None = None

    @property
    def cookies(self) -> dict[str, str]:
        if self._cookies is None:
            self._cookies = self.request.cookies
        return self._cookies

    @property
    def query(self) -> dict[str, str]:
        if self._query is None:
            self._query = dict(parse_qsl(self.query_text, keep_blank_values=True))
        return self._query

    @property
    def form(self) -> dict[str, str]:
        """The fields of a posted form; none when the body is not one."""
        if self._form is None:
            kind = self.header("content-type").partition(";")[0].strip().lower()
            readable = kind in ("", "application/x-www-form-urlencoded")  # empty counts (E13)
            body = self.request.body.decode("utf-8", "replace") if readable else ""
            self._form = dict(parse_qsl(body, keep_blank_values=True))
        return self._form

    def header(self, name: str) -> str:
        """The first value of `name` (lower case), or an empty text."""
        return self.headers.get(name, "")

    @property
    def piecewise(self) -> bool:
        """Whether the body is not in `request`, but comes piece by piece."""
        return self.method.startswith("RPC_")

    @property
    def secure(self) -> bool:
        """Whether this connection itself spoke TLS; not so behind a balancer that ends it."""
        return self.request.scheme == "https"

    @property
    def user_activity(self) -> bool:
        """Whether this request extends the logon (E13: OwaAuthenticationHelper's rule)."""
        return (
            self.header("x-useractivity") != "0"
            and self.query.get("UA") != "0"
            and self.segment != "ping.owa"
            and not self.segment.endswith(STATIC_ENDINGS)
        )

    @property
    def mobile(self) -> bool:
        return self.header("x-owa-protocol") == "MOWA"
