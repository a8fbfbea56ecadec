"""What a browser makes of OWA's pages: the two steps of the logon page, its form, the boot page.

Reads only; nothing that a server sends raises here, what cannot be read is None or empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote_plus, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.exceptions import ParserRejectedMarkup

from exsim.wire import names

LONGEST_PAGE = 256 * 1024  # octets of a page that are looked at: a server may be hostile
LONGEST_FORM = 64 * 1024  # octets from the first form on that are parsed
MOST_UNCLOSED = 200  # html.parser takes time in the square of the tags that are not closed
MOST_RESOURCES = 40  # scripts and styles taken from one boot page

_VARIABLE = re.compile(rb"""\b(a_sLgn|a_sUrl)\s*=\s*(?:"([^"\n]{0,4000})"|'([^'\n]{0,4000})')""")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))")
_RESOURCE = re.compile(rb"""\b(?:src|href)\s*=\s*["'](/owa/[^"'<>\s]{1,500})["']""", re.IGNORECASE)
_BUILD = re.compile(rb"/owa/prem/(\d{1,5}(?:\.\d{1,5}){3})/")
_CLIENT_ID = re.compile(rb"""clientId\s*=\s*["']([0-9A-Fa-f]{32})["']""")
_TYPED = frozenset(("text", "email", "password"))


@dataclass(frozen=True, slots=True)
class LogonForm:
    """A logon form as it stands on the page.

    `fields`: every field that a browser would submit, in order.  `choice`: the name of the public or
    private choice where the page offers one, and its two values.  `legacy`: the form of 2010.
    """

    action: str  # path and query, or an absolute URL
    fields: tuple[tuple[str, str], ...]
    choice: str | None = None
    public_value: str = "0"
    private_value: str = "4"
    legacy: bool = False

    def encode(self, logon: str, password: str, private: bool) -> bytes:
        """The body of its POST, with what the page's script does to `flags` on the way."""
        filled: list[tuple[str, str]] = []
        for name, value in self.fields:
            if name == "username":
                value = logon
            elif name == "password":
                value = password
            elif name == "flags":
                value = str(_flags(value, private))
            filled.append((name, value))
        if self.choice is not None and (private or self.legacy):
            filled.append((self.choice, self.private_value if private else self.public_value))
        return "&".join(
            f"{quote_plus(name)}={quote_plus(value)}" for name, value in filled
        ).encode()


def _flags(value: str, private: bool) -> int:
    flags = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0
    return flags | names.FLAG_PRIVATE if private else flags & ~names.FLAG_PRIVATE


def next_step(body: bytes, target: str) -> str | None:
    """Where the script of the logon page's first step goes on to, or None (LOGON, MWC).

    `target` is the page's own path and query; the answer is relative to no page.
    """
    found = {
        match[1]: match[2] or match[3] or b"" for match in _VARIABLE.finditer(body[:LONGEST_PAGE])
    }
    page, url = found.get(b"a_sLgn"), found.get(b"a_sUrl")
    if not page:
        return None
    try:
        return urljoin(target, _script_text(page) + _script_text(url or b""))
    except ValueError:
        return None


def _script_text(raw: bytes) -> str:
    """A script's string literal without its escapes."""

    def plain(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else match[3]

    return _ESCAPE.sub(plain, raw.decode("utf-8", "replace"))


def forms(body: bytes) -> list[Tag]:
    """The forms of a page, or none where it cannot be read."""
    start = body[:LONGEST_PAGE].lower().find(b"<form")
    text = body[start : start + LONGEST_FORM] if start >= 0 else b""
    if not text or text.count(b"<") - text.count(b">") > MOST_UNCLOSED:
        return []
    try:
        soup = BeautifulSoup(text.decode("utf-8", "replace"), "html.parser")
    except (ParserRejectedMarkup, AssertionError):  # html.parser gives up on some declarations
        return []
    return list(soup.find_all("form"))


def word(tag: Tag, attribute: str) -> str:
    """An attribute's value, or ""."""
    value = tag.get(attribute)
    return value if isinstance(value, str) else ""


def asks_password(form: Tag) -> bool:
    """Whether the form has a field for a password."""
    return any(word(field, "type").lower() == "password" for field in form.find_all("input"))


def is_exchange_form(form: Tag) -> bool:
    """Whether the form posts to Exchange's own forms-based logon."""
    path = word(form, "action").partition("?")[0].lower()
    return path.rpartition("/")[2] in names.LOGON_POST_SEGMENTS


def read_logon_form(body: bytes) -> LogonForm | None:
    """Exchange's logon form on a page, or None."""
    for form in forms(body):
        if is_exchange_form(form) and asks_password(form):
            return _read_form(form)
    return None


def _read_form(form: Tag) -> LogonForm:
    fields: list[tuple[str, str]] = []
    choice: dict[str, str] = {}
    radios = False
    for field in form.find_all("input"):
        name, kind, value = (
            word(field, "name"),
            word(field, "type").lower() or "text",
            word(field, "value"),
        )
        if name == "trusted" and kind in ("radio", "checkbox"):
            choice[word(field, "id")] = value
            radios = radios or kind == "radio"
        elif name and (kind == "hidden" or kind in _TYPED):
            fields.append((name, value))
    return LogonForm(
        action=word(form, "action"),
        fields=tuple(fields),
        choice="trusted" if choice else None,
        public_value=choice.get("rdoPblc") or "0",
        private_value=choice.get("rdoPrvt") or choice.get("chkPrvt") or "4",
        legacy=radios,
    )


@dataclass(frozen=True, slots=True)
class BootPage:
    """What the start page says: its build, the browser's id, and the scripts and styles it needs."""

    build: str = ""
    client_id: str = ""
    resources: tuple[str, ...] = ()


def read_boot_page(body: bytes) -> BootPage:
    """The start page of OWA; empty values where it does not say."""
    page = body[:LONGEST_PAGE]
    build, client = _BUILD.search(page), _CLIENT_ID.search(page)
    found = dict.fromkeys(match[1].decode("latin-1") for match in _RESOURCE.finditer(page))
    return BootPage(
        build=build[1].decode() if build else "",
        client_id=client[1].decode().upper() if client else "",
        resources=tuple(found)[:MOST_RESOURCES],
    )


def is_start_page(body: bytes) -> bool:
    """Whether a page is OWA's own start page for certain; a page of anybody's may stand at /owa/."""
    said = read_boot_page(body)
    marked = any(marker.encode() in body for marker in names.BOOT_MARKERS)
    return marked or bool(said.build or said.client_id)


def is_logon_page(target: str) -> bool:
    """Whether a path (with or without query) is the logon page's."""
    return target.partition("?")[0].lower() == names.LOGON_PAGE


def reason_of(target: str) -> str:
    """The `reason` in a logon page's address, or ""."""
    try:
        return parse_qs(urlsplit(target).query).get("reason", [""])[0][:8]
    except ValueError:
        return ""
