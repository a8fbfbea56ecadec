"""The fingerprints of a pool as rows: one property, one value for each node, and whether they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from exsim.judgement.evidence import NodeFacts

SAME_CLOCK = 5.0  # seconds; a Date is whole seconds, and the answer travelled
BUILD = "build"
UNTOLD = ".?"  # the part of a build that a node did not tell
SHOWN = 12  # digits of a thumbprint


@dataclass(frozen=True, slots=True)
class Row:
    """One property.  `values`: a word for each node, "" where it is not known."""

    name: str
    values: tuple[str, ...]
    differs: bool


Read = Callable[[NodeFacts], str]


def rows_of(nodes: Sequence[NodeFacts]) -> list[Row]:
    """Every property that at least one node showed, in the order in which they are asked about."""
    return [
        row for row in (_row(name, read, nodes) for name, read in _reads(nodes)) if any(row.values)
    ]


def _row(name: str, read: Read, nodes: Sequence[NodeFacts]) -> Row:
    values = tuple(read(node) for node in nodes)
    if name == BUILD:
        return _builds(values)
    return Row(name, values, len(set(values)) > 1)


def _builds(values: tuple[str, ...]) -> Row:
    """Builds differ by the parts that all of them told: a page's path may hold three (LOGON), X-OWA-Version four (CAP16)."""
    parts = [value.split(".") for value in values if value]
    told, most = min(map(len, parts), default=0), max(map(len, parts), default=0)
    said = (value and value + UNTOLD * (most - value.count(".") - 1) for value in values)
    alike = {tuple(one[:told]) for one in parts} | ({()} if "" in values else set())
    exact = {tuple(one) for one in parts if len(one) == most}
    return Row(BUILD, tuple(said), len(alike) > 1 or len(exact) > 1)


def _reads(nodes: Sequence[NodeFacts]) -> Iterator[tuple[str, Read]]:
    yield "version", lambda node: node.version
    yield BUILD, lambda node: node.owa_version or node.build
    yield "Server", lambda node: node.server.removeprefix("Microsoft-")
    yield "logon", lambda node: node.logon
    yield "cadataSig", lambda node: _length(node.signature_length)
    yield "cadataKey", lambda node: _length(node.key_length)
    yield "Secure", lambda node: "" if node.secure is None else "yes" if node.secure else "no"
    yield "SameSite", lambda node: node.same_site
    yield "clock", clock_word
    yield "HealthCheck", health_words
    yield "certificate", lambda node: node.certificate.get("sha1", "")[:SHOWN].upper()
    yield "its key", lambda node: node.certificate.get("key", "")
    yield "it expires", lambda node: node.certificate.get("expires", "")
    yield from (
        (f"{one} asks", _asks(one)) for one in _named(node.authentication for node in nodes)
    )


def _named(tables: Iterator[dict[str, list[str]]]) -> list[str]:
    """The virtual directories that any node has."""
    return list(dict.fromkeys(name for table in tables for name in table))


def _asks(directory: str) -> Read:
    return lambda node: ", ".join(node.authentication.get(directory, []))


def health_words(node: NodeFacts) -> str:
    """What its health pages say: one word where all say the same, else by answer."""
    by_answer: dict[str, list[str]] = {}
    for directory, said in node.health.items():
        by_answer.setdefault(said, []).append(directory)
    if len(by_answer) < 2:
        return "".join(by_answer)
    most = max(by_answer, key=lambda said: len(by_answer[said]))
    others = (f"{said}: {', '.join(by_answer[said])}" for said in by_answer if said != most)
    return f"{most}, but {'; '.join(others)}"


def _length(count: int) -> str:
    return f"{count} characters" if count else ""


def clock_word(node: NodeFacts) -> str:
    """How far the node's clock is off, in words."""
    if node.skew is None:
        return ""
    if abs(node.skew) < SAME_CLOCK:
        return "right"
    return f"{abs(node.skew):.0f} s {'ahead' if node.skew > 0 else 'behind'}"
