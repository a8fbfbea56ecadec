"""Where sessions are lost, as a rule: one way between versions, one node, everywhere, only at home, split.

The rule is read off the pairs (login front end, serving front end) alone, at the pairs that lose most; a
stray loss elsewhere is counted beside it and never bends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exsim.judgement.collapse import home_matters
from exsim.judgement.facts import RunFacts
from exsim.judgement.matrix import Cell
from exsim.judgement.words import listed

Pair = tuple[str | None, str]

# A pair belongs to the rule if it loses at least this part of what the worst pair loses.
STRONG = 0.5
# From this share on sessions "are thrown out", below it "are sometimes thrown out".
OFTEN = 0.5


@dataclass(frozen=True, slots=True)
class Shape:
    """`kind`: everywhere, away, split, product, scattered.  `lost` of `sessions` at the pairs of the rule;
    `other_lost` of `other_sessions` at all others.  `sentence` says the rule."""

    kind: str
    sentence: str
    pairs: frozenset[Pair]
    lost: int
    sessions: int
    other_lost: int
    other_sessions: int


def shape(cells: Sequence[Cell], facts: RunFacts) -> Shape | None:
    """The rule behind the losses of one protocol's matrix, or None when nothing was lost there."""
    counts = _counts(cells)
    if not any(lost for lost, _ in counts.values()):
        return None
    worst = max(lost / sessions for lost, sessions in counts.values())
    pairs = frozenset(p for p, (k, n) in counts.items() if k and k / n >= STRONG * worst)
    kind, place = _rule(pairs, frozenset(counts), facts)
    homes = _homes(cells, pairs)
    here = [c for c in cells if (c.login_front_end, c.serving_front_end) in pairs]
    ruled = [c for c in here if not homes or c.mailbox_back_end in homes]
    lost, sessions = sum(c.lost for c in ruled), sum(c.sessions for c in ruled)
    often = "are" if lost >= OFTEN * sessions else "are sometimes"
    sentence = place.format(often=often, whose=_whose(homes, here, facts))
    all_lost, all_sessions = (sum(count[i] for count in counts.values()) for i in (0, 1))
    return Shape(kind, sentence, pairs, lost, sessions, all_lost - lost, all_sessions - sessions)


def _counts(cells: Iterable[Cell]) -> dict[Pair, tuple[int, int]]:
    counts: dict[Pair, tuple[int, int]] = {}
    for cell in cells:
        if cell.sessions:
            pair = (cell.login_front_end, cell.serving_front_end)
            lost, sessions = counts.get(pair, (0, 0))
            counts[pair] = (lost + cell.lost, sessions + cell.sessions)
    return counts


def _rule(pairs: frozenset[Pair], met: frozenset[Pair], facts: RunFacts) -> tuple[str, str]:
    """The kind of rule, and its sentence with the places {whose} and {often}."""
    crossing = {pair for pair in met if pair[0] != pair[1]}
    if pairs == met and len(met) > 1:
        return "everywhere", "Sessions{whose} {often} thrown out whichever node serves them."
    if pairs == crossing and len(crossing) > 1 and len({column for _, column in crossing}) > 1:
        return (
            "away",
            "Sessions{whose} {often} thrown out as soon as another node than the one they began at "
            "serves them.",
        )
    if _is_product(pairs, met):
        return "product", _product(pairs, met, facts)
    groups = _groups(pairs, met)
    if len(groups) > 1:
        if len(groups) == 2:
            nodes = {node for group in groups for node in group}
            one, other = (_named(group, nodes, facts) for group in groups)
            return (
                "split",
                f"Sessions{{whose}} {{often}} thrown out when they cross between {one} and {other}, either way.",
            )
        sides = "; ".join(" with ".join(sorted(group)) for group in groups)
        return "split", (
            "Sessions{whose} {often} thrown out when they cross, either way, between these groups of "
            f"nodes: {sides}."
        )
    return (
        "scattered",
        f"Sessions{{whose}} {{often}} thrown out at {len(pairs)} of {len(met)} pairs of nodes.",
    )


def _is_product(pairs: frozenset[Pair], met: frozenset[Pair]) -> bool:
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return {(row, column) for row, column in met if row in rows and column in columns} == pairs


def _product(pairs: frozenset[Pair], met: frozenset[Pair], facts: RunFacts) -> str:
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    began = {row for row, column in met if column in columns}
    begun = _begun({row for row in rows if row}, {row for row in began if row}, facts)
    serving = _named(columns, {column for _, column in met}, facts)
    verb = "serves" if len(columns) == 1 or " or " not in serving else "serve"
    return f"Sessions{{whose}}{begun} {{often}} thrown out when {serving} {verb} them."


def _begun(rows: set[str], all_rows: set[str], facts: RunFacts) -> str:
    if not rows or (rows == all_rows and len(rows) > 1):
        return ""
    return f" begun at {_named(rows, all_rows, facts)}"


def _named(nodes: set[str], known: set[str], facts: RunFacts) -> str:
    """Nodes by name, or as "a 2016 node" when they are all there are of that version."""
    versions = {facts.version_of(node) for node in nodes}
    if len(nodes) > 1 and len(versions) == 1 and "" not in versions:
        version = versions.pop()
        if nodes >= {node for node in known if facts.version_of(node) == version}:
            return f"a {version} node"
    return listed(sorted(nodes), "or")


def _groups(pairs: frozenset[Pair], met: frozenset[Pair]) -> list[set[str]]:
    """The nodes in groups that keep each other's sessions, if every crossing pair that was met loses."""
    groups: list[set[str]] = []
    for row, column in sorted(met, key=str):
        touching = {column} | ({row} if row else set()) if (row, column) not in pairs else set()
        alone = [{row} if row else set(), {column}] if not touching else [touching]
        for fresh in alone:
            joined = [group for group in groups if group & fresh]
            groups = [group for group in groups if not group & fresh]
            groups.append(fresh.union(*joined))
    home = {node: i for i, group in enumerate(groups) for node in group}
    crossing = {(r, c) for r, c in met if r is not None and home[r] != home[c]}
    return (
        sorted(filter(None, groups), key=lambda group: (len(group), sorted(group)))
        if crossing == pairs
        else []
    )


def _homes(cells: Sequence[Cell], pairs: frozenset[Pair]) -> set[str]:
    """The homes whose mailboxes lose at the pairs of the rule; empty when the home makes no difference."""
    here = [c for c in cells if c.sessions and (c.login_front_end, c.serving_front_end) in pairs]
    losing = {cell.mailbox_back_end for cell in here if cell.lost}
    if losing == {cell.mailbox_back_end for cell in here} or not home_matters(here):
        return set()
    return {home for home in losing if home}


def _whose(homes: set[str], cells: Sequence[Cell], facts: RunFacts) -> str:
    if not homes:
        return ""
    known = {cell.mailbox_back_end for cell in cells if cell.mailbox_back_end}
    return f" of mailboxes on {_named(homes, known, facts)}"
