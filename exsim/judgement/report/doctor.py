"""A doctor's findings for a terminal, 80 columns, and as JSON: the sentence first, then what it rests on.

Words in every cell; a row of the fingerprints on which nodes differ is marked, and what is the same
everywhere takes one line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from exsim.judgement.evidence import Diagnosis, DoctorFacts, MatrixCell, NodeFacts
from exsim.judgement.report.doctor_rows import Row, rows_of
from exsim.judgement.report.steering import STEERING
from exsim.judgement.words import counted_noun, listed
from exsim.wire.standing import SOURCES

FORMAT = "exsim-doctor/1"
WIDTH = 80
HANG = 9  # columns before a sentence that stands beside a word
SOUND, NOT_KNOWN = "nothing_wrong", "not_known"  # diagnoses that name no cause
BLOCK = 4  # nodes side by side
LABEL = 17  # columns before the first of them
FAULTS = {
    "Exchange": "It is Exchange, not the balancer.",
    "balancer": "It is the balancer, not Exchange.",
    "": "It is neither the balancer nor the way Exchange reads its logon cookies.",
}
WORDS = {  # a cell in which GET and POST agree, or only one was asked
    "readable": "reads it",
    "reason_0": "CANNOT READ",
    "reason_2": "PASSWORD NO",
    "reason_3": "EXPIRED",
    "login_timeout": "REFUSED",
    "elsewhere": "SENT AWAY",
    "error": "ERROR",
    "not_asked": "not asked",
}
SHORT = {**WORDS, "readable": "reads", "reason_0": "NO", "login_timeout": "440"}
LEGEND = {
    "CANNOT READ": "it was shown a good logon and saw none (reason=0)",
    "PASSWORD NO": "it read the logon and refused its password (reason=2)",
    "EXPIRED": "it read the logon and held it for expired (reason=3)",
    "REFUSED": "440, which tells no reason",
    "SENT AWAY": "it sent the logon to another host, to sign in there",
    "ERROR": "see below",
}


def named(diagnoses: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The causes that a diagnosis names; "nothing wrong" and "not known" are none."""
    return [one for one in diagnoses if one.rule not in (SOUND, NOT_KNOWN)]


def found_something(diagnoses: Sequence[Diagnosis]) -> bool:
    """Whether anything is wrong, known or not."""
    return bool(diagnoses) and diagnoses[0].rule != SOUND


# JSON ---------------------------------------------------------------------------------------------
def document(facts: DoctorFacts, diagnoses: Sequence[Diagnosis]) -> bytes:
    """Everything, as it stands in `--json`.

    `diagnosis` holds causes; `conclusion` is the first entry of all, which may also be that nothing is
    wrong, or that the cause is not known.
    """
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "format": FORMAT,
                "conclusion": _full(diagnoses[0]) if diagnoses else None,
                "diagnosis": [_full(one) for one in named(diagnoses)],
                "cookie_matrix": [_full(cell) for cell in facts.cookie_matrix],
                "nodes": [_full(node) for node in facts.nodes],
                "through": facts.through,
                "requests": facts.requests,
                "notes": facts.notes,
            }
        ),
        indent=2,
    )


def _full(value: msgspec.Struct) -> dict[str, Any]:
    """A struct with every field, defaults too."""
    names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
    return {encoded: getattr(value, name) for name, encoded in names}


# Text ---------------------------------------------------------------------------------------------
def render(
    facts: DoctorFacts,
    diagnoses: Sequence[Diagnosis],
    about: str,
    simulated: str = "",
    exit_code: int | None = None,
) -> str:
    """The findings as text.  `about`: what was visited, and how much was sent."""
    lines = [*_wrap(simulated), *_wrap(about), ""] if simulated else [*_wrap(about), ""]
    lines += [*_conclusion(diagnoses), ""]
    lines += [*_matrix(facts), *_fingerprints(facts.nodes), *_reasons(diagnoses), *_notes(facts)]
    if exit_code is not None:
        lines += ["", f"exit {exit_code}".rjust(WIDTH)]
    return "\n".join(line.rstrip() for line in lines).translate(KEPT_STEERING) + "\n"


KEPT_STEERING = {code: sign for code, sign in STEERING.items() if code != ord("\n")}


def _conclusion(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    if not diagnoses:
        yield from _beside("UNKNOWN", "No logon cookie could be shown to any node.")
        return
    first = diagnoses[0]
    if first.rule == SOUND:
        yield from _beside("SOUND", f"{first.name}. {first.evidence[0] if first.evidence else ''}")
    elif first.rule == NOT_KNOWN:
        yield from _beside("UNKNOWN", "What was seen fits no rule that exsim knows.")
    else:
        alike = f" (or {listed(first.alike, 'or')}: see what decides)" if first.alike else ""
        yield from _beside("FOUND", f"{first.name}{alike}. {FAULTS.get(first.fault, '')}")
        also = [one.name for one in named(diagnoses)[1:] if one.rule not in first.alike]
        if also:
            yield from _beside("", f"Also: {'; '.join(also)}.")
    if first.support:
        yield from _beside("", f"Supported? {first.support}")


def _reasons(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    for number, one in enumerate(diagnoses[:3]):
        yield ""
        score = f"{one.rule}, score {one.score:.2f}"
        yield from _beside("WHY" if number == 0 else "OR", f"{one.name} ({score})")
        for row in one.evidence:
            yield from _beside("", f"- {row}")
        for row in one.against:
            yield from _beside("", f"- against it: {row}")
        if number == 0:
            yield from _first_in_full(one)


def _first_in_full(one: Diagnosis) -> Iterator[str]:
    for word, text in (("MEANS", one.sentence), ("DECIDES", one.decides), ("DO", one.advice)):
        if text:
            yield from _beside(word, text)
    if one.source:
        known = [f"{key}: {SOURCES[key]}" for key in one.source.split() if key in SOURCES]
        yield from _beside("SOURCE", "; ".join(known) or one.source)
    yield from _beside("", f"In full: exsim explain {one.rule}")


def _notes(facts: DoctorFacts) -> Iterator[str]:
    problems = [f"{node.name}: {text}" for node in facts.nodes for text in node.problems]
    details = [
        f"{cell.from_} shown to {cell.to}: {cell.detail}"
        for cell in facts.cookie_matrix
        if cell.detail
    ]
    sentences = [*problems, *details, *facts.notes]
    if sentences:
        yield ""
        for number, sentence in enumerate(sentences):
            yield from _beside("NOTE" if number == 0 else "", f"- {sentence}")


# The cookie matrix --------------------------------------------------------------------------------
def cell_word(cell: MatrixCell | None) -> str:
    """A cell in a word or two: what GET and POST came to."""
    if cell is None:
        return WORDS["not_asked"]
    get, post = cell.get, cell.post
    if post == "not_asked" or post == get or (post == "login_timeout" and get in REFUSALS):
        return WORDS[get]
    if get == "not_asked":
        return WORDS[post]
    return f"{SHORT[get]}/{SHORT[post]}"


REFUSALS = frozenset(("reason_0", "reason_2", "reason_3", "elsewhere", "error"))


def _matrix(facts: DoctorFacts) -> Iterator[str]:
    for public, title in ((False, "Logged on at"), (True, "Public computer")):
        cells = {(c.from_, c.to): c for c in facts.cookie_matrix if c.public is public}
        if cells:
            yield from _table(title, [node.name for node in facts.nodes], cells)


def _table(
    title: str, nodes: Sequence[str], cells: Mapping[tuple[str, str], MatrixCell]
) -> Iterator[str]:
    words = set()
    for start in range(0, len(nodes), BLOCK):
        columns = nodes[start : start + BLOCK]
        yield f" {title:<16}a copy of the logon shown to"
        yield " " * LABEL + "".join(f"{name:<15} " for name in columns)
        for issuer in nodes:
            said = [cell_word(cells.get((issuer, reader))) for reader in columns]
            words |= set(said)
            yield f"  {issuer:<15}" + "".join(f"{word:<15} " for word in said)
    for word, meaning in LEGEND.items():
        if word in words:
            yield f" {word}: {meaning}"
    yield ""


# Fingerprints -------------------------------------------------------------------------------------
def _fingerprints(nodes: Sequence[NodeFacts]) -> Iterator[str]:
    rows = rows_of(nodes)
    differing = [row for row in rows if row.differs]
    same = [f"{row.name} {row.values[0]}" for row in rows if not row.differs and row.values[0]]
    for start in range(0, len(nodes), BLOCK):
        columns = nodes[start : start + BLOCK]
        title = "The nodes" if not start else ""
        yield f" {title:<16}" + "".join(f"{node.name:<15} " for node in columns)
        for row in differing:
            yield from _row(row, slice(start, start + BLOCK))
    if not differing and len(nodes) > 1:
        yield "   do not differ in anything that was asked"
    if same:
        yield from _wrap(f"The same on {_all(nodes)}: {'; '.join(same)}.")


def _all(nodes: Sequence[NodeFacts]) -> str:
    return f"all {counted_noun(len(nodes), 'node')}" if len(nodes) > 1 else "it"


def _row(row: Row, part: slice) -> Iterator[str]:
    """One row; a long value takes further lines below itself."""
    columns = [
        textwrap.wrap(value or "-", 15, break_on_hyphens=False) for value in row.values[part]
    ]
    for line in range(max(map(len, columns))):
        name = f" ≠ {row.name:<14}" if line == 0 else " " * LABEL
        cells = "".join(f"{lines[line] if line < len(lines) else '':<15} " for lines in columns)
        yield name + cells


# Lines --------------------------------------------------------------------------------------------
def _wrap(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=" ", subsequent_indent=" ", break_on_hyphens=False
    )


def _beside(word: str, text: str) -> Iterator[str]:
    """A sentence beside a word, wrapped below itself."""
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f" {word:<{HANG - 1}}",
        subsequent_indent=" " * HANG,
        break_on_hyphens=False,
    )
