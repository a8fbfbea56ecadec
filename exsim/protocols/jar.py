"""A browser's cookie jar (RFC 6265, and 6265bis where browsers follow it): one browser, one host.

Cookies are stored in the order in which answers arrive, whoever asked: `store` is called once for each
answer.  The URL is always https, so Secure never keeps a cookie back.  Not kept: cookies without a name,
and cookies of other domains.  Nothing that a server sends raises here; nonsense is ignored as a browser does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter

from exsim.protocols.flow import NO_COOKIES, CookieLine

LONGEST_PAIR = 4096  # octets of name and value together; longer is ignored (6265bis 5.6)
LONGEST_ATTRIBUTE = 1024  # octets of an attribute's value; longer is ignored (6265bis 5.6)
MOST_COOKIES = 180  # of one host; the oldest goes (Chromium)
MOST_PATHS = 200  # whose lines are remembered
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # 6265bis: such a cookie is refused whole
_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")  # RFC 6265 5.1.1
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)")
_DAY = re.compile(r"(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(\d{2,4})(?!\d)")
_WHOLE = re.compile(r"-?[0-9]+\Z")

Key = tuple[int, str, str, str]  # of a cookie: minus the length of its path, name, domain, path
_rank_of = itemgetter(0)


@lru_cache(maxsize=1024)
def read_date(text: str) -> float | None:
    """Seconds since 1970 of a cookie's date, or None: the lenient reading of RFC 6265 5.1.1.

    It takes ASP.NET's `Thu, 15-Aug-1991 03:08:59 GMT` as well as `Thu, 15 Aug 1991 03:08:59 GMT`.
    """
    clock: list[int] | None = None
    day = month = year = None
    for token in _DELIMITERS.split(text):
        if clock is None and (found := _TIME.match(token)):
            clock = [int(part) for part in found.groups()]
        elif day is None and (found := _DAY.match(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in MONTHS:
            month = MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if clock is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    try:
        hour, minute, second = clock
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Attributes:
    """What stands after the first semicolon of a Set-Cookie line."""

    domain: str = ""
    path: str = ""
    secure: bool = False
    http_only: bool = False
    expires: float | None = None  # seconds since 1970
    max_age: int | None = None  # seconds


@lru_cache(maxsize=1024)
def read_attributes(text: str) -> Attributes:
    """The attributes of a Set-Cookie line; of two with one name the last counts, unknown ones do not."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        value = value.strip(" \t")
        if len(value) <= LONGEST_ATTRIBUTE:
            found[name.strip(" \t").lower()] = value
    age = found.get("max-age", "")
    return Attributes(
        domain=found.get("domain", "").lower().removeprefix("."),
        path=found.get("path", ""),
        secure="secure" in found,
        http_only="httponly" in found,
        expires=read_date(found["expires"]) if "expires" in found else None,
        max_age=int(age[:12]) if _WHOLE.match(age) and age.isascii() else None,
    )


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie of a jar.  `domain` "" is the host alone; `expires` None lasts as long as the browser."""

    name: str
    value: str = field(repr=False)
    path: str = "/"
    domain: str = ""
    http_only: bool = False
    expires: float | None = None

    @property
    def key(self) -> Key:
        """What makes it another cookie, and not another value."""
        return -len(self.path), self.name, self.domain, self.path


@dataclass(frozen=True, slots=True)
class SetCookie:
    """A Set-Cookie line, read."""

    name: str
    value: str
    said: Attributes
    # Where it means the same whenever it comes, and whatever was asked
    lasting: tuple[Key, Cookie] | None = None


NOT_TAKEN = SetCookie("", "", Attributes())


@lru_cache(maxsize=1024)
def read_line(line: bytes) -> SetCookie:
    """What a Set-Cookie line says; `NOT_TAKEN` where a browser ignores it whole."""
    text = line.decode("latin-1")
    pair, _, rest = text.partition(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not equals or not name or len(name) + len(value) > LONGEST_PAIR or _CONTROLS.search(text):
        return NOT_TAKEN
    said = read_attributes(rest)
    plain = said.path[:1] == "/" and said.domain == "" and name[:2] != "__"
    if not plain or said.expires is not None or said.max_age is not None:
        return SetCookie(name, value, said)
    cookie = Cookie(name, value, said.path, http_only=said.http_only)
    return SetCookie(name, value, said, (cookie.key, cookie))


def default_path(path: str) -> str:
    """The path of a cookie that names none: the folder of what was asked (RFC 6265 5.1.4)."""
    folder = path.rpartition("/")[0]
    return folder if folder.startswith("/") else "/"


def path_matches(wanted: str, path: str) -> bool:
    """Whether a request for `wanted` carries a cookie of `path` (RFC 6265 5.1.4; case counts)."""
    if not wanted.startswith(path):
        return False
    return len(wanted) == len(path) or path.endswith("/") or wanted[len(path)] == "/"


def domain_matches(host: str, domain: str) -> bool:
    """Whether `host` lies in `domain` (RFC 6265 5.1.3); an address or a bare word has no children."""
    if host == domain:
        return True
    return host.endswith("." + domain) and "." in domain and not host.rpartition(".")[2].isdigit()


class Jar:
    """The cookies that one browser holds for `host` (a name, without port)."""

    def __init__(self, host: str = "") -> None:
        self.host = host.lower().partition(":")[0]
        self._cookies: dict[Key, Cookie] = {}  # in order of creation
        self._lines: dict[str, CookieLine] = {}  # by path asked, until a cookie changes
        self._matching: dict[str, list[Key]] = {}  # by path asked, until one comes or goes
        self._standing: set[bytes] = set()  # Set-Cookie lines that would change nothing
        self._soonest = float("inf")  # when the first cookie runs out

    def __len__(self) -> int:
        return len(self._cookies)

    def line(self, path: str, now: float = 0.0) -> CookieLine:
        """The cookies that a request for `path` carries at `now` (seconds since 1970), as a snapshot."""
        if now >= self._soonest:
            self._drop_expired(now)
        line = self._lines.get(path)
        if line is None:
            line = self._lines[path] = self._make_line(path)
        return line

    def value(self, name: str, path: str = "/owa/") -> str | None:
        """The cookie `name` as a request for `path` would carry it, or None."""
        return self.line(path).values.get(name)

    def set(self, name: str, value: str, path: str = "/", expires: float | None = None) -> None:
        """What a page's script does by `document.cookie`: never touches an HttpOnly cookie."""
        cookie = Cookie(name, value, path, expires=expires)
        old = self._cookies.get(cookie.key)
        if old is None or not old.http_only:
            self._put(cookie.key, cookie)

    def bring(self, cookies: Iterable[Cookie]) -> None:
        """Cookies that another browser held."""
        for it in cookies:
            self._put(it.key, it)

    def end_of_browser(self) -> None:
        """The window is closed: cookies that carry no time are forgotten."""
        self._keep({key: it for key, it in self._cookies.items() if it.expires is not None})

    def knows(self, lines: Sequence[bytes]) -> bool:
        """Whether none of these Set-Cookie lines would change anything."""
        return self._standing.issuperset(lines)

    def store(
        self,
        headers: Sequence[tuple[bytes, bytes]],
        path: str,
        now: float,
        date: float | None = None,
    ) -> None:
        """Take the Set-Cookie lines of an answer to a request for `path` that arrived at `now`.

        `now` is in seconds since 1970.  `date` is the server's own clock where its answer told it: an
        `expires` is measured against that, as Chromium does.
        """
        for name, line in headers:
            if name != b"set-cookie" or line in self._standing:
                continue
            reading = read_line if len(line) <= LONGEST_PAIR else read_line.__wrapped__
            said = reading(line)
            if said.lasting is None:
                self._take(said, path, now, now if date is None else date)
                continue
            self._put(*said.lasting)
            if len(self._standing) < MOST_COOKIES:
                self._standing.add(line)

    def _take(self, line: SetCookie, asked: str, now: float, date: float) -> None:
        if line is NOT_TAKEN:
            return
        name, said = line.name, line.said
        domain = "" if said.domain == self.host else said.domain
        if domain and not domain_matches(self.host, domain):
            return
        path = said.path if said.path[:1] == "/" else default_path(asked)
        if name[:2] == "__" and not _prefix_holds(name, said, path):
            return
        expires = said.expires if said.expires is None else said.expires - date + now
        if said.max_age is not None:
            expires = now + said.max_age if said.max_age > 0 else float("-inf")
        cookie = Cookie(name, line.value, path, domain, said.http_only, expires)
        if expires is not None and expires <= now:
            self._delete(cookie.key)
        else:
            self._put(cookie.key, cookie)

    def _put(self, key: Key, cookie: Cookie) -> None:
        if cookie.expires is not None and cookie.expires < self._soonest:
            self._soonest = cookie.expires
        old = self._cookies.get(key)
        self._cookies[key] = cookie  # one that was there keeps its place in the line
        if old is None:
            self._lines.clear()
            self._matching.clear()
            if len(self._cookies) > MOST_COOKIES:
                self._delete(next(iter(self._cookies)))
        elif old is not cookie and old != cookie:
            self._lines.clear()
            self._standing.clear()

    def _delete(self, key: Key) -> None:
        if self._cookies.pop(key, None) is not None:
            self._changed()

    def _keep(self, cookies: dict[Key, Cookie]) -> None:
        """Let all others go."""
        if len(cookies) < len(self._cookies):
            self._cookies = cookies
            self._changed()

    def _changed(self) -> None:
        """Cookies went: which ones a path carries must be found anew."""
        self._standing.clear()
        self._lines.clear()
        self._matching.clear()

    def _drop_expired(self, now: float) -> None:
        self._keep(
            {key: it for key, it in self._cookies.items() if it.expires is None or it.expires > now}
        )
        left = (it.expires for it in self._cookies.values() if it.expires is not None)
        self._soonest = min(left, default=float("inf"))

    def _make_line(self, path: str) -> CookieLine:
        keys = self._matching.get(path)
        if keys is None:
            if len(self._matching) >= MOST_PATHS:
                self._changed()
            keys = [
                key
                for key, it in self._cookies.items()
                if it.path == "/" or path_matches(path, it.path)
            ]
            keys.sort(key=_rank_of)  # stable: of equal paths the older comes first
            self._matching[path] = keys
        if not keys:
            return NO_COOKIES
        for other, line in self._lines.items():
            if self._matching.get(other) == keys:  # nearly all paths carry the same ones
                return line
        sent = [self._cookies[key] for key in keys]
        line = CookieLine({it.name: it.value for it in sent})
        if len(line.values) < len(sent):  # one name at two paths: a browser sends both
            line.values = {it.name: it.value for it in reversed(sent)}
            line.line = "; ".join(f"{it.name}={it.value}" for it in sent)
        return line


def _prefix_holds(name: str, said: Attributes, path: str) -> bool:
    """The promises of a cookie's name (6265bis 4.1.3), which browsers hold."""
    lower = name.lower()
    if lower.startswith("__host-"):
        return said.secure and not said.domain and said.path == "/" == path
    return said.secure or not lower.startswith("__secure-")
