"""What a body says of itself: its kind, an application's code, the back end's build, whose mailbox it is.

Read once, on every answer: bytes are searched, and only pages with a form are parsed.  Facts, no judgement.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from bs4 import Tag

from exsim.protocols.flow import Request, Response
from exsim.protocols.owa import markup
from exsim.protocols.owner import whose
from exsim.session.answers import OTHERS
from exsim.session.hop import Evidence
from exsim.wire import names

_CODE = b'Code"'
_HOST = re.compile(rb"200 OK<br/>\s*([A-Za-z0-9.\-]{1,255})")
_NO_ERROR = b':"NoError"'
_VALUE = re.compile(rb'\s*:\s*"?([A-Za-z0-9_\-]{1,64})')
_BUILD = re.compile(
    rb'"(MajorVersion|MinorVersion|MajorBuildNumber|MinorBuildNumber)"\s*:\s*(\d{1,6})'
)
_BUILD_PARTS = (b"MajorVersion", b"MinorVersion", b"MajorBuildNumber", b"MinorBuildNumber")
# Not a set: to look in it, a whole page would be hashed
_REFUSALS = (names.REFUSAL_BODY_POST.encode(), names.REFUSAL_BODY_OTHER.encode())
_SCRIPT_TYPES = ("javascript", "text/css", "image/", "font", "ecmascript")
_PENDING = "ev=pendingnotificationrequest"
MOST_CODES = 100
MOST_TOLD = 512  # answers that are remembered, of at most so many bytes
LONGEST_TOLD = 4096
# Length, and whose was expected -> the last such answer: to compare two costs less than to hash one
_told: dict[tuple[int, str], tuple[bytes, Evidence]] = {}
MOST_PAGES = 64  # that are remembered, of at most so many bytes
LONGEST_REMEMBERED = 65536
_pages: dict[int, tuple[bytes, str]] = {}  # length -> the last page of it, and what its mark says

EMPTY = Evidence(is_="empty")
CHANNEL = Evidence(is_="notifications")

# The kinds that a few bytes show, in the order in which they are asked.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (names.LOGON_PAGE_MARKER.encode(), "logon_page"),
    (names.LOGON_ASP_MARKER.encode(), "logon_page"),
    (b"a_sLgn", "logon_page"),
    *((marker.encode(), "error_page") for marker in names.ERROR_PAGE_MARKERS),
    *((marker.encode(), "boot_page") for marker in names.BOOT_MARKERS),
    (b"{id:'pg'", "notifications"),
    (b"Object moved", "object_moved"),
)


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of one answer.  `accounts` are the test accounts' addresses, in lower case."""
    body = response.body
    if not body:
        pending = response.status == 200 and _PENDING in request.target.lower()
        return CHANNEL if pending else EMPTY
    account = request.account
    if body[:1] == b"{":
        told = _told.get((len(body), account))
        if told is not None and told[0] == body:
            return told[1]
        return _read_json(body, account, accounts)
    owner = whose(body, account, accounts)
    if body[:1] == b"[" and _content_type(response).startswith("application/json"):
        return _json(body, owner)
    kind = kind_of(request, response)
    host = host_in(body) if kind == "health" else ""
    return Evidence(len(body), kind, None, owner, host=host)


def _json(body: bytes, owner: str | None) -> Evidence:
    return Evidence(len(body), "json", code_in(body), owner, build_in(body))


def _read_json(body: bytes, account: str, accounts: Collection[str]) -> Evidence:
    """The same, remembered: a page polls, and most of what it is told it was told before."""
    evidence = _json(body, whose(body, account, accounts))
    # Who counts as another's, each run says anew
    if len(body) <= LONGEST_TOLD and evidence.owner not in OTHERS:
        if len(_told) >= MOST_TOLD:
            _told.clear()
        _told[len(body), account] = body, evidence
    return evidence


def host_in(body: bytes) -> str:
    """The name that HealthCheck.htm ends in (LB16), or ""."""
    found = _HOST.match(body)
    return found[1].decode("ascii") if found else ""


def code_in(body: bytes) -> str | None:
    """The first ResponseCode or ErrorCode that is not NoError; "NoError" when all are; None without any."""
    before, *told = body.split(_CODE, MOST_CODES)
    if not told:
        return None
    for after in told:
        if after[:10] != _NO_ERROR:
            break
    else:
        if before[-9:] == b'"Response':  # the ordinary answer
            return "NoError"
    code: str | None = None
    at = len(before)
    for _ in range(MOST_CODES):
        if at < 0:
            break
        name = body[max(0, at - 9) : at]
        at += len(_CODE)
        if name.endswith((b'"Response', b'"Error')) and (match := _VALUE.match(body, at)):
            code = match[1].decode("ascii")
            if code not in ("NoError", "0"):
                break
        at = body.find(_CODE, at)
    return code


def build_in(body: bytes) -> str | None:
    """The back end's build in an answer's header, as 15.1.669.32, or None."""
    _, found, rest = body.partition(b'"ServerVersionInfo"')
    return _read_build(rest[:180]) if found else None


@lru_cache(maxsize=256)
def _read_build(text: bytes) -> str | None:
    parts = {match[1]: match[2].decode() for match in _BUILD.finditer(text)}
    if any(part not in parts for part in _BUILD_PARTS):
        return None
    return ".".join(parts[part] for part in _BUILD_PARTS)


def kind_of(request: Request, response: Response) -> str:
    """The kind of a body that is not JSON: a key of `hop.KINDS`."""
    body = response.body
    if body in _REFUSALS:
        return "refusal_440"
    if _is_script(_content_type(response)):
        return "script"
    if response.header(b"x-owa-feerror") == "CasRedirect":
        return "auto_submit"
    if body.startswith(b"200 OK<br/>"):
        return "health"
    start = body[: markup.LONGEST_PAGE]
    return _marked(start) or _kind_of_page(request, response, start)


def _marked(page: bytes) -> str:
    """The kind that a mark in `page` shows, or "".  Everybody is shown the same logon page, over and over."""
    length = len(page)
    before = _pages.get(length)
    if before is not None and before[0] == page:
        return before[1]
    kind = next((kind for mark, kind in _MARKS if mark in page), "")
    if length <= LONGEST_REMEMBERED:
        if len(_pages) >= MOST_PAGES:
            _pages.clear()
        _pages[length] = page, kind
    return kind


@lru_cache(maxsize=256)
def _is_script(content_type: str) -> bool:
    return any(word in content_type for word in _SCRIPT_TYPES)


def _kind_of_page(request: Request, response: Response, body: bytes) -> str:
    forms = markup.forms(body)
    asking = [form for form in forms if markup.asks_password(form)]
    if any(markup.is_exchange_form(form) for form in asking):
        return "logon_page"
    if any("lang.owa" in markup.word(form, "action").lower() for form in forms):
        return "language_page"
    if asking:
        return "foreign_logon"
    if any(
        markup.is_exchange_form(form) or markup.word(form, "action").lower().startswith("https:")
        for form in forms
    ) and _hidden_password(forms):
        return "auto_submit"
    path = request.target.partition("?")[0].lower()
    if response.status == 200 and path == names.OWA and "text/html" in _content_type(response):
        return "boot_page"  # 2010's start page carries none of the later markers (*assumed*)
    return ""


def _hidden_password(forms: list[Tag]) -> bool:
    return any(
        markup.word(field, "name").lower() == "password"
        for form in forms
        for field in form.find_all("input")
    )


def _content_type(response: Response) -> str:
    return (response.header(b"content-type") or "").lower()
