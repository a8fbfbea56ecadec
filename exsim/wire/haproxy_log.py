r"""One line of a balancer's log: the incident's own format, and HAProxy's `httplog`.

    client [time] lb_frontend lb_backend/lb_server Tq/Tw/Tc/Tr/Tt status bytes CC CS flags
    ac/fc/bc/sc/rc sq/bq {request captures} {response captures} …

then, in `httplog`, `"GET /path HTTP/1.1"`; in the incident's format `{tls/cipher/name/session id}"GET
host/path HTTP/1.1` without a closing quote.  The session id is raw bytes, braces and quotes included, so a
line is read as bytes, and its end from the right.  (HAPROXY manual 8.2.3, 8.5; SEED.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

NO_SERVER = "<NOSRV>"  # the balancer answered by itself

_HEAD = re.compile(
    rb"(?P<client>\S+):(?P<port>\d+) \[(?P<at>[ -Z^-~]{1,40})\] (?P<frontend>\S+) (?P<backend>[^ /]+)/(?P<server>\S+) "
    rb"(?P<times>(?:[-+]?\d{1,15}/){4}\+?-?\d{1,15}) (?P<status>-?\d{1,9}) \+?(?P<bytes>\d{1,18}) "
    rb"(?P<cc>\S+) (?P<cs>\S+) (?P<flags>\S{4}) (?P<counts>(?:\d{1,15}/){4}\+?\d{1,15}) (?P<queues>\d{1,15}/\d{1,15}) "
)
_TLS_TAIL = re.compile(
    rb"(?P<captures>.*?) ?\{(?P<tls>[^/{}]*)/(?P<cipher>[^/]*)/(?P<sni>[^/]*)/(?P<id>.*)\}\""
    rb"(?P<method>[A-Za-z_-]+) (?P<target>.*?) HTTP/1\.1",
    re.DOTALL,
)
_PLAIN_TAIL = re.compile(
    rb"(?P<captures>.*?) ?\"(?:(?P<method>[A-Za-z_-]+) (?P<target>.*?)(?: (?P<version>HTTP/[\d.]+))?|<BADREQ>)\"",
    re.DOTALL,
)
_ESCAPED = re.compile("#([0-9A-F]{2})")  # how HAProxy writes a brace, a bar or a quote in a capture


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds; -1: it never came so far.  `request` runs from the end of the answer before it."""

    request: int
    queue: int
    connect: int
    response: int
    total: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request as the balancer saw it.

    `lb_server` is "" when the balancer answered by itself.  `flags` are four letters: how it ended (two),
    what the persistence cookie was, what was done to it.  `host` and `path` are "" for what was no request.
    """

    client: str  # address and port, as a hop's `source` has it
    at: str  # the balancer's local time, as it writes it
    lb_frontend: str
    lb_backend: str
    lb_server: str
    times: Times
    status: int
    bytes: int
    flags: str
    connections: tuple[int, int, int, int]  # of the process, lb_frontend, lb_backend, lb_server
    retries: int
    redispatched: bool
    queued: tuple[int, int]  # before it, at the lb_server and in the lb_backend
    request_captures: tuple[str, ...] = ()
    response_captures: tuple[str, ...] = ()
    method: str = ""
    host: str = ""
    path: str = ""  # with its query
    tls: str = ""
    sni: str = ""

    @property
    def by_itself(self) -> bool:
        """Whether the balancer answered without any server."""
        return not self.lb_server

    @property
    def cookie_state(self) -> str:
        """Third letter: N none, I invalid, D its server is down, V valid, E expired, O old, U unused, -."""
        return self.flags[2]

    @property
    def cookie_action(self) -> str:
        """Fourth letter: N none, I inserted, U updated, P the server's own, R rewritten, D deleted, -."""
        return self.flags[3]


def parse(line: bytes) -> LogLine | None:
    """The request that `line` tells of, or None when it tells of none (a TLS failure, a server's state)."""
    line = line.rstrip(b"\r\n")
    head = _HEAD.search(line)
    if head is None:
        return None
    rest = line[head.end() :]
    tail = _TLS_TAIL.fullmatch(rest)
    found = tail or _PLAIN_TAIL.fullmatch(rest)
    if found is None:
        return None
    request_captures, response_captures = _captures(_text(found["captures"]))
    method, target = _text(found["method"]), _text(found["target"])
    host, path = _request(method, target, request_captures, hosted=tail is not None)
    return LogLine(
        **_head(head),
        request_captures=request_captures,
        response_captures=response_captures,
        method=method if path else "",
        host=host,
        path=path,
        tls=_known(_text(tail["tls"])) if tail else "",
        sni=_known(_text(tail["sni"])) if tail else "",
    )


def _head(match: re.Match[bytes]) -> dict[str, Any]:
    """The part that both formats have in common."""
    *connections, retries = _text(match["counts"]).split("/")
    server = _text(match["server"])
    return {
        "client": f"{_text(match['client'])}:{_text(match['port'])}",
        "at": _text(match["at"]),
        "lb_frontend": _text(match["frontend"]).rstrip("~"),
        "lb_backend": _text(match["backend"]),
        "lb_server": "" if server == NO_SERVER else server,
        "times": Times(*(int(one) for one in _text(match["times"]).split("/"))),
        "status": int(match["status"]),
        "bytes": int(match["bytes"]),
        "flags": _text(match["flags"]),
        "connections": tuple(int(one) for one in connections),
        "retries": int(retries),
        "redispatched": retries.startswith("+"),
        "queued": tuple(int(one) for one in _text(match["queues"]).split("/")),
    }


def _request(
    method: str, target: str, captures: tuple[str, ...], *, hosted: bool
) -> tuple[str, str]:
    """Host and path of a request's words; both "" for what was no request."""
    if "://" in target.partition("?")[0]:  # HTTP/2: the whole URL
        _, _, rest = target.partition("://")
        host, slash, path = rest.partition("/")
        return host, slash + path
    if not hosted:
        return (captures[0] if captures else ""), target
    if method == "-":
        return "", ""
    # The host is the first capture, cut to its length, and stands right before the path.
    known = captures[0] if captures else ""
    if known and target.startswith(known):
        return known, target[len(known) :]
    host, slash, path = target.partition("/")
    return _known(host), slash + path


def _captures(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The captured headers of request and response; HAProxy writes no brace of theirs as itself."""
    groups = [_split(group) for group in re.findall(r"\{([^{}]*)\}", text)]
    return (groups[0] if groups else ()), (groups[1] if len(groups) > 1 else ())


def _split(group: str) -> tuple[str, ...]:
    return tuple(_ESCAPED.sub(lambda m: chr(int(m[1], 16)), one) for one in group.split("|"))


def _known(text: str) -> str:
    return "" if text == "-" else text


def _text(part: bytes | None) -> str:
    return (part or b"").decode("latin-1")
