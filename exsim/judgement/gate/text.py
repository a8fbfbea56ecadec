"""A gate's document for the terminal, in 80 columns; nothing is said by colour alone."""

from __future__ import annotations

import re
from textwrap import fill

from exsim.judgement.gate.document import MAY_MATTER, Gate, TableCell
from exsim.judgement.words import counted_noun

WIDTH = 80
CORNER = "lost / sessions"
_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)
WORDS = {"pass": "pass", "fail": "FAIL", "inconclusive": "INCONCLUSIVE"}


def render(document: Gate, exit_code: int | None = None) -> str:
    """The whole text, with the exit code at its end where it is known."""
    lines = _head(document)
    lines += _table(document) if document.kind == "table" else _criteria(document)
    lines += _changes(document)
    if document.run:
        lines.append(f" {document.run}" + ("" if exit_code is None else f"   exit {exit_code}"))
    return shown("\n".join(lines)) + "\n"


def shown(text: str) -> str:
    """`text` without control characters, and without lines that a pipeline would take for a command."""
    plain = "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in text)
    return _COMMAND.sub(r"\1: :", plain)


def _head(document: Gate) -> list[str]:
    word = WORDS[document.outcome].upper() + (", MASKED" if document.masked else "")
    haproxy = f"HAProxy {document.haproxy.partition('-')[0]}" if document.haproxy else ""
    parts = ["exsim gate", document.scenario, haproxy, "STEERED" if document.steered else ""]
    lines = [" " + "   ".join(part for part in parts if part)]
    if document.simulated:
        lines.append(_wrapped(" ", f"Simulated Exchange ({', '.join(document.simulated)}): this says "
                     "something about your balancer's file, and nothing about your Exchange."))  # fmt: skip
    if document.steered:
        lines.append(_wrapped(" ", "Sessions were steered across: what they show are hazards for each "
                     "meeting, not the share of users."))  # fmt: skip
    if document.baseline:
        lines.append(f" Baseline: {document.baseline}")
    return [*lines, _wrapped(f" {word}  ", document.sentence), ""]


def _wrapped(label: str, text: str) -> str:
    return fill(
        text,
        WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_on_hyphens=False,
    )


def _criteria(document: Gate) -> list[str]:
    lines = []
    for one in document.criteria:
        lines.append(_wrapped(f" {WORDS[one.outcome]:<13} ", one.name))
        where = f" ({one.file}:{one.line})" if one.file and one.file not in one.name else ""
        lines.append(_wrapped(" " * 15, one.sentence + where))
    return [*lines, ""]


def _table(document: Gate) -> list[str]:
    cells = {(one.assumption, one.configuration): one for one in document.table}
    first = max(len(text) for text in [CORNER, *(one.name for one in document.assumptions)]) + 3
    shown = {key: _cell(cell) for key, cell in cells.items()}
    widths = [
        max(len(text) for text in [name, *(v for k, v in shown.items() if k[1] == name)]) + 3
        for name in document.configurations
    ]
    head = "".join(f"{name:<{w}}" for name, w in zip(document.configurations, widths, strict=True))
    lines = [f" {CORNER:<{first}}{head}".rstrip()]
    for assumption in document.assumptions:
        row = "".join(
            f"{shown.get((assumption.name, name), 'not run'):<{w}}"
            for name, w in zip(document.configurations, widths, strict=True)
        )
        lines.append(f" {assumption.name:<{first}}{row}".rstrip())
    lines.append("")
    for assumption in document.assumptions:
        lines.append(_wrapped(f" {assumption.name}: ", assumption.sentence))
    lines.append("")
    for cell in document.table:
        if cell.outcome != "pass" or cell.masked:
            lines.append(_wrapped(" ", f"{cell.assumption}, {cell.configuration}: {cell.sentence}"))
    return [*lines, ""]


def _cell(cell: TableCell) -> str:
    word = WORDS[cell.outcome] + (", masked" if cell.masked else "")
    return f"{word} {cell.lost}/{cell.sessions}"


def _changes(document: Gate) -> list[str]:
    """What was changed in the file: what may matter line by line, the rest in number."""
    weighty = [one for one in document.changes if one.kind == MAY_MATTER]
    harmless = len(document.changes) - len(weighty)
    lines = []
    for one in weighty:
        word = "accepted" if one.accepted else "not accepted"
        text = f"{one.before} → {one.after or '(dropped)'}: {one.why}"
        lines.append(_wrapped(f" {one.file}:{one.line} may matter, {word}: ", text))
    if harmless:
        lines.append(f" {counted_noun(harmless, 'change')} of the balancer's file to run it here, harmless.")  # fmt: skip
    return [*lines, ""] if lines else []
