"""Whether two runs were over the same farm: its keys, and those in which they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NODE_KEYS = ("version", "build", "site")
ABSENT, PRESENT = "(none)", "there"

Topology = Mapping[str, str]


def topology(rig: str, scenario: Mapping[str, Any], versions: Mapping[str, str]) -> dict[str, str]:
    """What must be alike for a comparison to mean anything.

    `versions`: node -> version, as the run knew them.  The balancer, the load and what is wrong with the
    nodes are no part of it: they are what a comparison is about.
    """
    keys = {"rig": rig}
    lab, target = scenario.get("lab"), scenario.get("target")
    if lab:
        keys |= {"lab.host": lab["host"], "lab.tls": lab["tls"]}
        for node in lab["nodes"]:
            keys[f"nodes.{node['name']}"] = PRESENT
            keys |= {f"nodes.{node['name']}.{key}": str(node[key]) for key in NODE_KEYS}
    if target:
        keys["target.url"] = target["url"].rstrip("/").lower()
        keys |= {f"nodes.{name}": PRESENT for name in target["nodes"]}
        keys |= {f"nodes.{name}.version": versions.get(name, "") for name in target["nodes"]}
    return keys


def differing(a: Topology, b: Topology) -> list[str]:
    """Each key that differs, with both values: "nodes.EXCH13.version: 2013, 2016".

    Of a node that is in one of them only, nothing else is told.
    """
    keys = [
        key
        for key in dict.fromkeys([*a, *b])
        if key.count(".") < 2 or {key.rpartition(".")[0]} <= a.keys() & b.keys()
    ]
    return [
        f"{key}: {a.get(key, ABSENT)}, {b.get(key, ABSENT)}"
        for key in keys
        if a.get(key) != b.get(key) and not _unknown(key, a, b)
    ]


def _unknown(key: str, a: Topology, b: Topology) -> bool:
    """Whether a node's version was not known in one of them: then it does not differ."""
    return key.endswith(".version") and "" in (a.get(key), b.get(key))
