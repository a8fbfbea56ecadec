"""Answers in parts: pages, redirects, cookies that are set and deleted.  Knows nobody's session."""

from __future__ import annotations

import html
from http import HTTPStatus
from urllib.parse import quote

from exsim.org.moment import past_cookie_date
from exsim.wire import names
from exsim.wire.message import Answer, Headers

# Exchange's own phrases; "Retry With" is IIS's name of 449, 242's is assumed
REASONS = {status.value: status.phrase for status in HTTPStatus} | {
    names.PING_OK: "OK",
    names.LOGIN_TIMEOUT: names.LOGIN_TIMEOUT_REASON,
    names.CANARY_REFUSED: "Retry With",
}
NO_CACHE = [("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"), ("Expires", "-1")]
PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


def answer(
    status: int, body: bytes = b"", kind: str = HTML, headers: Headers | None = None
) -> Answer:
    """An answer with a body of content type `kind`."""
    fields = list(headers or ())
    if body or status == 200:
        fields.append(("Content-Type", kind))
    return Answer(status, REASONS.get(status, ""), fields, body)


def page(text: str, headers: Headers | None = None) -> Answer:
    """A page that is not to be kept."""
    return answer(200, text.encode(), HTML, NO_CACHE + (headers or []))


def redirect(location: str, cookies: Headers | None = None) -> Answer:
    """302 with ASP.NET's stub of a body.  What no header may hold is percent-encoded."""
    location = quote(location, safe=PRINTABLE)
    stub = (
        "<html><head><title>Object moved</title></head><body>\r\n"
        f'<h2>Object moved to <a href="{html.escape(location)}">here</a>.</h2>\r\n</body></html>\r\n'
    )
    fields = [("Location", location), *(cookies or [])]
    return answer(302, stub.encode(), HTML, fields)


def set_cookie(name: str, value: str, attributes: str) -> tuple[str, str]:
    """A Set-Cookie line; `attributes` as they stand on the wire: `path=/; HttpOnly`."""
    return "Set-Cookie", f"{name}={value}; {attributes}"


def delete_cookie(name: str, when: float, path: str = "/") -> tuple[str, str]:
    """A Set-Cookie line that deletes: empty, thirty years old, nothing but the path (E13)."""
    return "Set-Cookie", f"{name}=; expires={past_cookie_date(int(when))}; path={path}"
