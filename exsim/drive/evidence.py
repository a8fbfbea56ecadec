"""From an exchange to its hop: which facts are kept, and how cookies are hashed.

Facts only, no judgement.  Values of cookies never stand in a hop, only a short salted hash, which shows
change and whose logon a cookie was; the balancer's own cookies stand in clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise

import msgspec

from exsim.drive.exchange import Exchange
from exsim.protocols.flow import CookieLine, RawHeaders, Response
from exsim.session.hop import Evidence, Hop
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
LONGEST = 200  # characters kept of a header's value: a server may be hostile
LONGEST_LOCATION = 2000
MOST_COOKIES = 50  # of one answer


class CookieHasher:
    """Hashes of cookie values, salted once a run; `clear` are the balancer's own names."""

    __slots__ = ("clear", "known", "salt")

    def __init__(self, salt: bytes, clear: frozenset[str] = frozenset()) -> None:
        self.salt = salt
        self.clear = clear
        self.known: dict[str, tuple[str, str]] = {}  # name -> last value and its hash

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

    def sent(self, cookies: CookieLine) -> dict[str, str]:
        """The hashes of what a request carried; computed once for a snapshot."""
        if cookies.hashes is None:
            cookies.hashes = {
                name: self.hash(name, value) for name, value in cookies.values.items()
            }
        return cookies.hashes


class HeaderFacts:
    """What a hop keeps of an answer's headers, taken in one pass over them.

    `set_cookies`: hashes of what was set, None where it was deleted.  `kept`: who answered, and the like.
    """

    __slots__ = ("kept", "location", "request_id", "set_cookies")

    def __init__(self, headers: RawHeaders, hasher: CookieHasher) -> None:
        self.location: str | None = None
        self.request_id = ""
        self.kept: dict[str, str] = {}
        self.set_cookies: dict[str, str | None] = {}
        for key, value in headers:
            name = KEPT.get(key)
            if name is not None:
                self.kept[name] = value[:LONGEST].decode("latin-1")
            elif key == b"set-cookie":
                self._cookie(value, hasher)
            elif key == b"request-id":
                self.request_id = value[:LONGEST].decode("latin-1")
            elif key == b"location":
                self.location = redact_url(value[:LONGEST_LOCATION].decode("latin-1"))

    def _cookie(self, value: bytes, hasher: CookieHasher) -> None:
        if len(self.set_cookies) >= MOST_COOKIES:
            return
        name, _, rest = value.decode("latin-1").partition("=")
        content = rest.partition(";")[0].strip()
        name = name.strip()[:LONGEST]
        self.set_cookies[name] = hasher.hash(name, content) if content else None


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
    sent_at, user = exchange.sent_at, client.identity.user
    return Hop(
        utc=client.stamp(sent_at),
        t=round(sent_at, 6),
        took=round(exchange.over_at - sent_at, 6),
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
        body=_with_pieces(evidence, exchange.arrivals),
        head=None if exchange.first_byte is None else round(exchange.first_byte - sent_at, 6),
        late=round(exchange.late, 4),
        ended=how or ending(response),
        error=response.error,
        origin=line.origin,
        control=request.control or client.identity.control,
        forced=request.forced,
        reused=response.reused,
        auth=request.auth,
    )


def ending(response: Response) -> str:
    """How an answer ended that nobody cut short: see `Hop.ended`."""
    if response.status is None:
        return "unanswered"
    return "truncated" if response.error else "whole"


def _with_pieces(evidence: Evidence, arrivals: list[float]) -> Evidence:
    if not arrivals:
        return evidence
    longest, median = gaps(arrivals)
    return msgspec.structs.replace(
        evidence, pieces=len(arrivals), longest_gap=longest, median_gap=median
    )
