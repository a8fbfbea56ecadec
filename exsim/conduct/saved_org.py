"""What a doctor's visit measured, as an organisation that can be simulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from exsim.judgement.diagnosis.visit import OUTCOME_OF, details, outcomes, version_of
from exsim.judgement.evidence import DoctorFacts, MatrixCell, NodeFacts
from exsim.runs.errors import OperatorError
from exsim.runs.measured import Measured, as_toml
from exsim.runs.sections import Node
from exsim.wire.builds import is_updated

OPENED = frozenset({"readable", "credentials", "expired", "unreached"})  # it read what it refused
CLOSED = frozenset(OUTCOME_OF.values()) - OPENED
HMAC_LENGTH = (
    100  # characters of cadataSig; a code has 44 and an RSA signature 344 (KB5005341, CAP16)
)
SAME_CLOCK = 5.0  # seconds; a Date is whole seconds, and the answer travelled


def save(path: Path, facts: DoctorFacts, of: str, when: str) -> None:
    """Write the measured organisation to `path`.  Raises OperatorError."""
    text = as_toml(measured(facts, of, when))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OperatorError(f"--save-org {path}: {problem.strerror}") from None


def measured(facts: DoctorFacts, of: str, when: str) -> Measured:
    """The organisation that would answer as this one did.  Raises OperatorError when its versions are unknown."""
    unknown = [node.name for node in facts.nodes if not version_of(node)]
    if unknown or not facts.nodes:
        raise OperatorError(
            f"--save-org: the version of {', '.join(unknown) or 'every node'} could not be measured"
        )
    skews = [node.skew for node in facts.nodes if node.skew is not None]
    usual = median(skews) if len(skews) > 2 else 0.0
    names = [node.name for node in facts.nodes]
    return Measured(
        of=of,
        measured=when,
        nodes=tuple(_node(node, names, facts.cookie_matrix, usual) for node in facts.nodes),
        not_measured=tuple(_gaps(facts, names)),
    )


def _node(
    node: NodeFacts, names: Sequence[str], cells: Sequence[MatrixCell], usual_skew: float
) -> Node:
    settings: dict[str, Any] = {
        "signature": _signature(node),
        "opens": [name for name in names if _opens(cells, name, node.name) is not False],
    }
    if broken := sorted(_unreached(cells, node.name) & set(names)):
        settings["broken_back_ends"] = broken
    skew = (node.skew or 0.0) - usual_skew
    if abs(skew) >= SAME_CLOCK:
        settings["clock_offset"] = round(skew)
    if inactive := [vdir for vdir, said in node.health.items() if said == "closed"]:
        settings["inactive"] = inactive
    if node.logon.startswith("error"):
        settings |= {"signature": "hmac", "auth": "", "unreachable_logon": True}
    if version_of(node) == "2010":  # has keys of its own, and no front end to be set
        settings = {key: settings[key] for key in settings if key == "clock_offset"}
    described = {
        "name": node.name,
        "version": version_of(node),
        "build": _build(node),
        "front_end": settings,
    }
    return msgspec.convert(described, Node)


def _build(node: NodeFacts) -> str:
    """Four parts, or nothing: the page may tell three only."""
    return next((one for one in (node.owa_version, node.build) if one.count(".") == 3), "")


def _signature(node: NodeFacts) -> str:
    if node.signature_length:
        return "hmac" if node.signature_length < HMAC_LENGTH else "rsa"
    updated = is_updated(node.owa_version or node.build) or version_of(node) == "se"
    return "hmac" if updated else "rsa"


def _opens(cells: Sequence[MatrixCell], issuer: str, reader: str) -> bool | None:
    """Whether `reader` opened a logon of `issuer`; None: not asked, or both was seen."""
    said = {
        outcome
        for cell in cells
        if (cell.from_, cell.to) == (issuer, reader)
        for outcome in outcomes(cell)
    }
    opened, closed = bool(said & OPENED), bool(said & CLOSED)
    return opened if opened is not closed else None


def _unreached(cells: Sequence[MatrixCell], reader: str) -> set[str]:
    """The back ends that `reader` answered 502 to 504 for."""
    return {
        text.partition("for back end ")[2].strip()
        for cell in cells
        if cell.to == reader and "unreached" in outcomes(cell)
        for text in details(cell).values()
        if "for back end " in text
    }


def _gaps(facts: DoctorFacts, names: Sequence[str]) -> Iterator[str]:
    """What was not found out, a sentence each."""
    blind = [
        f"{issuer} at {reader}"
        for issuer in names
        for reader in names
        if _opens(facts.cookie_matrix, issuer, reader) is None
    ]
    if blind:
        yield f"Not measured, and simulated as readable: logons of {', '.join(blind)}."
    clockless = [node.name for node in facts.nodes if node.skew is None]
    if clockless:
        yield f"Not measured, and simulated as right: the clocks of {', '.join(clockless)}."
    yield "Time-outs, throttling and whether it is the same tomorrow were not measured."
