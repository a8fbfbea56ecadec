"""Who answered a hop, and which back end stood behind it, each with the evidence for it.

Witnesses in order: the front end's own header, the balancer's header, the balancer's log, the node
that was asked directly, the balancer's persistence cookie.  What no witness names is unattributed,
never guessed.  Names are NetBIOS names in capitals.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from exsim.session.hop import Hop
from exsim.wire import names

FE_SERVER = names.FE_SERVER.lower()
CALCULATED_BE = names.CALCULATED_BE.lower()
BE_SERVER = names.BE_SERVER.lower()
DIAG_INFO = names.DIAG_INFO.lower()
LB_SERVER = names.LB_SERVER.lower()

Witness = tuple[str | None, str]  # a front end and the evidence for it
LbLog = Mapping[tuple[str, str], Sequence[tuple[float, str]]]
UNATTRIBUTED: Witness = (None, "")

_LOG_TOLERANCE = 1.0  # seconds between the balancer's clock and ours: assumed


def net_bios(name: str) -> str:
    """`ex16-01.corp.example` or `EX16-01` -> `EX16-01`."""
    return name.strip().partition(".")[0].upper()


class Attribution:
    """Answers who served a hop, and learns from hops on which several witnesses agree.

    `lb_servers`: the balancer's name of a server (`lb_backend/lb_server`, or the latter alone) -> node.
    `lb_log`: (source "address:port", "METHOD /path") -> (seconds since the run began, lb_server).
    `lb_cookies`: names of the balancer's persistence cookies; their values are learnt.
    """

    def __init__(
        self,
        lb_servers: Mapping[str, str] | None = None,
        lb_log: LbLog | None = None,
        lb_cookies: Collection[str] = (),
    ) -> None:
        self._lb_servers = {name: net_bios(node) for name, node in (lb_servers or {}).items()}
        self._lb_log = lb_log or {}
        self._lb_cookies = tuple(lb_cookies)
        self._cookie_values: dict[tuple[str, str], str | None] = {}  # None: two nodes share it
        self._harvest: dict[str, str] = {}
        self._headers: dict[str, Witness] = {}  # a header's value -> what it stands for
        self._back_ends: dict[str, str] = {}
        self.homes: dict[str, str] = {}  # account -> its last known back end

    def front_end(self, hop: Hop) -> Witness:
        """The front end that made or passed on this answer, and the evidence; (None, "") if unknown."""
        value = hop.headers.get(FE_SERVER)
        if value is None:
            return self._without_header(hop)
        witness = self._headers.get(value)
        if witness is None:
            name = net_bios(value)
            witness = self._headers[value] = (name, "header") if name else UNATTRIBUTED
        lb_server = hop.headers.get(LB_SERVER)
        if self._lb_cookies or (lb_server is not None and lb_server not in self._harvest):
            self._learn(hop, witness[0])
        return witness

    def _without_header(self, hop: Hop) -> Witness:
        for ask, evidence in _WITNESSES:
            name = ask(self, hop)
            if name:
                return name, evidence
        return UNATTRIBUTED

    def _by_e14_header(self, hop: Hop) -> str | None:
        # On 2013 and later the same header names the back end, and then never stands alone (E13, E14).
        if BE_SERVER in hop.headers or CALCULATED_BE in hop.headers:
            return None
        return net_bios(hop.headers.get(DIAG_INFO, "")) or None

    def _node_of(self, lb_server: str) -> str | None:
        given = self._lb_servers.get(lb_server) or self._lb_servers.get(
            lb_server.rpartition("/")[2]
        )
        return given or self._harvest.get(lb_server)

    def _by_lb_header(self, hop: Hop) -> str | None:
        return self._node_of(hop.headers.get(LB_SERVER, ""))

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

    def _by_lb_cookie(self, hop: Hop) -> str | None:
        if hop.origin or hop.status is None:  # the balancer was not passed, or nobody answered
            return None
        for name in self._lb_cookies:
            value = hop.set_cookies.get(name) or hop.cookies.get(name)
            node = self._cookie_values.get((name, value)) if value else None
            if node:
                return node
        return None

    def _learn(self, hop: Hop, node: str | None) -> None:
        if node is None:
            return
        lb_server = hop.headers.get(LB_SERVER)
        if lb_server is not None:
            self._harvest.setdefault(lb_server, node)
        if hop.origin:
            return
        for name in self._lb_cookies:
            value = hop.set_cookies.get(name) or hop.cookies.get(name)
            if value and self._cookie_values.setdefault((name, value), node) != node:
                # Redispatched without a new cookie: the value no longer tells who answers.
                self._cookie_values[(name, value)] = None

    def back_end(self, hop: Hop) -> str | None:
        """The back end that this answer itself names: the one picked, else the one that answered."""
        value = hop.headers.get(CALCULATED_BE) or hop.headers.get(BE_SERVER)
        if value is None:
            return None
        name = self._back_ends.get(value)
        if name is None:
            name = self._back_ends[value] = net_bios(value)
        return name or None


_WITNESSES = (
    (Attribution._by_e14_header, "header"),
    (Attribution._by_lb_header, "lb_header"),
    (Attribution._by_lb_log, "lb_log"),
    (Attribution._by_origin, "origin"),
    (Attribution._by_lb_cookie, "lb_cookie"),
)
