"""Which items a FindItem means: its restriction, and the order of its rows.

Compared as texts, without regard to case.  A test that is not known here is refused, not passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from exsim.org.contents import Item
from exsim.org.ews.item_fields import VALUES
from exsim.org.ews.soap import SPACES, Refused, find, local

DEEPEST = 50
Test = Callable[[Item], bool]
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "IsEqualTo": lambda a, b: a == b,
    "IsNotEqualTo": lambda a, b: a != b,
    "IsGreaterThan": lambda a, b: a > b,
    "IsGreaterThanOrEqualTo": lambda a, b: a >= b,
    "IsLessThan": lambda a, b: a < b,
    "IsLessThanOrEqualTo": lambda a, b: a <= b,
}
CONTAINMENTS: dict[str, Callable[[str, str], bool]] = {
    "FullString": lambda a, b: a == b,
    "Prefixed": lambda a, b: a.startswith(b),
    "Substring": lambda a, b: b in a,
}
JOINED: dict[str, Callable[[list[bool]], bool]] = {"And": all, "Or": any}


def _value(element: Element) -> Callable[[Item], str]:
    field = find(element, "t:FieldURI")
    name = field.get("FieldURI", "") if field is not None else ""
    value = VALUES.get(name)
    if value is None:
        raise Refused("ErrorUnsupportedPathForQuery", "That property cannot be searched.")
    return lambda item: value(item).casefold()


def _constant(element: Element, path: str) -> str:
    """What a value is compared with; sizes are padded, so that they compare as numbers."""
    found, field = find(element, path), find(element, "t:FieldURI")
    if found is None:
        raise Refused("ErrorSchemaValidation", "A restriction compares with nothing.")
    value = found.get("Value", "").casefold()
    if field is not None and field.get("FieldURI") == "item:Size":
        return value.zfill(9)
    return value


def test_of(element: Element, depth: int = 0) -> Test:
    """The test that an element of a restriction stands for.  Refused when it is none."""
    name = local(element)
    if depth > DEEPEST:
        raise Refused("ErrorSchemaValidation", "The restriction is too deep.")
    if name in JOINED:
        join, parts = JOINED[name], [test_of(part, depth + 1) for part in element]
        return lambda item: join([part(item) for part in parts])
    if name == "Not" and len(element):
        part = test_of(element[0], depth + 1)
        return lambda item: not part(item)
    if name == "Exists":
        value = _value(element)
        return lambda item: bool(value(item))
    if name in COMPARISONS:
        compare, value = COMPARISONS[name], _value(element)
        constant = _constant(element, "t:FieldURIOrConstant/t:Constant")
        return lambda item: compare(value(item), constant)
    if name == "Contains":
        holds = CONTAINMENTS.get(element.get("ContainmentMode", "Substring"))
        if holds is None:
            raise Refused("ErrorSchemaValidation", "That containment is not known.")
        found, inside = _value(element), _constant(element, "t:Constant")
        return lambda item: holds(found(item), inside)
    raise Refused("ErrorUnsupportedTypeForConversion", f"{name} is not known here.")


def restricted(rows: list[Item], body: Element) -> list[Item]:
    """The rows that a request's restriction lets through, in the order that it asks for."""
    restriction = find(body, "m:Restriction")
    if restriction is not None and len(restriction):
        test = test_of(restriction[0])
        rows = [row for row in rows if test(row)]
    for order in reversed(body.findall("m:SortOrder/t:FieldOrder", SPACES)):
        rows = sorted(rows, key=_value(order), reverse=order.get("Order") == "Descending")
    return rows
