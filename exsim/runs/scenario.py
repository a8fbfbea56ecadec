"""Reading a scenario: TOML in, values out, or one line that says what is wrong with it.

The values themselves are in `sections`.  A scenario as resolved has every default filled in, and read
again it is the same scenario.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from exsim.protocols import PROTOCOLS
from exsim.runs import checks, complaint, document, given, limits
from exsim.runs.addresses import expanded
from exsim.runs.errors import ScenarioError
from exsim.runs.measured import with_measured
from exsim.runs.organisation import DOMAIN
from exsim.runs.presets import BUILDS
from exsim.runs.sections import Lab, Node, Population, Scenario

__all__ = ["Scenario", "balancer_file", "load_scenario", "parse_scenario", "schema"]
NO_BALANCER = "none"


def load_scenario(path: Path) -> Scenario:
    """The scenario at `path`, with the files that it names.  Raises ScenarioError."""
    scenario = parse_scenario(document.text_of(path), str(path), path.parent)
    _files(scenario, path)
    return scenario


def parse_scenario(text: str, file: str, folder: Path = Path()) -> Scenario:
    """The scenario that `text` is; `file` is what complaints call it.  Raises ScenarioError.

    `folder`: where `[lab] org` is looked for.
    """
    written = document.parsed(text, file)
    try:
        ready = complaint.checked(with_measured(written, folder), _shape())
        scenario = _resolved(msgspec.convert(ready, Scenario))
        checks.check(scenario)
        limits.check(scenario)
    except complaint.Complaint as found:
        raise ScenarioError(file, found.key, found.problem) from None
    except msgspec.ValidationError as problem:  # what `complaint` does not know of
        raise ScenarioError(file, "", str(problem)) from None
    return scenario


@cache
def _shape() -> inspect.Type:
    return inspect.type_info(Scenario)


def _resolved(scenario: Scenario) -> Scenario:
    """Shorthands written out: one preset, source addresses as a range, a node without its build."""
    if scenario.lab is not None:
        scenario = msgspec.structs.replace(scenario, lab=_resolved_lab(scenario.lab))
    try:
        sources = expanded(scenario.load.source_addresses)
    except ValueError:
        return scenario  # `checks` says what is wrong with them
    load = msgspec.structs.replace(scenario.load, source_addresses=sources)
    target = scenario.target
    if target is not None and (target.session or target.logon):
        load = msgspec.structs.replace(
            load, unmask=False
        )  # nobody can be led to a node at his logon
    population = tuple(map(_resolved_population, scenario.population))
    return limits.resolved(msgspec.structs.replace(scenario, load=load, population=population))


def _resolved_population(population: Population) -> Population:
    """As many connections as the real client opens, where the scenario does not say."""
    protocol = PROTOCOLS.get(population.protocol)
    if population.session.connections or protocol is None:
        return population
    session = msgspec.structs.replace(population.session, connections=protocol.connections)
    return msgspec.structs.replace(population, session=session)


def _resolved_lab(lab: Lab) -> Lab:
    nodes = tuple(_resolved_node(node) for node in lab.nodes)
    return msgspec.structs.replace(lab, nodes=nodes, preset=lab.presets or ("healthy",))


def _resolved_node(node: Node) -> Node:
    return msgspec.structs.replace(
        node,
        build=node.build or BUILDS[node.version],
        fqdn=node.fqdn or f"{node.name.lower()}.{DOMAIN}",
    )


def balancer_file(scenario: Scenario, path: Path) -> Path | None:
    """The balancer's file of the scenario that was read from `path`, or None."""
    named = balancer_name(scenario)
    return path.parent / named if named else None


def balancer_name(scenario: Scenario) -> str:
    """What the scenario calls the balancer that is run here; "" where none is."""
    if scenario.target is not None:
        return scenario.target.balancer
    assert scenario.lab is not None
    return "" if scenario.lab.balancer == NO_BALANCER else scenario.lab.balancer


def accounts_file(scenario: Scenario, path: Path) -> Path | None:
    """The accounts of the target, or None in the lab, which makes its own."""
    return path.parent / scenario.target.accounts if scenario.target is not None else None


def _files(scenario: Scenario, path: Path) -> None:
    wanted: dict[str, Path | None] = {
        f"{'lab' if scenario.lab else 'target'}.balancer": balancer_file(scenario, path),
        "target.accounts": accounts_file(scenario, path),
        "ab.b": path.parent / scenario.ab.b if scenario.ab and scenario.ab.b else None,
    }
    if scenario.target is not None and scenario.target.ca != "system":
        wanted["target.ca"] = path.parent / scenario.target.ca
    for key, file in wanted.items():
        if file is not None and not given.is_there(file):
            raise ScenarioError(str(path), key, f"there is no file {file}")


def schema() -> dict[str, Any]:
    """The published JSON Schema of a scenario: durations may be text as well."""
    made: dict[str, Any] = msgspec.json.schema(Scenario)
    _allow_text(made, inspect.type_info(Scenario))
    # what one writes after reading it: lists, not Python's tuples
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return read


def _allow_text(made: dict[str, Any], type_: inspect.Type) -> None:
    """Where a field is a duration, a number or text is right."""
    for definition in _structs(type_):
        properties = made["$defs"][definition.cls.__name__]["properties"]
        for field in definition.fields:
            if _is_duration(field.type):
                number = properties[field.encode_name]
                default = {"default": number.pop("default")} if "default" in number else {}
                text = {"type": "string", "description": "2s, 1.5m, 250ms, 8h"}
                properties[field.encode_name] = {"anyOf": [number, text], **default}


def _is_duration(type_: inspect.Type) -> bool:
    if isinstance(type_, inspect.UnionType):
        return any(_is_duration(part) for part in type_.types)
    return isinstance(type_, inspect.Metadata) and bool((type_.extra or {}).get("duration"))


def _structs(type_: inspect.Type) -> list[inspect.StructType]:
    """Every struct below `type_`, itself included, once."""
    found: dict[type, inspect.StructType] = {}
    waiting: list[Any] = [type_]
    while waiting:
        part = waiting.pop()
        if isinstance(part, inspect.StructType) and part.cls not in found:
            found[part.cls] = part
            waiting += [field.type for field in part.fields]
        waiting += getattr(part, "types", ()) or ()
        waiting += [
            inner
            for name in ("type", "item_type", "value_type")
            if isinstance(inner := getattr(part, name, None), inspect.Type)
        ]
    return list(found.values())
