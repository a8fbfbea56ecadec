"""The gate's document: what a pipeline decides by, and what its reports are made from.

One shape for the gate over a run and for the table of assumptions, so that one schema describes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from exsim.judgement.gate.criterion import Criterion, Outcome
from exsim.judgement.matrix import Cell
from exsim.judgement.verdict import GRAVITY

FORMAT = "exsim-gate/1"
MAY_MATTER = "may matter"
OUTCOMES: dict[str, Outcome] = {
    "pass": "pass",
    "fail": "fail",
    "inconclusive": "inconclusive",
}


class Change(msgspec.Struct, frozen=True):
    """One line of a balancer's file that had to be another here.  `accepted`: somebody said it may stand."""

    file: str
    line: int
    before: str
    after: str
    kind: str
    why: str = ""
    accepted: bool = False


class Annotation(msgspec.Struct, frozen=True):
    """A message at a line of a file in the repository.  `line` 0: at the file."""

    level: Literal["error", "warning", "notice"]
    message: str
    file: str = ""
    line: int = 0


class TableCell(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration under one assumption.  `masked`: it passed because nobody changed node."""

    assumption: str
    configuration: str
    outcome: Outcome
    sentence: str
    masked: bool = False
    sessions: int = 0
    lost: int = 0
    accounts: int = 0
    run: str = ""
    reasons: list[str] = []


class Assumption(msgspec.Struct, frozen=True):
    """What is supposed of the organisation or happens to it: a name, presets, and a sentence.

    `own`: with what the scenario itself sets at its nodes.
    """

    name: str
    presets: list[str]
    sentence: str
    own: bool = True


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate came to.  `outcome`: pass, fail, inconclusive; the gravest of all criteria and cells.

    `kind` "run": `criteria` over `run`, its `matrix`.  `kind` "table": `table`, with its `assumptions` and
    `configurations`.  `steered`: the load was steered, so that numbers are hazards and no shares of users.
    `haproxy`: the version that ran.  `simulated`: what was wrong with a simulated organisation.
    """

    format: str = FORMAT
    kind: Literal["run", "table"]
    outcome: Outcome
    sentence: str
    scenario: str = ""
    run: str = ""
    baseline: str = ""
    masked: bool = False
    steered: bool = False
    simulated: list[str] = []
    haproxy: str = ""
    criteria: list[Criterion] = []
    matrix: list[Cell] = []
    changes: list[Change] = []
    annotations: list[Annotation] = []
    assumptions: list[Assumption] = []
    configurations: list[str] = []
    table: list[TableCell] = []


def gravest(outcomes: Iterable[str]) -> Outcome:
    """The outcome that decides.  Of nothing at all: inconclusive, never pass."""
    return OUTCOMES[max(outcomes, key=GRAVITY.index, default="inconclusive")]


def change_criteria(changes: Sequence[Change]) -> list[Criterion]:
    """A criterion for each change that may matter: undecided until somebody accepts its line."""
    return [
        Criterion(
            key=f"lab.accept {one.file}:{one.line}",
            name=f"{one.file}:{one.line} runs as it stands, or its change is accepted",
            outcome="pass" if one.accepted else "inconclusive",
            sentence=f"`{one.before}` ran as `{one.after or '(nothing)'}`, which may matter: {one.why}."
            + (" Accepted." if one.accepted else ""),
            file=one.file,
            line=one.line,
        )
        for one in changes
        if one.kind == MAY_MATTER
    ]


def annotated(criteria: Sequence[Criterion]) -> list[Annotation]:
    """What a review shows at the lines of a balancer's file: failures, and what stays undecided there."""
    levels: dict[str, Literal["error", "warning"]] = {"fail": "error", "inconclusive": "warning"}
    return [
        Annotation(levels[one.outcome], f"{one.name}: {one.sentence}", one.file, one.line)
        for one in criteria
        if one.outcome in levels and one.file
    ]


def encode(document: Gate) -> bytes:
    """The document as JSON, in the order of its keys."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def decode(text: bytes) -> Gate:
    """Read a document.  Raises msgspec.ValidationError when it is none, or of another format."""
    document = msgspec.json.decode(text, type=Gate)
    if document.format != FORMAT:
        raise msgspec.ValidationError(f"format is {document.format!r}, not {FORMAT!r}")
    return document


def schema() -> dict[str, Any]:
    """The published JSON Schema of the document, whose shape is closed."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Gate)))
    for definition in made["$defs"].values():
        if definition.get("type") == "object":
            definition["additionalProperties"] = False
    made["$defs"]["Gate"]["properties"]["format"] = {"const": FORMAT}
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = FORMAT
    return made
