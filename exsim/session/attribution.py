"""Who answered a hop, and which back end stood behind it, each with the evidence for it.

Witnesses in order: the front end's own header, the balancer's header, the balancer's log, the node that was
asked directly, HealthCheck's own name, the name in an NTLM challenge, the balancer's persistence cookie.  What
no witness names is unattributed, never guessed.  Names are NetBIOS names in capitals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from exsim.session.hop import Hop
from exsim.session.records import Session
from exsim.wire import names
from exsim.wire.big_ip import server_in

FE_SERVER = names.FE_SERVER.lower()
CALCULATED_BE = names.CALCULATED_BE.lower()
BE_SERVER = names.BE_SERVER.lower()
DIAG_INFO = names.DIAG_INFO.lower()
LB_SERVER = names.LB_SERVER.lower()

Witness = tuple[str | None, str]  # a front end and the evidence for it
LbLog = Mapping[tuple[str, str], Sequence[tuple[float, str]]]
_Found = TypeVar("_Found")
UNATTRIBUTED: Witness = (None, "")
# What a witness is called where people read it.
EVIDENCE = {
    "header": "X-FEServer",
    "lb_header": "the balancer's header",
    "lb_log": "the balancer's log",
    "origin": "the address that was asked",
    "health": "HealthCheck's own name",
    "ntlm": "the name in NTLM's challenge",
    "lb_cookie": "the persistence cookie",
}

_LOG_TOLERANCE = 1.0  # seconds between the balancer's clock and ours: assumed
_MOST_CONNECTIONS = 100_000  # whose NTLM challenge is remembered
_MOST_HEADERS = 10_000  # values whose meaning is kept at hand, and found anew where it was not
_MOST_LEARNT = 100_000  # names of the balancer's, and values of its cookies; of what comes then nothing is learnt


def net_bios(name: str) -> str:
    """`ex16-01.corp.example` or `EX16-01` -> `EX16-01`."""
    return name.strip().partition(".")[0].upper()


def _kept(held: dict[str, _Found], value: str, found: _Found) -> _Found:
    """Keep what a header's value stands for; whoever sends ever new ones makes the first be forgotten."""
    if len(held) >= _MOST_HEADERS:
        del held[next(iter(held))]
    held[value] = found
    return found


class Attribution:
    """Answers who served a hop, and learns from hops on which several witnesses agree.

    `lb_servers`: the balancer's name of a server (`lb_backend/lb_server`, or the latter alone) -> node.
    `lb_log`: (source "address:port", "METHOD /path") -> (seconds since the run began, lb_server).
    `lb_cookies`: names of the balancer's persistence cookies; their values are learnt, or known beforehand
    (`lb_values`: value -> node).  `addresses`: "10.0.1.13" or "10.0.1.13:443" -> node, for cookies that hold
    an address.  `distrusted`: names that X-FEServer may bear and is not believed in (see `trust`).
    """

    def __init__(
        self,
        lb_servers: Mapping[str, str] | None = None,
        lb_log: LbLog | None = None,
        lb_cookies: Collection[str] = (),
        *,
        lb_values: Mapping[str, str] | None = None,
        addresses: Mapping[str, str] | None = None,
        distrusted: Collection[str] = (),
    ) -> None:
        self._lb_servers = {name: net_bios(node) for name, node in (lb_servers or {}).items()}
        self._lb_log = lb_log or {}
        self._lb_cookies = tuple(lb_cookies)
        self._cookie_values: dict[tuple[str, str], str | None] = {  # None: two nodes share it
            (name, value): net_bios(node)
            for value, node in (lb_values or {}).items()
            for name in self._lb_cookies
        }
        self._addresses = {place: net_bios(node) for place, node in (addresses or {}).items()}
        self._distrusted = frozenset(distrusted)
        self.learns = bool(self._lb_cookies)  # from each answer, and not from its headers alone
        self._harvest: dict[str, str] = {}
        self._headers: dict[str, Witness] = {}  # a header's value -> what it stands for
        self._back_ends: dict[str, str] = {}
        self._challenged: dict[tuple[int, int], str] = {}  # (user, connection) -> who challenged it
        self.homes: dict[str, str] = {}  # account -> its last known back end

    def front_end(self, hop: Hop) -> Witness:
        """The front end that made or passed on this answer, and the evidence; (None, "") if unknown."""
        value = hop.headers.get(FE_SERVER)
        if value is None:
            return self._without_header(hop)
        witness = self._headers.get(value)
        if witness is None:
            witness = _kept(self._headers, value, self._by_header(value))
        if witness[1] == "distrusted":
            return self._without_header(hop)
        lb_server = hop.headers.get(LB_SERVER)
        if self._lb_cookies or (lb_server is not None and lb_server not in self._harvest):
            self._learn(hop, witness[0])
        return witness

    def exactly(self, hop: Hop) -> Iterator[tuple[str, str]]:
        """Every other witness of this very answer that was not learnt from headers: evidence and name."""
        for ask, evidence in _EXACT:
            name = ask(self, hop)
            if name:
                yield evidence, name

    def _by_header(self, value: str) -> Witness:
        name = net_bios(value)
        if name in self._distrusted:
            return None, "distrusted"
        return (name, "header") if name else UNATTRIBUTED

    def _without_header(self, hop: Hop) -> Witness:
        for ask, evidence in _WITNESSES:
            name = ask(self, hop)
            if name:
                if evidence in _TEACHING:
                    self._learn(hop, name)
                return name, evidence
        return UNATTRIBUTED

    def _by_e14_header(self, hop: Hop) -> str | None:
        # On 2013 and later the same header names the back end, and then never stands alone (E13, E14).
        if BE_SERVER in hop.headers or CALCULATED_BE in hop.headers or FE_SERVER in hop.headers:
            return None
        name = net_bios(hop.headers.get(DIAG_INFO, ""))
        return name if name not in self._distrusted else None

    def _node_of(self, lb_server: str) -> str | None:
        return self.given(lb_server) or self._harvest.get(lb_server)

    def given(self, lb_server: str) -> str | None:
        """The node that this server of the balancer's was said to be."""
        return self._lb_servers.get(lb_server) or self._lb_servers.get(lb_server.rpartition("/")[2])

    def _by_lb_header(self, hop: Hop) -> str | None:
        return self._node_of(hop.headers.get(LB_SERVER, ""))

    def _by_given_lb_header(self, hop: Hop) -> str | None:
        return self.given(hop.headers.get(LB_SERVER, ""))

    def _by_lb_log(self, hop: Hop) -> str | None:
        key = (hop.source, hop.request.partition("?")[0])
        lines = [
            (abs(t - hop.t), lb_server)
            for t, lb_server in self._lb_log.get(key, ())
            if hop.t - _LOG_TOLERANCE <= t <= hop.arrived + _LOG_TOLERANCE
        ]
        return self._node_of(min(lines)[1]) if lines else None

    def _by_origin(self, hop: Hop) -> str | None:
        return net_bios(hop.origin) if hop.origin and hop.status is not None else None

    def _by_health(self, hop: Hop) -> str | None:
        return net_bios(hop.body.host) or None

    def _by_challenge(self, hop: Hop) -> str | None:
        """Who challenged, and who then took the answer: only he can, on that connection (NLMP, NTHT)."""
        key = (hop.user, hop.conn)
        if hop.challenger:
            return self._remember(key, net_bios(hop.challenger)) or None
        if hop.status in (None, 401) or not hop.auth:
            return None
        name = self._challenged.get(key)
        return name and self._remember(key, name)

    def _remember(self, connection: tuple[int, int], challenger: str) -> str:
        """The one that was silent for longest is forgotten, where there are too many."""
        self._challenged.pop(connection, None)
        self._challenged[connection] = challenger
        if len(self._challenged) > _MOST_CONNECTIONS:
            del self._challenged[next(iter(self._challenged))]
        return challenger

    def _by_lb_cookie(self, hop: Hop) -> str | None:
        if hop.origin or hop.status is None:  # the balancer was not passed, or nobody answered
            return None
        for name in self._lb_cookies:
            value = hop.set_cookies.get(name) or hop.cookies.get(name)
            node = self._cookie_values.get((name, value)) if value else None
            if node:
                return node
            if value and (node := self._by_address(value)):
                return node
        return None

    def _by_address(self, value: str) -> str | None:
        """The node whose address the cookie holds (K6917)."""
        if not self._addresses or (found := server_in(value)) is None:
            return None
        address, port = found
        return self._addresses.get(f"{address}:{port}") or self._addresses.get(str(address))

    def _learn(self, hop: Hop, node: str | None) -> None:
        if node is None:
            return
        lb_server = hop.headers.get(LB_SERVER)
        if lb_server is not None and len(self._harvest) < _MOST_LEARNT:
            self._harvest.setdefault(lb_server, node)
        if hop.origin:
            return
        for name in self._lb_cookies:
            value = hop.set_cookies.get(name) or hop.cookies.get(name)
            key, known = (name, value or ""), self._cookie_values
            if not value or (len(known) >= _MOST_LEARNT and key not in known):
                continue
            if known.setdefault(key, node) != node:
                # Redispatched without a new cookie: the value no longer tells who answers.
                known[key] = None

    def back_end(self, hop: Hop) -> str | None:
        """The back end that this answer itself names: the one picked, else the one that answered."""
        value = hop.headers.get(CALCULATED_BE) or hop.headers.get(BE_SERVER)
        if value is None:
            return None
        name = self._back_ends.get(value)
        if name is None:
            name = _kept(self._back_ends, value, net_bios(value))
        return name or None

    def at_home(self, session: Session) -> bool:
        """Say which back end a session's mailbox is on, where only others of its account were told; was it said?"""
        home = session.back_end or self.homes.get(session.account)
        incident = session.incident
        said = session.back_end and (incident is None or incident.back_end)
        if home is None or said:
            return False
        session.back_end = home
        if incident is not None:
            incident.back_end = incident.back_end or home
        return True


_WITNESSES = (
    (Attribution._by_e14_header, "header"),
    (Attribution._by_lb_header, "lb_header"),
    (Attribution._by_lb_log, "lb_log"),
    (Attribution._by_origin, "origin"),
    (Attribution._by_health, "health"),
    (Attribution._by_challenge, "ntlm"),
    (Attribution._by_lb_cookie, "lb_cookie"),
)
_TEACHING = ("health", "ntlm")  # they name the server themselves, as the header does
_EXACT = (
    (Attribution._by_given_lb_header, "lb_header"),
    (Attribution._by_origin, "origin"),
    (Attribution._by_health, "health"),
    (Attribution._by_challenge, "ntlm"),
)
