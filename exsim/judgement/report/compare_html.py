"""A comparison as one HTML file that opens offline: what is said first, both matrices in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exsim.judgement.compare.ab import AbSide
from exsim.judgement.compare.comparison import Comparison, RunSide
from exsim.judgement.compare.picture import CellPair, CellSide, Picture
from exsim.judgement.compare.sentence import points
from exsim.judgement.report import compare_page, style
from exsim.judgement.report.html import CELL_WORDS
from exsim.judgement.report.template import PageTemplate
from exsim.judgement.sentence import has_login
from exsim.judgement.words import between, latency, percent, protocol_name

SIGNS = {"-": "minus", "+": "plus"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trial in pairs says instead of the comparison's own first words; `more`: "a", "b" or ""."""

    word: str
    tone: str
    more: str
    first: str
    sentences: tuple[str, ...]
    a: AbSide
    b: AbSide
    pairs: int


def render(
    document: Comparison, pictures: Sequence[Picture], verdict: Verdict | None = None
) -> str:
    """The whole page; with a `verdict` that of a trial in pairs.

    Whatever a server sent is escaped; there is no script, and none may run.
    """
    more = verdict.more if verdict else worse(document)
    return _PAGE.render(
        document=document,
        pictures=pictures,
        word=verdict.word if verdict else "A | B",
        first=verdict.first if verdict else document.sentence,
        sentences=verdict.sentences if verdict else document.sentences,
        tone=verdict.tone if verdict else "",
        pairs=verdict.pairs if verdict else None,
        sides=[
            ("A", document.a, place(document.a, "a", more), verdict.a if verdict else None),
            ("B", document.b, place(document.b, "b", more), verdict.b if verdict else None),
        ],
        one_sided=[cell for cell in document.matrix if cell.only_in],
    )


def worse(document: Comparison) -> str:
    """ "a" or "b" when one loses more in some protocol and the other in none, else ""."""
    found = {one.more for one in document.losses} - {""}
    return found.pop() if len(found) == 1 else ""


def place(side: RunSide, letter: str, more: str) -> str:
    """The class of a run's card."""
    if not more or not side.sessions:
        return ""
    return "more" if letter == more else "fewer"


def shade(side: CellSide) -> str:
    """The class of one half of a cell: its state, or "all" where every session was lost."""
    return "all" if side.lost and side.lost == side.sessions else side.state


def word(side: CellSide) -> str:
    return CELL_WORDS[side.state]


def hint(side: CellSide) -> str:
    """The exact interval, for who points at it."""
    if not side.sessions:
        return "no session met this"
    return f"{side.lost} of {side.sessions}; at 95 %: {between(side.low, side.high)}"


def words(pair: CellPair) -> str:
    """What became of a combination in the run that met it, and why the other did not."""
    met, other = (pair.a, pair.b) if pair.only_in == "a" else (pair.b, pair.a)
    return f"{met.lost} of {met.sessions} lost; the other: {word(other)}"


_PAGE = PageTemplate(
    compare_page.PAGE,
    style.STYLE + compare_page.STYLE,
    {
        "has_login": has_login,
        "shade": shade,
        "state": word,
        "hint": hint,
        "words": words,
        "points": points,
        "between": between,
        "percent": percent,
        "latency": latency,
        "sign": lambda line: SIGNS.get(line[:1], ""),
    },
    {"protocol_name": protocol_name},
)
