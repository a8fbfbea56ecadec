"""A comparison for a terminal, 80 columns: what is said first, both matrices in one, and what differs."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from exsim.judgement.compare.comparison import Comparison, ProtocolLosses
from exsim.judgement.compare.picture import CellPair, CellSide, Picture
from exsim.judgement.compare.sentence import points
from exsim.judgement.compare.speed import StepTimes
from exsim.judgement.report.steering import STEERING
from exsim.judgement.report.text import WIDTH, wrapped
from exsim.judgement.sentence import has_login
from exsim.judgement.words import below, between, counted_noun, latency, protocol_name, shortened

STATE_WORDS = {"prevented": "prevented", "not_exercised": "not met"}
WIDEST = "999/999 LOST"
CONFIG_LINES = 16  # of the difference between the balancer's files
DIFFERENCES = 12
STEPS = 3


def render(document: Comparison, pictures: Sequence[Picture], colour: bool = False) -> str:
    """The comparison as text; `colour` adds the terminal's own codes."""
    return printed(lines(document, pictures), colour)


def printed(those: Iterator[Text], colour: bool) -> str:
    """Lines as they go to a terminal; a server's text cannot steer it."""
    out = io.StringIO()
    console = Console(
        file=out, width=WIDTH, force_terminal=colour, no_color=not colour, highlight=False,
        color_system="standard" if colour else None, markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    for line in those:
        line.plain = line.plain.translate(STEERING)
        line.rstrip()
        console.print(line, soft_wrap=True)
    return out.getvalue()


def lines(document: Comparison, pictures: Sequence[Picture]) -> Iterator[Text]:
    """Everything, line by line; the first screen says which loses what."""
    yield from wrapped(document.simulated, style="italic")
    for letter, side in (("A", document.a), ("B", document.b)):
        yield Text(f" {letter}  {side.name}   {side.run}", "dim")
    yield Text()
    yield from wrapped(document.sentence, style="bold")
    for sentence in document.sentences:
        yield from wrapped(sentence, 1, 3)
    for picture in pictures:
        yield Text()
        yield from heat(picture)
    yield Text()
    for one in document.losses:
        yield from losses(one)
    yield from _speeds(document.latencies)
    yield from _setup(document)


def heat(picture: Picture) -> Iterator[Text]:
    """One picture: for each login node a line of A's and a line of B's."""
    home = f", mailboxes on {picture.home}" if picture.home else ""
    title = (
        f" {protocol_name(picture.protocol)}{home}   lost / sessions at first meeting   served by"
    )
    yield Text(title, style="bold")
    label = max(map(len, (*picture.rows, "logged on at"))) + 4
    width = max(map(len, (*picture.columns, WIDEST))) + 1
    if label + 3 + width * len(picture.columns) > WIDTH:
        yield from _listed(picture)
        return
    first = " logged on at" if has_login(picture.protocol) else ""
    yield Text(f"{first:<{label + 3}}" + "".join(f"{name:>{width}}" for name in picture.columns))
    for row in picture.rows:
        for letter in "ab":
            line = Text(f"   {row if letter == 'a' else '':<{label - 3}}{letter.upper():<3}")
            for column in picture.columns:
                text, style = cell(picture.cells.get((row, column)), letter)
                line.append(f"{text:>{width}}", style)
            yield line


def _listed(picture: Picture) -> Iterator[Text]:
    """A farm too wide for the screen: only what was lost, pair by pair."""
    for (row, column), pair in picture.cells.items():
        if pair.lost:
            words = ", ".join(f"{letter.upper()} {cell(pair, letter)[0]}" for letter in "ab")
            yield from wrapped(f"{row} → {column}: {words}", 3, 5)


def cell(pair: CellPair | None, letter: str) -> tuple[str, str]:
    """What stands in a cell for one run, and its style."""
    if pair is None:
        return "", ""
    side: CellSide = getattr(pair, letter)
    if side.state in STATE_WORDS:
        return STATE_WORDS[side.state], "dim"
    text = f"{side.lost}/{side.sessions}"
    if side.lost:
        return f"{text} LOST", "bold red"
    return (f"{text} few", "yellow") if side.state == "too_few" else (text, "")


def losses(one: ProtocolLosses) -> Iterator[Text]:
    """A protocol's losses in both runs, over sessions and over accounts."""
    for letter, side in (("A", one.a), ("B", one.b)):
        share = between(side.low, side.high)
        yield from wrapped(
            f"{protocol_name(one.protocol)} {letter}: {side.lost} of {counted_noun(side.sessions, 'session')} lost (95 %: {share}; "
            f"by account {between(side.clustered_low, side.clustered_high)}); "
            f"{side.accounts_lost} of {counted_noun(side.accounts, 'account')}{below(side.accounts_bound)}.",
            1, 8,
        )  # fmt: skip
    yield from wrapped(
        f"What B loses more than A: {points(one.low)} to {points(one.high)} points of 100, by account, at 95 %.",
        8,
    )


def _speeds(steps: Sequence[StepTimes]) -> Iterator[Text]:
    slower = [one for one in steps if one.slower]
    told = sorted(slower, key=lambda one: one.chance)[:STEPS]
    if not told:
        yield from wrapped("No step took longer in one of them for most users.") if steps else ()
        return
    for one in told:
        a, b = one.a, one.b
        if a is not None and b is not None:
            yield from wrapped(
                f"{protocol_name(one.protocol)} {one.step} is slower in {one.slower.upper()}: half within "
                f"{latency(a.p50)} (A) and {latency(b.p50)} (B), 95 of 100 within {latency(a.p95)} and "
                f"{latency(b.p95)}.", 1, 3,
            )  # fmt: skip
    yield from _more(len(slower) - STEPS, "step")


def _setup(document: Comparison) -> Iterator[Text]:
    yield Text()
    if not document.differences and not document.balancer_difference:
        yield Text(" The set-ups do not differ.", "bold")
        return
    yield Text(" What differs between the set-ups", "bold")
    for one in document.differences[:DIFFERENCES]:
        yield from wrapped(f"{one.key}: {one.a} → {one.b}", 3, 7)
    yield from _more(len(document.differences) - DIFFERENCES, "key")
    if document.balancer_difference:
        yield Text("   the balancer's file, as it ran:")
        for line in document.balancer_difference[:CONFIG_LINES]:
            style = {"-": "red", "+": "green"}.get(line[:1], "dim")
            yield Text("     " + shortened(line, WIDTH - 6), style)
        yield from _more(len(document.balancer_difference) - CONFIG_LINES, "line")


def _more(count: int, noun: str) -> Iterator[Text]:
    if count > 0:
        yield Text(f"   and {count} {noun}{'s' if count > 1 else ''} more (--json, --html)", "dim")
