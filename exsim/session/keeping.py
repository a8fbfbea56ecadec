"""What a balancer keeps: told from requests without cookies, by who answered them.

Each request belongs to one of a few experiments, which its step names: one connection used again, new
connections, a cookie of the balancer's shown again, other source addresses, a TLS session resumed.  Pure: the
same hops give the same answer, in the visit and from a history.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from ipaddress import ip_address

import msgspec
from msgspec.structs import replace

from exsim.session.hop import Hop
from exsim.wire import names
from exsim.wire.big_ip import server_in

REQUEST, CONNECTION, COOKIE, SOURCE, TLS, ONE, UNKNOWN = (
    "request", "connection", "cookie", "source", "tls", "one", "unknown",
)  # fmt: skip
# The experiments, as the steps of their hops.
SURVEY = "survey_"
ON_ONE = SURVEY + "one_connection"
ON_NEW = SURVEY + "new_connections"
WITH_COOKIE = SURVEY + "cookie"
FROM_SOURCE = SURVEY + "source"
RESUMED = SURVEY + "tls_session"
NODE = SURVEY + "node"  # a node by itself, for its name
NAME = SURVEY + "name"  # HealthCheck.htm, where nothing else names who answers
LEAST_SOURCES = 12  # addresses that tell a computed choice from a remembered one
COMPUTED, REMEMBERED = "computed", "remembered"

# Cookies that Exchange itself may set on a first answer; any other is taken for the balancer's (*assumed*).
OF_EXCHANGE = frozenset(
    one.lower()
    for one in (
        *names.LOGON_COOKIES, *names.E14_LOGON_COOKIES, *names.WIPED, names.USER_CONTEXT,
        names.E14_USER_CONTEXT, names.CANARY, names.ECP_CANARY, names.BACK_END_COOKIE, names.CLIENT_ID,
        names.APP_CACHE_VERSION, names.PRIVATE_COMPUTER, names.POST_BACK, names.COOKIE_TEST,
        names.OFFLINE, "OutlookSession", "exchangecookie", "logondata", "mkt", "ASP.NET_SessionId",
    )
)  # fmt: skip


class Seen(msgspec.Struct, frozen=True):
    """One answer: the experiment, the connection, the source address, the balancer's cookie that was sent or
    set (name -> value), and who answered ("" where nothing says)."""

    step: str
    conn: int
    source: str
    sent: dict[str, str]
    set_: dict[str, str]
    node: str


class Keeping(msgspec.Struct, frozen=True):
    """What the balancer keeps a client by.

    `by`: request (nothing), connection, cookie, source, tls, one (one node answered everything), unknown.
    `cookie`: its name; `readable`: its value names the node.  `how`: of a source, computed or remembered.
    `nodes`: who answered, in order.  `values`: node -> a value of the cookie that leads there.
    """

    by: str
    cookie: str = ""
    readable: bool = False
    how: str = ""
    nodes: tuple[str, ...] = ()
    values: dict[str, str] = {}
    connections: int = 0
    sources: int = 0
    named: bool = True  # who answered has a name, and is not only told apart by a cookie's value


def seen(hop: Hop, node: str) -> Seen:
    """What a hop of the visit shows; `node` is who answered it."""
    return Seen(
        step=hop.step,
        conn=hop.conn,
        source=hop.source.rpartition(":")[0],
        sent={name: value for name, value in hop.cookies.items() if is_foreign(name)},
        set_={name: value for name, value in hop.set_cookies.items() if value and is_foreign(name)},
        node=node,
    )


def is_foreign(name: str) -> bool:
    """Whether a cookie is none of Exchange's."""
    return name.lower() not in OF_EXCHANGE


def keeping(answers: Sequence[Seen]) -> Keeping:
    """What the balancer that gave these answers keeps."""
    by_step: dict[str, list[Seen]] = defaultdict(list)
    for one in answers:
        by_step[one.step].append(one)
    told, named = _labels(answers)

    def met(*steps: str) -> set[str]:
        return {label for step in steps for one in by_step[step] if (label := told[id(one)])}

    nodes = met(ON_ONE, ON_NEW, WITH_COOKIE, FROM_SOURCE, RESUMED)
    base = Keeping(
        UNKNOWN,
        nodes=tuple(sorted(nodes)),
        connections=len({one.conn for one in answers if one.step != NODE}),
        sources=len({one.source for one in by_step[FROM_SOURCE]}) or 1,
        named=named,
    )
    if not nodes:
        return base
    cookie = _cookie(by_step[WITH_COOKIE], told, met(ON_NEW, ON_ONE))
    if cookie:
        values = _values(answers, cookie, told)
        readable = named and all(_names(value, node) for node, value in values.items())
        return replace(base, by=COOKIE, cookie=cookie, readable=readable, values=values)
    if len(met(RESUMED)) == 1 and len(met(ON_NEW)) > 1 and len(by_step[RESUMED]) > 2:
        return replace(base, by=TLS)
    if len(met(ON_ONE)) > 1:
        return replace(base, by=REQUEST)
    led = _led(by_step[FROM_SOURCE], told)
    if len(met(ON_NEW)) > 1 or any(len(set(found)) > 1 for found in led.values()):
        return replace(base, by=CONNECTION)
    known = {one.source for one in (*by_step[ON_ONE], *by_step[ON_NEW])}
    source = _source(led, known)
    if source is not None:
        return replace(base, by=SOURCE, how=source)
    return replace(base, by=ONE) if len(nodes) == 1 else base


def _labels(answers: Sequence[Seen]) -> tuple[dict[int, str], bool]:
    """Who answered, by name; where no answer has one, by the value of a cookie that was set."""
    if any(one.node for one in answers if one.step != NODE):
        return {id(one): one.node for one in answers}, True
    return {id(one): next(iter((one.set_ or one.sent).values()), "") for one in answers}, False


def _cookie(shown: Sequence[Seen], told: dict[int, str], elsewhere: set[str]) -> str:
    """The cookie that led every connection that showed it to one node, and there are others; or ""."""
    led: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in shown:
        for name, value in one.sent.items():
            if told[id(one)]:  # an error of the balancer's own tells of no node
                led[name][value].add(told[id(one)])
    for name, values in led.items():
        nodes = {node for found in values.values() for node in found}
        if all(len(found) == 1 for found in values.values()) and len(nodes | elsewhere) > 1:
            return name
    return ""


def _values(answers: Sequence[Seen], cookie: str, told: dict[int, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for one in answers:
        value = one.set_.get(cookie) or one.sent.get(cookie)
        if value and told[id(one)]:
            values.setdefault(told[id(one)], value)
    return values


def _names(value: str, node: str) -> bool:
    """Whether a cookie's value says by itself where it leads."""
    plain = re.sub(r"[^a-z0-9]", "", value.lower())
    name = re.sub(r"[^a-z0-9]", "", node.lower())
    return bool(server_in(value)) or (len(plain) > 2 and (name in plain or plain in name))


def _led(visits: Sequence[Seen], told: dict[int, str]) -> dict[str, list[str]]:
    """Source address -> the nodes that it met, one a visit; in the order of the first visits."""
    led: dict[str, list[str]] = {one.source: [] for one in visits}
    for one in visits:
        if told[id(one)]:
            led[one.source].append(told[id(one)])
    return {source: found for source, found in led.items() if found}


def _source(led: dict[str, list[str]], known: set[str]) -> str | None:
    """How a node is chosen by the source address, which `led` always to the same one; "" when that cannot be
    told; None when it is not.

    `known`: addresses that had come before, which have no turn any more.
    """
    chosen = {source: found[0] for source, found in led.items()}
    if len(set(chosen.values())) < 2 or all(len(found) < 2 for found in led.values()):
        return None
    if len(chosen) < LEAST_SOURCES:
        return ""
    in_turn = rotates([node for source, node in chosen.items() if source not in known])
    in_order = rotates([chosen[source] for source in sorted(chosen, key=_number)])
    if in_turn == in_order:
        return ""
    return REMEMBERED if in_turn else COMPUTED


def rotates(nodes: Sequence[str]) -> bool:
    """Whether every node has its turn, over and over."""
    period = len(set(nodes))
    return 1 < period <= len(nodes) // 2 and all(
        node == nodes[index % period] for index, node in enumerate(nodes)
    )


def _number(source: str) -> int:
    try:
        return int(ip_address(source.strip("[]")))
    except ValueError:
        return 0


def unreachable(kept: Keeping, nodes: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of login and serving node that nobody meets by himself, of all the nodes that are known."""
    known = sorted({*nodes, *(kept.nodes if kept.named else ())})
    pairs = [(login, serving) for login in known for serving in known]
    if kept.by == ONE and kept.named:
        return [pair for pair in pairs if pair != (kept.nodes[0], kept.nodes[0])]
    if kept.by in (SOURCE, COOKIE, TLS):
        return [(login, serving) for login, serving in pairs if login != serving]
    return []
