"""A scenario as TOML with every default filled in: what stands in a run's directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from exsim.runs.clients import CLIENTS
from exsim.runs.sections import Scenario

_SECTIONS = ("lab", "target", "population", "load", "limits", "expect", "ab")


def as_toml(scenario: Scenario) -> str:
    """`scenario`, whole.  Read again it is equal; what is absent (None) stays absent."""
    document = msgspec.to_builtins(scenario)
    lines = [
        f"{name} = {_value(value)}"
        for name, value in document.items()
        if name not in _SECTIONS and value is not None
    ]
    for name in _SECTIONS:
        value = document[name]
        if isinstance(value, Mapping):
            lines += ["", f"[{name}]", *lines_of(value)]
        elif value:
            for each in value:
                lines += [
                    "",
                    f"[[{name}]]",
                    *lines_of(_own(each) if name == "population" else each),
                ]
    return "\n".join(lines) + "\n"


def _own(population: Mapping[str, Any]) -> dict[str, Any]:
    """A population without the tables of the clients that it does not have."""
    protocol = population["protocol"]
    return {
        name: value for name, value in population.items() if name not in CLIENTS or name == protocol
    }


def lines_of(table: Mapping[str, Any]) -> list[str]:
    """The keys of a table, a line each; what is absent (None) has none."""
    return [f"{_key(name)} = {_value(value)}" for name, value in table.items() if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(lines_of(value)) + "}"
    if isinstance(value, list | tuple):
        return _list(value)
    return repr(value)


def _list(values: list[Any] | tuple[Any, ...]) -> str:
    if any(isinstance(each, Mapping) for each in values):  # one line each: nodes
        return "[\n" + "".join(f"  {_value(each)},\n" for each in values) + "]"
    return "[" + ", ".join(_value(each) for each in values) + "]"


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _text(name)


def _text(value: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
