"""The nodes of a simulated organisation: the scenario's nodes, with what its presets make of them.

Node dictionaries come out in the shape that the organisation reads.  Later words win: version, presets
in the order given, the scenario's own settings of a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from exsim.runs.presets import BUILDS, CHOSEN, FIRST_OTHER, HEALTHY, PRESETS, Preset, Where
from exsim.runs.sections import Lab, Node
from exsim.wire.builds import is_updated

DOMAIN = "isp.com.au"  # of the nodes' full names: the incident's
OWN = "2010"  # each node of this version has keys of its own, which no other can have: E14KEYS


class PresetProblem(ValueError):
    """A preset that there is not, or that these nodes cannot show.  The text fits behind a key."""


class Choice(msgspec.Struct, frozen=True):
    """A preset of a scenario, and the node that it concerns."""

    preset: Preset
    node: str


def choices(wanted: Iterable[str], nodes: Sequence[Node]) -> list[Choice]:
    """The presets called `wanted` ("name" or "name@NODE").  Raises PresetProblem."""
    found: list[Choice] = []
    settings: dict[tuple[str, str], tuple[str, Any]] = {}
    for text in wanted:
        name, _, node = text.partition("@")
        choice = _choice(name, node, nodes)
        if any(choice.preset.name == other.preset.name for other in found):
            raise PresetProblem(f'"{name}" is there twice')
        _contradiction(choice, nodes, settings)
        found.append(choice)
    return found


def _choice(name: str, node: str, nodes: Sequence[Node]) -> Choice:
    preset = PRESETS.get(name)
    if preset is None:
        raise PresetProblem(f'"{name}" is not a preset; one of {", ".join(PRESETS)}')
    if len(nodes) < preset.least:
        raise PresetProblem(f'"{name}" needs at least {preset.least} nodes, not {len(nodes)}')
    for versions in preset.needs:
        if not any(other.version in versions for other in nodes):
            raise PresetProblem(f'"{name}" needs a node of version {" or ".join(versions)}')
    able = [
        other.name
        for other in nodes
        if not preset.needs or any(other.version in versions for versions in preset.needs)
    ]
    if node and node not in able:
        raise PresetProblem(f'"{name}@{node}": not a node for it; one of {", ".join(able)}')
    return Choice(preset, node or able[-1])


def _contradiction(
    choice: Choice, nodes: Sequence[Node], settings: dict[tuple[str, str], tuple[str, Any]]
) -> None:
    """Two presets must not want one setting of one node to be two things."""
    for difference in choice.preset.differences:
        changes = {**difference.front_end, **difference.back_end}
        for node in _nodes_at(difference.where, choice.node, nodes):
            for setting, value in changes.items():
                name, before = settings.setdefault(
                    (node.name, setting), (choice.preset.name, value)
                )
                if before != value:
                    raise PresetProblem(
                        f'"{choice.preset.name}" and "{name}" contradict each other:'
                        f" both set {setting} of {node.name}"
                    )


def _nodes_at(where: Where, chosen: str, nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if _matches(where, chosen, node)]


def _matches(where: Where, chosen: str, node: Node) -> bool:
    if where.versions and node.version not in where.versions:
        return False
    return where.which == "all" or (node.name == chosen) == (where.which == CHOSEN)


def organisation_nodes(lab: Lab, presets: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """The nodes as the organisation takes them; `presets` instead of the lab's own.

    Raises PresetProblem.
    """
    chosen = choices(lab.presets if presets is None else presets, lab.nodes)
    # Who is later than July 2021 cannot sign in the old way, and a healthy pool signs alike (KB5005341).
    signature = "hmac" if any(is_updated(_build(node)) for node in lab.nodes) else "rsa"
    return [_node(node, lab.nodes, chosen, signature) for node in lab.nodes]


def _build(node: Node) -> str:
    return node.build or BUILDS[node.version]


def _node(
    node: Node, nodes: Sequence[Node], chosen: Sequence[Choice], signature: str
) -> dict[str, Any]:
    front_end: dict[str, Any] = {"signature": signature, **HEALTHY[node.version]}
    back_end: dict[str, Any] = {}
    for choice in chosen:
        others = [other.name for other in nodes if other.name != choice.node]
        for difference in choice.preset.differences:
            if _matches(difference.where, choice.node, node):
                front_end |= {
                    key: _filled(value, others) for key, value in difference.front_end.items()
                }
                back_end |= difference.back_end
    front_end |= msgspec.to_builtins(node.front_end)
    if "opens" in front_end:  # by name of the node, and each then has a certificate of that name
        front_end |= {"ssl": node.name, "encrypt_with": "ssl"}
    back_end |= msgspec.to_builtins(node.back_end)
    return {
        "name": node.name,
        "version": node.version,
        "build": _build(node),
        "fqdn": node.fqdn or f"{node.name.lower()}.{DOMAIN}",
        "site": node.site,
        "front_end": front_end,
        "back_end": back_end,
    }


def _filled(value: Any, others: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [others[0] if part == FIRST_OTHER else part for part in value]
    return value


def certificate_names(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The certificates that these nodes speak of, and the two that every organisation has."""
    found = {"ssl", "auth"}
    for node in nodes:
        front_end = node.get("front_end", {})
        found |= {front_end.get(key) for key in ("ssl", "stale_ssl", "auth")} - {None}
    return sorted(found)


def sentences(presets: Iterable[str]) -> list[str]:
    """What is wrong with the organisation, in words."""
    return [PRESETS[text.partition("@")[0]].sentence for text in presets]
