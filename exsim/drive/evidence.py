"""From an exchange to its hop: which facts are kept, and how cookies are hashed.

Facts only, no judgement.  Values of cookies never stand in a hop, only a short salted hash, which shows
change and whose logon a cookie was; the balancer's own cookies stand in clear.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from hashlib import blake2b
from itertools import pairwise
from sys import intern
from typing import TYPE_CHECKING

import msgspec

from exsim.drive.exchange import Exchange
from exsim.protocols.flow import CookieLine, Request, Response
from exsim.protocols.head import LONGEST, HeadFacts
from exsim.session.hop import Evidence, Hop
from exsim.wire import names
from exsim.wire.back_end_cookie import renewed
from exsim.wire.redact import known_plain, redact_url

if TYPE_CHECKING:
    from exsim.drive.driver import Client

MOST_COOKIES = 50  # of one answer
NOT_KNOWN: tuple[str | None, str] = (None, "")
NOTHING_SET: dict[str, str | None] = {}  # never changed
# Added to a number below 2**51 and taken away again: what stood behind the point is gone
ROUND = 1.5 * 2**52
MOST_ANSWERS = 8  # of one browser whose Set-Cookie lines are remembered


class CookieHasher:
    """Hashes of cookie values, salted once a run; `clear` are the balancer's own names."""

    __slots__ = ("clear", "known", "lines", "salt")

    def __init__(self, salt: bytes, clear: Container[str] = frozenset()) -> None:
        self.salt = salt
        self.clear = clear
        self.known: dict[str, tuple[str, str]] = {}  # name -> last value and its hash
        self.lines: dict[tuple[bytes, ...], dict[str, str | None]] = {}  # of an answer -> `set_by`

    def hash(self, name: str, value: str) -> str:
        known = self.known.get(name)
        if known is not None and known[0] == value:
            if known[0] is not value:  # thousands of browsers need not hold it twice
                self.known[name] = (value, known[1])
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

    def _taken(self, line: bytes) -> tuple[str, str | None]:
        """The name of the cookie in a Set-Cookie line, and its hash; None: it is deleted."""
        name, _, rest = line.decode("latin-1").partition("=")
        content = rest.partition(";")[0].strip()
        name = name.strip()[:LONGEST]
        return name, self.hash(name, content) if content else None

    def set_by(self, lines: tuple[bytes, ...]) -> dict[str, str | None]:
        """The hashes of what an answer's Set-Cookie lines set; None where they delete."""
        if len(self.lines) >= MOST_ANSWERS:
            self.lines.clear()
        taken = self.lines[lines] = dict(map(self._taken, lines[:MOST_COOKIES]))
        return taken

    def sent(self, cookies: CookieLine) -> dict[str, str]:
        """The hashes of what a request carried; computed once for a snapshot."""
        if cookies.hashes is None:
            cookies.hashes = hashes = {}
            for name, value in cookies.values.items():
                before, shown = self.known.get(name, NOT_KNOWN)
                hashes[name] = shown if before == value else self.hash(name, value)
        return cookies.hashes


def gaps(arrivals: Sequence[float]) -> tuple[float, float]:
    """The longest and the median gap between pieces, in seconds."""
    between = sorted(b - a for a, b in pairwise(arrivals))
    if not between:
        return 0.0, 0.0
    return round(between[-1], 3), round(between[len(between) // 2], 3)


def hop_of(exchange: Exchange, response: Response, evidence: Evidence, how: str | None) -> Hop:
    """The hop of an exchange that is over.  `how`: closed or abandoned, when it was cut short."""
    request, line, client = exchange.request, exchange.connection, exchange.task.client
    cookies, hasher = request.cookies, client.hasher
    facts, named = response.facts or HeadFacts(response.headers), response.request_id
    if not named and facts.request_id_at >= 0:
        named = response.headers[facts.request_id_at][1][:LONGEST]
    lines = facts.set_cookies
    identity, head = client.identity, exchange.first_byte
    sent_at, over_at = exchange.sent_at, exchange.over_at
    # To microseconds, for the rest is noise; `round` takes ten times as long
    took = ((over_at - sent_at) * 1e6 + ROUND - ROUND) / 1e6
    if head is not None:
        head = took if head == over_at else ((head - sent_at) * 1e6 + ROUND - ROUND) / 1e6
    plain = known_plain(request.target)
    set_cookies = (hasher.lines.get(lines) or hasher.set_by(lines)) if lines else NOTHING_SET
    number, session = client.session
    if number != request.session:  # one text for all its hops
        session = f"{identity.user}.{request.session}"
        client.session = request.session, session
    return Hop(  # in the order of its fields: by name it takes ten times as long
        client.stamp(sent_at), (sent_at * 1e6 + ROUND - ROUND) / 1e6, took,
        identity.user, session, exchange.seq, identity.protocol, request.step,
        f"{request.method} {plain}" if plain is not None else _shown(request, client),
        response.status, response.reason[:60], facts.location,
        line.number, line.source, line.address, line.alpn,
        exchange.client_request_id,
        named.decode("latin-1"),
        cookies.hashes or hasher.sent(cookies), set_cookies, facts.kept,
        _with_pieces(evidence, exchange.arrivals) if exchange.arrivals else evidence,
        head,
        round(exchange.late, 4) if exchange.late else 0.0,
        round(exchange.pause, 3) if exchange.pause else 0.0,
        how or ("whole" if response.facts is not None else ending(response)), response.error,
        line.origin, request.control or identity.control, request.forced,
        response.reused, request.auth, facts.challenger,
        sid_of(lines, cookies, hasher) if names.BACK_END_COOKIE in set_cookies else "",
    )  # fmt: skip


def _shown(request: Request, client: Client) -> str:
    """Method and URL as they may be written.  A telephone that waits asks the same, secrets and all, over and over."""
    target, method, text = client.asked
    if target is not request.target or method != request.method:
        method, plain = request.method, redact_url(request.target)
        text = f"{method} {plain}"
        if plain != request.target:
            text = intern(text)  # thousands of telephones differ in nothing but what was taken out
            client.asked = request.target, method, text
    return text


def sid_of(lines: Sequence[bytes], carried: CookieLine, hasher: CookieHasher) -> str:
    """A hash of the SID that an answer's routing cookie was renewed for, or ""."""
    answered, sid = carried.renewal
    if answered is not lines:
        before = carried.values.get(names.BACK_END_COOKIE, "")
        sid = ""
        for line in lines:
            sid = sid or renewed(line, before)
        carried.renewal = lines, sid
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
