"""What a balancer keeps, in one sentence; and which combinations are out of reach because of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from exsim.judgement.words import counted_noun, listed
from exsim.session import keeping as kinds
from exsim.session.keeping import Keeping, unreachable

HOW = {
    kinds.COMPUTED: "it computes the node from the address",
    kinds.REMEMBERED: "it remembers where an address went first",
    "": "how it chooses cannot be told",
}


def sentence(kept: Keeping) -> str:
    """What the balancer keeps a client by, and what shows it."""
    met = f"{counted_noun(kept.connections, 'connection')} met {_nodes(kept)}"
    if kept.by == kinds.UNKNOWN and not kept.connections:
        return "What the balancer keeps cannot be told: it gave no answer."
    if kept.by == kinds.UNKNOWN and kept.nodes:
        return f"What the balancer keeps cannot be told: {met}, and no rule was seen in it."
    if kept.by == kinds.UNKNOWN:
        return (
            "What the balancer keeps cannot be told: no answer says who gave it, neither by X-FEServer nor by "
            "a cookie, and HealthCheck.htm is not answered."
        )
    if kept.by == kinds.COOKIE:
        reads = "names the node" if kept.readable else "says nothing by itself, and was learnt"
        return f"The balancer keeps a client on one node by its cookie {kept.cookie}, whose value {reads} ({met})."
    if kept.by == kinds.SOURCE:
        return (
            f"The balancer keeps a source address on one node: {HOW[kept.how]} "
            f"({counted_noun(kept.sources, 'address')} met {_nodes(kept)}, each the same one again)."
        )
    if kept.by == kinds.ONE:
        return (
            f"The balancer led this machine to {listed(list(kept.nodes)) if kept.named else 'one node'} every "
            f"time ({counted_noun(kept.connections, 'connection')}): it may keep a source address on one node, "
            "or have no other. Add source_addresses, or give the nodes' own addresses."
        )
    return f"{SENTENCES[kept.by]} ({met})."


SENTENCES = {
    kinds.REQUEST: "The balancer keeps nobody: each request is led anew, also on one connection",
    kinds.CONNECTION: "The balancer keeps a connection on one node, and nothing beyond it",
    kinds.TLS: "The balancer keeps a TLS session on one node; clients here never resume one, and browsers do",
}


def _nodes(kept: Keeping) -> str:
    if not kept.named:
        return f"{counted_noun(len(kept.nodes), 'node')} without a name"
    return listed(list(kept.nodes))


def out_of_reach(kept: Keeping, nodes: Sequence[str], steerable: Collection[str] = ()) -> str:
    """The combinations that nobody meets by himself; "" when there are none.

    `steerable`: nodes that the run can lead a session to, by their own addresses.
    """
    pairs = unreachable(kept, nodes)
    if not pairs:
        return ""
    said = ", ".join(f"{login} to {serving}" for login, serving in pairs[:12])
    more = f" and {len(pairs) - 12} more" if len(pairs) > 12 else ""
    steered = kept.values if kept.by == kinds.COOKIE else steerable
    how = " but where sessions are steered there" if steered else ""
    return f"Not to be met behind this balancer{how} (logged on at, served by): {said}{more}."
