"""The one redactor: what may stand in a file, made of what crossed the wire or configures a balancer.

URLs, lines of a log and configurations; what is taken out leaves `…`.  It knows what may stay
rather than what must go: a parameter that nobody listed is taken out.  Bodies are not its business,
because they are never written anywhere.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from exsim.wire import names

REMOVED = "…"

# Parameters whose values say what was asked, and by which page; never who asks, or with what right.
KEPT_PARAMETERS = frozenset(
    (
        *("action", "ns", "ev", "ua", "cid", "id", "ep", "ac", "n", "oeh", "bo", "url", "reason"),
        *("appcacheclient", "owamanifest", "ver", "layout", "brwnm", "replacecurrent", "encoding"),
        *("cmd", "devicetype", "fallback", "authredirect", "cafeerror", "httpcode", "be", "stats"),
    )
)
_PLAIN = re.compile(r"[\w.,:;{}~!*() /-]{0,48}\Z", re.ASCII)  # what such a value looks like
LONGEST_SEGMENT = (
    48  # of a nested URL's path; a canary has 76 signs, and may stand where a path should
)
_KNOWN: dict[str, str] = {}  # a URL of which nothing is taken out
# A URL of which nothing is taken out, if it was asked for before; else None.  For whoever asks a thousand times a second
known_plain = _KNOWN.get
_KNOWN_PARTS: dict[str, str] = {}  # a parameter that stays, with its value
_TAKEN_OUT: dict[str, str] = {}  # the name of one that goes, whatever its value -> what is left
_KNOWN_LIMIT = 4096

_SESSION_IN_PATH = re.compile(r"\([ASF]\([^)]*\)\)", re.IGNORECASE)  # ASP.NET without cookies
_USER_IN_HOST = re.compile(r"(?<=//)[^/?#@\s]*@")
_PARAMETER_IN_PATH = re.compile(r";[^/?#]*")


def redact_url(target: str) -> str:
    """A URL, or a path with its query, without what identifies or lets in.

    Addresses of people, credentials, canaries, device ids and unknown parameters leave `…`.
    """
    known = _KNOWN.get(target)
    if known is not None:
        return known
    made = _redacted(target)
    if made == target:  # a URL that has a secret is not held on to
        _remember(_KNOWN, target, target)
    return made


def _remember(known: dict[str, str], key: str, value: str) -> str:
    if len(known) >= _KNOWN_LIMIT:
        known.clear()
    known[key] = value
    return value


def _redacted(target: str, depth: int = 0) -> str:
    rest, mark, fragment = target.partition("#")
    path, question, query = rest.partition("?")
    made = _path(path)
    if question:
        made += "?" + "&".join(_parameter(part, depth) for part in query.split("&"))
    if mark:
        made += "#" + "&".join(_parameter(part, depth) for part in fragment.split("&"))
    return made


def _path(path: str) -> str:
    if "(" in path:
        path = _SESSION_IN_PATH.sub(REMOVED, path)
    if "@" in path or "%40" in path:
        path = _USER_IN_HOST.sub(REMOVED + "@", path)
        parts = path.split("/")
        skip = 3 if "://" in path else 0  # scheme, nothing, host
        parts[skip:] = [REMOVED if "@" in unquote_plus(part) else part for part in parts[skip:]]
        path = "/".join(parts)
    return _PARAMETER_IN_PATH.sub(";" + REMOVED, path) if ";" in path else path


def _parameter(part: str, depth: int) -> str:
    known = _KNOWN_PARTS.get(part)
    if known is not None:
        return known
    name, equals, value = part.partition("=")
    if value and (known := _TAKEN_OUT.get(name)) is not None:
        return known
    if not equals:  # a word such as `oeh`; anything else may be a token
        return part if part.lower() in KEPT_PARAMETERS or not part else REMOVED
    if not value:
        return part if _PLAIN.match(name) else f"{REMOVED}="
    if not _PLAIN.match(name):
        return f"{REMOVED}={REMOVED}"
    if name.lower() not in KEPT_PARAMETERS:
        return _remember(_TAKEN_OUT, name, f"{name}={REMOVED}")
    if _PLAIN.match(value) and "://" not in value:
        return _remember(_KNOWN_PARTS, part, part)
    return part if _harmless(value, depth) else f"{name}={REMOVED}"


def _harmless(value: str, depth: int) -> bool:
    """Plain, or a URL in which nothing would be taken out."""
    inner = unquote_plus(value)
    if _PLAIN.match(inner) and "://" not in inner:
        return True
    if depth > 2 or not inner.lower().startswith(("https://", "http://", "/")):
        return False
    plain = inner.partition("?")[0].partition("#")[0]
    if len(plain) > 200 or " " in inner or max(map(len, plain.split("/"))) > LONGEST_SEGMENT:
        return False
    return _redacted(inner, depth + 1) == inner


# Lines of a log --------------------------------------------------------------------------------
_SECRET_NAMES = frozenset(
    name.lower()
    for name in (
        *names.LOGON_COOKIES,
        *(names.E14_SESSION, names.E14_USER_CONTEXT, names.USER_CONTEXT, names.CANARY),
        *(names.ECP_CANARY, names.BACK_END_COOKIE, names.CLIENT_ID, "ASP.NET_SessionId"),
        *("OutlookSession", "user", "login", "logon", "email", "mailbox", "sig", "code", "key"),
    )
)
_SECRET_WORD = re.compile(
    rb"passw|passphrase|pwd|secret|token|canary|credential|authori|api.?key|user.?name|device.?id|signature|saml|^uc_",
    re.IGNORECASE,
)
_LONG = 24  # characters from which any assigned value is taken for a key
# name=value, name = value or name: value; a name is taken whole, so that no place is tried twice
_ASSIGNED = re.compile(rb"(?<![\w.?&-])([A-Za-z_][\w.-]{0,59}+)( ?= ?|: ?)([^\s;,|\"'{}&]+)")
_DUMPED = re.compile(
    rb"\b((?:proxy-)?authorization|set-cookie|cookie)(\s*:\s*)[^\"|{}\r\n]+", re.IGNORECASE
)
_TOKEN = re.compile(
    rb"\b(basic|negotiate|ntlm|bearer|digest)([\s,]+)(?=\S*[A-Z0-9+/=])[\w+/=.~-]{8,}", re.IGNORECASE
)  # fmt: skip
_URL_IN_LOG = re.compile(rb"(?:[A-Za-z][\w.+-]*://|[\w.:\[\]-]*/)[^\s\"'<>|]*")


def redact_log_line(line: bytes) -> bytes:
    """One line of a balancer's log with its URLs, captured headers and cookies redacted.

    The balancer's own names, times, flags and short cookies stay; so do bytes that are no text.
    """
    line = _URL_IN_LOG.sub(_url_in_log, line)
    if b":" in line or b"=" in line:
        line = _DUMPED.sub(_REST_REMOVED, line)
        line = _ASSIGNED.sub(_assigned, line)
    return _TOKEN.sub(_REST_REMOVED, line)


_REST_REMOVED = rb"\1\2" + REMOVED.encode()


def _assigned(match: re.Match[bytes]) -> bytes:
    name, between, value = match.groups()
    if value.startswith(b"//"):  # a URL, which had its turn
        return match.group()
    secret = _SECRET_WORD.search(name) or name.decode("latin-1").lower() in _SECRET_NAMES
    if secret or (between == b"=" and len(value) >= _LONG):
        return bytes(name + between + REMOVED.encode())
    return match.group()


def _url_in_log(match: re.Match[bytes]) -> bytes:
    found = match.group()
    if not any(mark in found for mark in (b"?", b"@", b"%40", b"#", b";", b"(")):
        return found
    return redact_url(found.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
