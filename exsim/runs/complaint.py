"""What is wrong with a document, in words: a walk over its values beside the types they must have.

msgspec would say "Expected `int`, got `str` - at `$.load`"; an operator wants to read the key as he wrote
it, the value found, and what was expected.  Durations become seconds on the way.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import inspect

from exsim.runs import duration

# What a value of a key is called, where a list of what it may be follows
NOUNS = {
    "mailbox": "a version",
    "version": "a version",
    "change_mailbox": "a version",
    "protocol": "a protocol",
    "persistence": "a kind of persistence",
    "tls": "a place where TLS ends",
}
LARGEST = (
    2**53
)  # beyond it a number of JSON, or with a fraction, is no longer the one that was written


class Complaint(ValueError):
    """`key` is the dotted key, `problem` what is wrong with what stands there."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        self.problem = problem
        super().__init__(f"{key}: {problem}")


def checked(value: Any, type_: inspect.Type, key: str = "") -> Any:
    """`value` as `type_` wants it, durations in seconds.  Raises Complaint at the first mistake."""
    if isinstance(type_, inspect.Metadata):
        if (type_.extra or {}).get("duration"):
            return _duration(value, type_.type, key)
        return checked(value, type_.type, key)
    check = _CHECKS.get(type(type_))
    return check(value, type_, key) if check else value


def shown(value: Any) -> str:
    """A value as it may stand in a message: as in the file, and short."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if (
        isinstance(value, int) and abs(value) > LARGEST
    ):  # Python does not write out the very largest
        return "a number of more than 15 digits"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:76]}…{text[-1]}"


def below(key: str, name: str) -> str:
    """The key of `name` in the table `key`, as TOML would have it written."""
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    shown_name = name if plain else json.dumps(name, ensure_ascii=False)
    return f"{key}.{shown_name}" if key else shown_name


def _duration(value: Any, type_: inspect.Type, key: str) -> float:
    try:
        found = duration.seconds(value)
    except ValueError:
        raise Complaint(key, f"{shown(value)} is not {duration.EXPECTED}") from None
    _bounds(found, type_, key)
    return found


def _table(value: Any, type_: inspect.Type, key: str) -> dict[str, Any]:
    assert isinstance(type_, inspect.StructType)
    if not isinstance(value, Mapping):
        raise Complaint(key, f"must be a table, not {shown(value)}")
    fields = {field.encode_name: field for field in type_.fields}
    for name in value:
        if name not in fields:
            near = difflib.get_close_matches(str(name), fields, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(fields)}"
            raise Complaint(below(key, str(name)), f"is not a key; {hint}")
    for name, field in fields.items():
        if field.required and name not in value:
            raise Complaint(below(key, name), "is missing")
    return {
        name: checked(part, fields[name].type, below(key, name)) for name, part in value.items()
    }


def _list(value: Any, type_: inspect.Type, key: str) -> list[Any]:
    assert isinstance(type_, inspect.ListType | inspect.VarTupleType)
    if not isinstance(value, list | tuple):
        raise Complaint(key, f"must be a list, not {shown(value)}")
    if type_.min_length and len(value) < type_.min_length:
        raise Complaint(key, f"must have at least {type_.min_length}, not {len(value)}")
    return [checked(part, type_.item_type, f"{key}[{i}]") for i, part in enumerate(value)]


def _mapping(value: Any, type_: inspect.Type, key: str) -> dict[str, Any]:
    assert isinstance(type_, inspect.DictType)
    if not isinstance(value, Mapping):
        raise Complaint(key, f"must be a table, not {shown(value)}")
    return {name: checked(part, type_.value_type, below(key, name)) for name, part in value.items()}


def _choice(value: Any, type_: inspect.Type, key: str) -> Any:
    assert isinstance(type_, inspect.LiteralType)
    if value in type_.values and isinstance(value, str):
        return value
    if shown(value) in type_.values:
        raise Complaint(key, f'must be text in quotes: "{value}", not {shown(value)}')
    name = key.rpartition(".")[2].partition("[")[0]
    allowed = ", ".join(str(each) for each in type_.values)
    raise Complaint(key, f"{shown(value)} is not {NOUNS.get(name, 'known')}; one of {allowed}")


def _union(value: Any, type_: inspect.Type, key: str) -> Any:
    """One of several types; TOML has no null, and what is absent is not here."""
    assert isinstance(type_, inspect.UnionType)
    parts = [part for part in type_.types if not isinstance(part, inspect.NoneType)]
    if len(parts) > 1:  # text, or a list of it
        wanted = inspect.StrType if not isinstance(value, list | tuple) else inspect.VarTupleType
        parts = [part for part in parts if isinstance(part, wanted)] or parts
    return checked(value, parts[0], key)


def _text(value: Any, type_: inspect.Type, key: str) -> str:
    if not isinstance(value, str):
        raise Complaint(key, f"must be text in quotes, not {shown(value)}")
    return value


def _flag(value: Any, type_: inspect.Type, key: str) -> bool:
    if not isinstance(value, bool):
        raise Complaint(key, f"must be true or false, not {shown(value)}")
    return value


def _whole(value: Any, type_: inspect.Type, key: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Complaint(key, f"must be {_wanted(type_, 'a whole number')}, not {shown(value)}")
    _bounds(value, type_, key)
    return value


def _number(value: Any, type_: inspect.Type, key: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Complaint(key, f"must be {_wanted(type_, 'a number')}, not {shown(value)}")
    if value != value or value in (float("inf"), float("-inf")):
        raise Complaint(key, f"must be {_wanted(type_, 'a number')}, not {value}")
    _bounds(value, type_, key)
    return float(value)


def _bounds(value: float, type_: inspect.Type, key: str) -> None:
    assert isinstance(type_, inspect.IntType | inspect.FloatType)
    low = (type_.ge is not None and value < type_.ge) or (
        type_.gt is not None and value <= type_.gt
    )
    if low or (type_.le is not None and value > type_.le) or abs(value) > LARGEST:
        noun = "a whole number" if isinstance(type_, inspect.IntType) else "a number"
        raise Complaint(key, f"must be {_wanted(type_, noun)}, not {shown(value)}")


def _wanted(type_: inspect.Type, noun: str) -> str:
    """`noun` with its bounds: "a whole number from 1 to 64"."""
    assert isinstance(type_, inspect.IntType | inspect.FloatType)
    low, high = type_.ge, type_.le
    if isinstance(type_, inspect.IntType) and low == 1 and high is None:
        return noun.replace("a ", "a positive ", 1)
    if type_.gt is not None:
        return f"{noun} above {type_.gt:g}"
    if low is not None and high is not None:
        return f"{noun} from {low:g} to {high:g}"
    return f"{noun}, {low:g} or more" if low is not None else noun


_CHECKS: dict[type, Callable[[Any, Any, str], Any]] = {
    inspect.StructType: _table,
    inspect.ListType: _list,
    inspect.VarTupleType: _list,
    inspect.DictType: _mapping,
    inspect.LiteralType: _choice,
    inspect.UnionType: _union,
    inspect.StrType: _text,
    inspect.BoolType: _flag,
    inspect.IntType: _whole,
    inspect.FloatType: _number,
}
