"""What the names and numbers of the wire rest on when nobody has confirmed them, as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator

from exsim.wire import activesync, names
from exsim.wire.standing import FACTS, SOURCES, Fact, Standing


def assumptions() -> list[str]:
    """One line for each registered fact that is assumed, and what it was inferred from."""
    assumed = [fact for fact in FACTS if fact.standing is Standing.ASSUMED]
    total = (
        f"{len(assumed)} of {len(FACTS)} names and numbers are assumed, not documented or observed:"
    )
    return [total, *(line for fact in assumed for line in _lines(fact))]


def _lines(fact: Fact) -> Iterator[str]:
    yield f"  {_name(fact)}{fact.value!r}"
    sources = [f"{key} ({SOURCES[key]})" for key in fact.source.split()]
    yield f"      inferred from {'; '.join(sources) or 'nothing: it is our own'}"


def _name(fact: Fact) -> str:
    """The name that the constant has among the names of the wire."""
    known = {**vars(activesync), **vars(names)}
    found = (name for name, value in known.items() if name.isupper() and value is fact.value)
    return next((f"{name} = " for name in found), "")
