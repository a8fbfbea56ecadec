"""From an exchange to its hop: which facts are kept, and how cookies are hashed.

Facts only, no judgement.  Values of cookies never stand in a hop, only a short salted hash, which shows
change and whose logon a cookie was; the balancer's own cookies stand in clear.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from hashlib import blake2b
from itertools import pairwise

import msgspec

from exsim.drive.exchange import Exchange
from exsim.protocols.flow import CookieLine, RawHeaders, Response
from exsim.session.hop import Evidence, Hop
from exsim.wire import names
from exsim.wire.back_end_cookie import renewed
from exsim.wire.ntlm import computer_in
from exsim.wire.redact import redact_url

# Kept of an answer's headers: who answered, what it said of itself, and what joins the nodes' own logs.
KEPT = {
    name: name.decode()
    for name in (
        b"x-feserver",
        b"x-calculatedbetarget",
        b"x-beserver",
        b"x-diaginfo",
        b"x-lb-server",
        b"x-owa-version",
        b"x-owa-error",
        b"x-owa-feerror",
        b"x-owa-extendederrorcode",
        b"x-caserrorcode",
        b"x-failurecontext",
        b"x-owa-destination",
        b"retry-after",
        b"www-authenticate",
        b"server",
        b"date",
        b"content-type",
        b"connection",
    )
}
LONGEST_SCHEME = 60  # characters of a WWW-Authenticate that cannot hold a challenge
LONGEST = 200  # characters kept of a header's value: a server may be hostile
LONGEST_LOCATION = 2000
MOST_COOKIES = 50  # of one answer
MOST_LINES = 20  # Set-Cookie lines of one browser that are remembered


class CookieHasher:
    """Hashes of cookie values, salted once a run; `clear` are the balancer's own names."""

    __slots__ = ("clear", "known", "lines", "salt")

    def __init__(self, salt: bytes, clear: Container[str] = frozenset()) -> None:
        self.salt = salt
        self.clear = clear
        self.known: dict[str, tuple[str, str]] = {}  # name -> last value and its hash
        self.lines: dict[bytes, tuple[str, str | None]] = {}  # a Set-Cookie line -> `taken`

    def hash(self, name: str, value: str) -> str:
        known = self.known.get(name)
        if known is not None and known[0] == value:
            return known[1]
        if name in self.clear:
            shown = value[:LONGEST]
        else:
            shown = blake2b(value.encode(), key=self.salt, digest_size=4).hexdigest()
        if (
            len(self.known) < 100 or name in self.known
        ):  # bounded: a hostile server may invent names
            self.known[name] = (value, shown)
        return shown

    def taken(self, line: bytes) -> tuple[str, str | None]:
        """The name of the cookie in a Set-Cookie line, and its hash; None: it is deleted."""
        known = self.lines.get(line)
        if known is not None:
            return known
        name, _, rest = line.decode("latin-1").partition("=")
        content = rest.partition(";")[0].strip()
        name = name.strip()[:LONGEST]
        made = name, self.hash(name, content) if content else None
        if len(self.lines) >= MOST_LINES:
            self.lines.clear()
        self.lines[line] = made
        return made

    def sent(self, cookies: CookieLine) -> dict[str, str]:
        """The hashes of what a request carried; computed once for a snapshot."""
        if cookies.hashes is None:
            cookies.hashes = {
                name: self.hash(name, value) for name, value in cookies.values.items()
            }
        return cookies.hashes


MOST_KNOWN = 2048  # headers whose text is remembered
ALONE = ("", "")  # what has a place of its own in a hop, and is not among its headers
_ALONE = frozenset((b"request-id", b"location", b"set-cookie"))


class _Texts(dict[tuple[bytes, bytes], tuple[str, str] | None]):
    """A header -> its name and text, where it is kept; `ALONE`; None where it is not kept."""

    def __missing__(self, header: tuple[bytes, bytes]) -> tuple[str, str] | None:
        name = KEPT.get(header[0])
        text = None if name is None else (name, header[1][:LONGEST].decode("latin-1"))
        if header[0] in _ALONE:
            text = ALONE
            if header[0] == b"request-id":
                return text  # it never comes again
        if len(self) >= MOST_KNOWN:
            self.clear()
        self[header] = text
        return text


_text_of = _Texts().__getitem__


class HeaderFacts:
    """What a hop keeps of an answer's headers.

    `set_cookies`: hashes of what was set, None where it was deleted.  `kept`: who answered, and the like.
    """

    __slots__ = ("challenger", "kept", "location", "request_id", "set_cookies")

    def __init__(self, headers: RawHeaders, hasher: CookieHasher) -> None:
        self.location: str | None = None
        self.request_id = ""
        self.set_cookies: dict[str, str | None] = {}
        kept: dict[str, str] = {}
        self.kept = kept
        for header, text in zip(headers, map(_text_of, headers), strict=True):
            if text is ALONE:
                self._alone(header[0], header[1], hasher)
            elif text is not None:
                kept[text[0]] = text[1]
        self.challenger = ""
        if len(kept.get("www-authenticate", "")) > LONGEST_SCHEME:
            self.challenger = challenger_in(headers)

    def _alone(self, name: bytes, value: bytes, hasher: CookieHasher) -> None:
        """A header that has a place of its own in a hop."""
        if name == b"set-cookie":
            if len(self.set_cookies) < MOST_COOKIES:
                cookie, shown = hasher.taken(value)
                self.set_cookies[cookie] = shown
        elif name == b"request-id":
            self.request_id = value[:LONGEST].decode("latin-1")
        else:
            self.location = redact_url(value[:LONGEST_LOCATION].decode("latin-1"))


def challenger_in(headers: RawHeaders) -> str:
    """The name of the server that sent an NTLM challenge, or ""."""
    values = (value for key, value in headers if key == b"www-authenticate")
    return next(filter(None, (computer_in(value.decode("latin-1")) for value in values)), "")


def gaps(arrivals: Sequence[float]) -> tuple[float, float]:
    """The longest and the median gap between pieces, in seconds."""
    between = sorted(b - a for a, b in pairwise(arrivals))
    if not between:
        return 0.0, 0.0
    return round(between[-1], 3), round(between[len(between) // 2], 3)


def hop_of(exchange: Exchange, response: Response, evidence: Evidence, how: str | None) -> Hop:
    """The hop of an exchange that is over.  `how`: closed or abandoned, when it was cut short."""
    request, line, client = exchange.request, exchange.connection, exchange.task.client
    found = HeaderFacts(response.headers, client.hasher)
    sent_at, user, head = exchange.sent_at, client.identity.user, exchange.first_byte
    return Hop(
        utc=client.stamp(sent_at),
        t=int(sent_at * 1e6 + 0.5) / 1e6,  # `round` takes ten times as long
        took=int((exchange.over_at - sent_at) * 1e6 + 0.5) / 1e6,
        user=user,
        session=f"{user}.{request.session}",
        seq=exchange.seq,
        protocol=client.identity.protocol,
        step=request.step,
        request=f"{request.method} {redact_url(request.target)}",
        status=response.status,
        reason=response.reason[:60],
        location=found.location,
        conn=line.number,
        source=line.source,
        address=line.address,
        alpn=line.alpn,
        client_request_id=exchange.client_request_id,
        request_id=found.request_id,
        cookies=client.hasher.sent(request.cookies),
        set_cookies=found.set_cookies,
        headers=found.kept,
        body=_with_pieces(evidence, exchange.arrivals) if exchange.arrivals else evidence,
        head=None if head is None else int((head - sent_at) * 1e6 + 0.5) / 1e6,
        late=round(exchange.late, 4) if exchange.late else 0.0,
        pause=round(exchange.pause, 3) if exchange.pause else 0.0,
        ended=how or ending(response),
        error=response.error,
        origin=line.origin,
        control=request.control or client.identity.control,
        forced=request.forced,
        reused=response.reused,
        auth=request.auth,
        challenger=found.challenger,
        sid=sid_of(response.headers, request.cookies, client.hasher)
        if names.BACK_END_COOKIE in found.set_cookies
        else "",
    )


def sid_of(headers: RawHeaders, carried: CookieLine, hasher: CookieHasher) -> str:
    """A hash of the SID that an answer's routing cookie was renewed for, or ""."""
    before = carried.values.get(names.BACK_END_COOKIE, "")
    found = (renewed(value, before) for key, value in headers if key == b"set-cookie")
    sid = next(filter(None, found), "")
    return hasher.hash("sid", sid) if sid else ""


def ending(response: Response) -> str:
    """How an answer ended that nobody cut short: see `Hop.ended`."""
    if response.status is None:
        return "unanswered"
    return "truncated" if response.error else "whole"


def _with_pieces(evidence: Evidence, arrivals: Sequence[float]) -> Evidence:
    longest, median = gaps(arrivals)
    return msgspec.structs.replace(
        evidence, pieces=len(arrivals), longest_gap=longest, median_gap=median
    )
