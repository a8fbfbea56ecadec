"""A gate's document as Markdown, for the summary page of a pipeline's step."""

from __future__ import annotations

import re

from exsim.judgement.gate.document import Gate, TableCell
from exsim.judgement.matrix import STATES, Cell
from exsim.judgement.report.steering import STEERING
from exsim.judgement.words import counted_noun

MARKS = {"pass": "✅ pass", "fail": "❌ FAIL", "inconclusive": "❔ inconclusive"}
MOST_CELLS = 40  # combinations that are listed; a page is read by people
GRAVE = ("lost", "too_few", "not_exercised", "prevented", "kept")  # in this order


def render(document: Gate) -> str:
    """The whole section, from its heading on."""
    word = MARKS[document.outcome] + (", masked" if document.masked else "")
    steered = " (steered)" if document.steered else ""
    about = [f"scenario {document.scenario}", document.run, document.haproxy and f"HAProxy {document.haproxy}"]  # fmt: skip
    lines = [f"## exsim gate: {word}{steered}", "", escaped(document.sentence)]
    if document.simulated:
        wrong = ", ".join(document.simulated)
        lines += ["", f"> Simulated Exchange ({escaped(wrong)}): says something about the file, not the farm."]  # fmt: skip
    lines += ["", " · ".join(escaped(part) for part in about if part), ""]
    lines += _table(document) if document.kind == "table" else _run(document)
    lines += _changes(document)
    return "\n".join(lines).rstrip() + "\n"


def _run(document: Gate) -> list[str]:
    rows = [
        [MARKS[one.outcome], escaped(one.name), escaped(one.sentence)] for one in document.criteria
    ]
    return [*rows_of(["", "criterion", "what was seen"], rows), "", *_combinations(document.matrix)]


def _combinations(cells: list[Cell]) -> list[str]:
    if not cells:
        return []
    chosen = sorted(cells, key=lambda cell: GRAVE.index(cell.state))[:MOST_CELLS]
    rows = [
        [cell.protocol, cell.login_front_end or "", cell.serving_front_end, cell.mailbox_back_end or "",
         f"{cell.lost} / {cell.sessions}", cell.state.replace("_", " ")]
        for cell in chosen
    ]  # fmt: skip
    head = ["protocol", "logged on at", "served by", "mailbox on", "lost / sessions", "state"]
    states = [f"*{state.replace('_', ' ')}*: {STATES[state]}" for state in dict.fromkeys(c.state for c in chosen)]  # fmt: skip
    body = [list(map(escaped, row)) for row in rows]
    left = len(cells) - len(chosen)
    more = [f"{counted_noun(left, 'further combination')}.", ""] if left else []
    return ["<details><summary>Combinations</summary>", "", *rows_of(head, body), "", *more,
            *states, "", "</details>", ""]  # fmt: skip


def _table(document: Gate) -> list[str]:
    cells = {(one.assumption, one.configuration): one for one in document.table}
    rows = []
    for assumption in document.assumptions:
        found = [cells.get((assumption.name, name)) for name in document.configurations]
        rows.append([f"**{escaped(assumption.name)}**<br>{escaped(assumption.sentence)}", *map(_cell, found)])  # fmt: skip
    said = [
        f"- {escaped(one.assumption)}, {escaped(one.configuration)}: {escaped(one.sentence)}"
        for one in document.table
        if one.outcome != "pass" or one.masked
    ]
    return [*rows_of(["assumption", *map(escaped, document.configurations)], rows), "", *said, ""]


def _cell(cell: TableCell | None) -> str:
    if cell is None:
        return "not run"
    masked = ", masked" if cell.masked else ""
    return f"{MARKS[cell.outcome]}{masked}<br>{cell.lost} of {cell.sessions} lost"


def _changes(document: Gate) -> list[str]:
    if not document.changes:
        return []
    rows = [
        [escaped(f"{one.file}:{one.line}" if one.line else f"{one.file} (added)"), one.kind + (", accepted" if one.accepted else ""),
         f"`{code(one.before)}`" if one.before else "", f"`{code(one.after)}`" if one.after else "", escaped(one.why)]
        for one in document.changes
    ]  # fmt: skip
    head = ["line", "kind", "as given", "as it ran", "why"]
    return ["<details><summary>Changed in the balancer's file to run it here</summary>", "",
            *rows_of(head, rows), "", "</details>"]  # fmt: skip


def rows_of(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table; the cells are Markdown already."""
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escaped(text: str) -> str:
    """Plain text as Markdown within one table cell: nothing in it is markup."""
    flat = " ".join(text.split()).translate(STEERING)
    safe = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", safe)


def code(text: str) -> str:
    """Text within backquotes, in a table cell."""
    return " ".join(text.split()).translate(STEERING).replace("`", "'").replace("|", "\\|")
