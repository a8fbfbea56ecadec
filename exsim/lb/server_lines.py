"""`server`, `default-server` and `bind`: the lines that hold addresses and certificates."""

from __future__ import annotations

import re
from collections.abc import Mapping

from exsim.lb.cfg import Line, Section
from exsim.lb.rig import HARMLESS, MAY_MATTER, Bind, Edit, Moving

# The first word after a server's name is its address, unless it is one of these: then it was cut out.
_KNOWN = """
addr agent-addr agent-check agent-inter agent-port agent-send allow-0rtt alpn backup ca-file
check check-alpn check-proto check-send-proxy check-sni check-ssl check-via-socks4 ciphers
ciphersuites cookie crl-file crt disabled downinter enabled error-limit fall fastinter
force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 id init-addr init-state inter
log-bufsize log-proto max-reuse maxconn maxqueue minconn namespace no-check no-ssl no-verifyhost
no-backup non-stick npn observe on-error on-marked-down on-marked-up pool-low-conn pool-max-conn
pool-purge-delay port proto proxy-v2-options redir resolve-net resolve-opts resolve-prefer resolvers rise
send-proxy send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn set-proxy-v2-tlv-fmt shard slowstart sni socks4 source ssl ssl-max-ver ssl-min-ver ssl-reuse
tcp-ut tfo tls-tickets track usesrc verify verifyhost weight ws
"""
SERVER_WORDS = frozenset(_KNOWN.split())
# Words with a value that only fit the place the file came from.
SERVER_VALUES = {"ca-file", "crl-file", "crt", "verify", "verifyhost", "port", "addr", "resolvers"}
SERVER_VALUES |= {
    "source",
    "usesrc",
    "namespace",
    "socks4",
    "agent-addr",
    "agent-port",
    "init-addr",
    "proxy-v2-options",
}
SERVER_FLAGS = {"agent-check", "send-proxy", "send-proxy-v2", "check-send-proxy", "no-verifyhost"}
SERVER_FLAGS |= {"send-proxy-v2-ssl", "send-proxy-v2-ssl-cn"}
BIND_VALUES = {
    "crt",
    "crt-list",
    "ca-file",
    "crl-file",
    "verify",
    "interface",
    "namespace",
    "process",
}
BIND_VALUES |= {
    "thread",
    "crt-ignore-err",
    "ca-ignore-err",
    "ca-verify-file",
    "tls-ticket-keys",
    "user",
    "group",
    "uid",
}
BIND_VALUES |= {"gid", "mode", "shards"}
BIND_FLAGS = {"accept-proxy", "transparent", "v4v6", "v6only", "expose-fd"}
CLIENT_CERTIFICATES = {"verify", "ca-file", "crl-file", "ca-verify-file"}
# What the balancer speaks to a server: HTTP, TLS, or whatever its clients speak to that server.
PLAIN, TLS, THROUGH = "plain HTTP", "TLS", "TLS of its clients"


def is_address(word: str) -> bool:
    """Whether the word after a server's name is its address."""
    return word not in SERVER_WORDS


def without(words: list[str], values: set[str], flags: set[str]) -> tuple[list[str], list[str]]:
    """`words` without the named ones (and the value of each of `values`), and the names that went."""
    kept: list[str] = []
    gone: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in values:
            gone.append(word)
            next(rest, None)
        elif word in flags:
            gone.append(word)
        else:
            kept.append(word)
    return kept, gone


def server(line: Line, moving: Moving, speaks: str) -> Edit:
    """A `server` line: the node's address, and which certificate is taken for a node's.

    `speaks`: what its section says that is spoken to its servers.
    """
    if len(line.words) < 2:
        raise moving.error(line.number, "a server without a name")
    name, rest = line.words[1], line.words[2:]
    had_address = bool(rest) and is_address(rest[0])
    if had_address:
        rest = rest[1:]
    rest, gone = without(rest, SERVER_VALUES, SERVER_FLAGS)
    node = node_for(name, line, moving)
    moving.made.servers[name] = node
    if "ssl" in rest or (speaks == TLS and "no-ssl" in rest):
        speaks = TLS if "ssl" in rest else PLAIN
    address, added = reached(name, node, speaks, line, moving)
    rest = [*added, *rest]
    why = f"{name} is {node}" + ("" if had_address else " (the file gave no address)")
    if gone:
        why += "; only fits the place the file came from: " + ", ".join(gone)
    if added:
        why += "; the file speaks plain HTTP to it, and here it is known by TLS alone"
    if added or speaks == TLS:
        rest += checked(rest, moving)
        why += f"; {moving.rig.trust}"
    matters = set(gone) - {"verify", "ca-file", "resolvers", "init-addr", "verifyhost"}
    kind = MAY_MATTER if matters or added else HARMLESS
    return Edit(line.with_words(["server", name, address, *rest]), kind, why)


def reached(
    name: str, node: str, speaks: str, line: Line, moving: Moving
) -> tuple[str, tuple[str, ...]]:
    """Where the server is here, and what has to be added for it to be spoken to."""
    rig = moving.rig
    if speaks == PLAIN and node in rig.nodes:
        return rig.nodes[node], ()
    if node not in rig.nodes_tls:
        raise moving.error(
            line.number, f"server {name}: {node} has no address for TLS here, only for plain HTTP"
        )
    return rig.nodes_tls[node], ("ssl",) if speaks == PLAIN else ()


def checked(words: list[str], moving: Moving) -> list[str]:
    """What a server that speaks TLS gains: whose certificate is taken, and the name that is asked for."""
    rig = moving.rig
    asked = list(rig.node_tls)
    if rig.sni and "sni" not in words:
        asked += ["sni", f"str({rig.sni})"]
    if rig.sni and "check" in words and "check-sni" not in words:
        asked += ["check-sni", rig.sni]
    return asked


def default_server(line: Line, moving: Moving) -> Edit | None:
    """A `default-server` line, without what only fits another place."""
    rest, gone = without(line.words[1:], SERVER_VALUES, SERVER_FLAGS)
    if not gone:
        return None
    if "ssl" in rest:
        rest += moving.rig.node_tls
    why = "only fits the place the file came from: " + ", ".join(gone)
    matters = set(gone) - {"verify", "ca-file", "resolvers", "init-addr"}
    kind = MAY_MATTER if matters else HARMLESS
    return Edit(line.with_words(["default-server", *rest]) if rest else None, kind, why)


def node_for(name: str, line: Line, moving: Moving) -> str:
    """The node that the server called `name` is.  Raises LbError when that cannot be told."""
    rig = moving.rig
    if name in rig.servers:
        return rig.servers[name]
    found = matches(name, {**rig.nodes, **rig.nodes_tls})
    if len(found) == 1:
        return found[0]
    nodes = ", ".join(sorted({**rig.nodes, **rig.nodes_tls}))
    which = f"say which one it is in {rig.naming}"
    if found:
        raise moving.error(line.number, f"server {name} may be {' or '.join(found)}: {which}")
    raise moving.error(line.number, f"server {name} is none of the nodes {nodes}: {which}")


def matches(server_name: str, nodes: Mapping[str, str]) -> list[str]:
    """The nodes whose names are contained in the server's (or the other way round); the longest win."""
    wanted = normal(server_name)
    inside = [node for node in nodes if contains(wanted, normal(node))]
    if not inside:
        inside = [node for node in nodes if contains(normal(node), wanted)]
    longest = max((len(normal(node)) for node in inside), default=0)
    return [node for node in inside if len(normal(node)) == longest]


def normal(name: str) -> str:
    """Letters and digits alone, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def contains(whole: str, part: str) -> bool:
    """Whether `part` stands in `whole` without cutting a number in two: exch1 is not in exch13."""
    edge = r"(?<!\d)" if part[:1].isdigit() else ""
    end = r"(?!\d)" if part[-1:].isdigit() else ""
    return bool(part) and re.search(edge + re.escape(part) + end, whole) is not None


def bind(line: Line, section: Section, moving: Moving) -> Edit:
    """A `bind` line: an address of this machine, and a certificate made for it."""
    words = line.words[1:]
    if words and words[0].startswith("quic"):
        return Edit(None, MAY_MATTER, "QUIC is not carried over")
    addressed = bool(words) and bool(re.search(r"[:/@*]|^\d", words[0]))
    rest, gone = without(words[1:] if addressed else words, BIND_VALUES, BIND_FLAGS)
    tls = "ssl" in rest
    if tls:
        at = rest.index("ssl") + 1
        rest[at:at] = ["crt", moving.rig.certificate]
    name = rest[rest.index("name") + 1] if "name" in rest[:-1] else ""
    address = moving.rig.next_address(tls)
    moving.made.binds.append(Bind(section.name, name, tls, address))
    lost = [word for word in gone if word not in ("crt", "crt-list")]
    why = "an address of this machine" + (", and its certificate" if tls else "")
    if lost:
        why += "; only fits the place the file came from: " + ", ".join(lost)
    kind = MAY_MATTER if set(lost) & (CLIENT_CERTIFICATES | {"accept-proxy"}) else HARMLESS
    return Edit(line.with_words(["bind", address, *rest]), kind, why)
