"""The report for a terminal, 80 columns: the verdict, where, the proof, and what it does not claim.

Everything needed to act stands on the first screen.  No colour without a word.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from exsim.judgement.also_seen import finding_lines
from exsim.judgement.collapse import Pool, Table
from exsim.judgement.diagnosis import blame, class_sentence
from exsim.judgement.judge import Judgement
from exsim.judgement.proof import Proof, ProofLine, best
from exsim.judgement.remark import (
    about,
    addresses_sentence,
    brought_sentence,
    control_sentence,
    h2_sentence,
    identity_sentences,
    left_behind,
    not_measured,
    noted,
    scaled,
    shadow_changes,
    shadow_limits,
    spread_sentence,
    witnesses,
)
from exsim.judgement.report.steering import STEERING
from exsim.judgement.saturation import held_up, saturation
from exsim.judgement.sentence import has_login, simulated_line
from exsim.judgement.words import clock, counted_noun, pause, protocol_name, shortened

WIDTH = 80
STYLES = {
    "FAIL": "bold white on red",
    "PASS": "bold black on green",
    "PASS, MASKED": "bold black on yellow",
    "INCONCLUSIVE": "bold black on yellow",
    "STOPPED": "bold black on yellow",
}
CELL_STYLES = {"lost": "bold red", "prevented": "dim", "not_exercised": "dim", "too_few": "yellow"}
FINDINGS_SHOWN = 4
REQUEST_WIDTH = 26
WIDEST_CELL = "99/99 LOST "
NUMBERED_LABEL, NUMBERED_CELL = 9, 11


def render(judgement: Judgement, colour: bool = False, exit_code: int | None = None) -> str:
    """The first screen as text; `colour` adds the terminal's own codes."""
    out = io.StringIO()
    console = Console(
        file=out, width=WIDTH, force_terminal=colour, no_color=not colour, highlight=False,
        color_system="standard" if colour else None, markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    blank = False
    for line in lines(judgement, exit_code):
        line.plain = line.plain.translate(STEERING)
        line.rstrip()
        if line.plain or not blank:
            console.print(line, soft_wrap=True)
        blank = not line.plain
    return out.getvalue()


def lines(judgement: Judgement, exit_code: int | None = None) -> Iterator[Text]:
    """The first screen, line by line."""
    yield from _head(judgement)
    for view in judgement.views:
        for table in view.tables:
            yield Text()
            yield from heat(table)
        yield from wrapped(" ".join(view.sentences))
    yield from _steered(judgement)
    yield Text()
    yield from _proof(judgement)
    yield from wrapped(
        " ".join(filter(None, [control_sentence(judgement), spread_sentence(judgement)]))
    )
    yield from _findings(judgement)
    yield from _may_be(judgement)
    yield Text()
    yield from _foot(judgement, exit_code)


def wrapped(
    text: str, indent: int = 1, hanging: int | None = None, style: str = ""
) -> Iterator[Text]:
    """Lines of `text`, none longer than the screen; nothing for an empty text."""
    follow = indent if hanging is None else hanging
    for line in textwrap.wrap(
        text, WIDTH - 1, initial_indent=" " * indent, subsequent_indent=" " * follow,
        break_long_words=False, break_on_hyphens=False,
    ):  # fmt: skip
        yield Text(line, style=style)


def _head(judgement: Judgement) -> Iterator[Text]:
    yield from wrapped(simulated_line(judgement.facts), style="italic")
    version = judgement.facts.exsim.rpartition(".")[0] or judgement.facts.exsim
    ran = [f"exsim {version}", *about(judgement)]
    spaced = " " + "   ".join(ran)
    yield from (
        [Text(spaced, "dim")] if len(spaced) <= WIDTH else wrapped(", ".join(ran), style="dim")
    )
    if judgement.facts.assumed:
        yield from wrapped(f"ASSUMED  {judgement.facts.assumed}", 1, 10)
    said = judgement.statement
    indent = 1 + max(6, len(said.word) + 2)
    first = True
    for sentence in said.sentences:
        for line in wrapped(sentence, indent):
            if first:
                line = (
                    Text(" ")
                    .append(said.word, STYLES[said.word])
                    .append(line.plain[1 + len(said.word) :])
                )
                line.stylize("bold", indent)
                first = False
            yield line
    if note := h2_sentence(judgement):
        yield from wrapped(f"NOTE  {note}", 1, 7)


def cell_word(pool: Pool | None) -> str:
    """A cell as it is printed: its fraction, and a word unless it was kept."""
    if pool is None:
        return ""
    if pool.state in {"prevented", "not_exercised"}:
        return {"prevented": "prevented", "not_exercised": "not met"}[pool.state]
    fraction = f"{pool.lost}/{pool.sessions}"
    return fraction + {"lost": " LOST", "too_few": " few", "kept": ""}[pool.state]


def heat(table: Table) -> Iterator[Text]:
    """One matrix.  Names that do not fit become numbers with a legend; too many of them become a list."""
    home = f", mailboxes on {table.home}" if table.home else ""
    title = f" {protocol_name(table.protocol)}{home}   lost / sessions at first meeting"
    label = max(map(len, (*table.rows, "logged on at"))) + 3
    width = max(map(len, (*table.columns, WIDEST_CELL))) + 2
    if label + width * len(table.columns) <= WIDTH:
        yield Text(f"{title}   served by", style="bold")
        yield from _grid(
            table, {name: name for name in (*table.rows, *table.columns)}, label, width
        )
        return
    names = dict.fromkeys((*table.columns, *table.rows))
    numbers = {name: f"({i})" for i, name in enumerate(names, 1)}
    yield Text(f"{title}   served by", style="bold")
    if NUMBERED_LABEL + NUMBERED_CELL * len(table.columns) <= WIDTH:
        yield from _grid(table, numbers, NUMBERED_LABEL, NUMBERED_CELL)
        yield from wrapped("  ".join(f"{number} {name}" for name, number in numbers.items()))
        return
    for row in table.rows:
        met = ((column, table.cells.get((row, column))) for column in table.columns)
        words = ", ".join(
            f"{column} {cell_word(pool)}" for column, pool in met if pool and pool.sessions
        )
        yield from wrapped(f"{row}: {words or 'nothing was met'}", 3, 5)


def _grid(table: Table, names: dict[str, str], label: int, width: int) -> Iterator[Text]:
    """`names`: what each node is printed as; `label` and `width` in columns of the terminal."""
    begun = "logged on at" if has_login(table.protocol) else ""
    begun = begun if len(begun) < label else "begun"
    yield Text(f" {begun:<{label}}" + "".join(f"{names[c]:^{width}}" for c in table.columns), "dim")
    for row in table.rows:
        line = Text(f"   {names[row]:<{label - 2}}")
        for column in table.columns:
            pool = table.cells.get((row, column))
            line.append(
                f"{cell_word(pool):^{width}}", CELL_STYLES.get(pool.state if pool else "", "")
            )
        yield line


def _steered(judgement: Judgement) -> Iterator[Text]:
    cells = [cell for cell in judgement.results.steered if cell.sessions]
    if not cells:
        return
    lost, sessions = sum(c.lost for c in cells), sum(c.sessions for c in cells)
    where = sorted({f"{c.login_front_end} to {c.serving_front_end}" for c in cells if c.lost})
    at = f": {', '.join(where)}" if where else ""
    yield from wrapped(
        f"Steered across on purpose (never counted above): {lost} of {counted_noun(sessions, 'meeting')} lost a session{at}."
    )


def _proof(judgement: Judgement) -> Iterator[Text]:
    shown = best(judgement.proofs)
    if shown:
        yield from proof_lines(shown)


def proof_lines(proof: Proof) -> Iterator[Text]:
    """The same cookies, two answers."""
    title = "The same cookies, two answers" if proof.alive else "How the session was lost"
    yield Text(
        f" {title} (session {proof.session}, {clock(proof.utc).partition('.')[0]} UTC):", "bold"
    )
    told = telling_lines(proof)
    requests = [shortened(line.request, REQUEST_WIDTH) for line in told]
    node = max(len(line.node) for line in told) + 2
    width = max(map(len, requests)) + 2
    for line, request in zip(told, requests, strict=True):
        first = line is proof.lines[0]
        later = "" if first else f", {pause(line.later)} later, with a copy"
        text = f"{line.node:<{node}}{request:<{width}}{line.answer}{later}"
        yield from wrapped(text, 3, 3 + node + width, "red" if first else "")
    yield from wrapped(" ".join(proof.conclusion))


def telling_lines(proof: Proof) -> list[ProofLine]:
    """The culprit's answer, the first sign of life elsewhere, and the culprit's own reason."""
    replays = proof.lines[1:]
    alive = next((line for line in replays if line.alive and line.node != proof.culprit), None)
    reason = next((line for line in replays if line.node == proof.culprit and line.reason), None)
    chosen = [line for line in (alive, reason) if line is not None] or replays[:2]
    return [proof.lines[0], *chosen]


def _findings(judgement: Judgement) -> Iterator[Text]:
    found = finding_lines(judgement)
    if found:
        more = f"; and {len(found) - FINDINGS_SHOWN} more" if len(found) > FINDINGS_SHOWN else ""
        yield from wrapped(
            f"Also seen, no session lost: {'; '.join(found[:FINDINGS_SHOWN])}{more}."
        )


def _may_be(judgement: Judgement) -> Iterator[Text]:
    """The first diagnosis in short; `exsim explain` and the HTML report say the rest."""
    for one in judgement.results.diagnosis[:1]:
        yield Text()
        yield from wrapped(f"What it may be: {one.name} (score {one.score:.2f}).", 1, 3, "bold")
        step = f"Decide it: {first_sentence(one.decides)}" if one.alike else ""
        told = [blame(one), first_sentence(one.support), class_sentence(one), step]
        act = f"Do: {first_sentence(one.advice)}"
        source = f"({one.source}; more: exsim explain {one.rule})"
        yield from wrapped(" ".join(filter(None, [*told, act, source])), 3)


def first_sentence(text: str) -> str:
    """The first sentence of a text that may hold several."""
    return text.partition(". ")[0].removesuffix(".") + "." if text else ""


def _foot(judgement: Judgement, exit_code: int | None) -> Iterator[Text]:
    missing = not_measured(judgement)
    if missing:
        yield from wrapped(f"Not measured: {', '.join(missing)}.")
    facts = judgement.facts
    said = (*facts.distrust, facts.keeping, brought_sentence(facts))
    for remark in (addresses_sentence(facts), *said):
        yield from wrapped(remark)
    for sentence in (
        *noted(facts),
        scaled(facts),
        saturation(facts),
        held_up(judgement.results.latencies),
    ):
        yield from wrapped(sentence)
    by = witnesses(judgement)
    if by and (not facts.simulated or set(judgement.findings.witnesses) != {"header"}):
        yield from wrapped(f"Who answered is known{by}.")
    yield from wrapped(shadow_limits(judgement))
    yield from wrapped(shadow_changes(judgement))
    if judgement.findings.wrong_mailbox or judgement.findings.identity_by:
        yield from wrapped(" ".join(identity_sentences(judgement.findings)))
    yield from wrapped(left_behind(judgement))
    shown = best(judgement.proofs)
    if shown or judgement.stories:
        session = shown.session if shown else judgement.stories[0].session
        yield Text(f" next:  exsim show {session} {judgement.facts.run}")
        yield Text("        with --curl: as a script that asks both servers without exsim")
    elif judgement.verdict.outcome == "inconclusive":
        said = judgement.statement.sentences
        unsaid = (r.sentence for r in judgement.verdict.reasons if r.sentence not in said)
        yield from (line for sentence in unsaid for line in wrapped(f"why: {sentence}", 1, 6))
    path = f" {judgement.facts.run}/report.html" if judgement.facts.run else ""
    code = f"exit {exit_code}" if exit_code is not None else ""
    if len(path) + len(code) + 2 > WIDTH:
        yield Text(path)
        path = ""
    yield Text(f"{path:<{WIDTH - 1 - len(code)}}{code}")
