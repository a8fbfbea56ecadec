"""A trial of two balancers, pair by pair, as text and as a page: the verdict, then both matrices in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from exsim.judgement.compare.ab import AbResults
from exsim.judgement.compare.comparison import Compared
from exsim.judgement.compare.picture import Picture
from exsim.judgement.report import compare_html
from exsim.judgement.report.compare_text import heat, printed
from exsim.judgement.report.text import STYLES, wrapped
from exsim.judgement.verdict import FAIL, PASS

TONES = {PASS: "pass", FAIL: "fail"}
WEIGHTY = 4


def render(document: AbResults, pictures: Sequence[Picture], colour: bool = False) -> str:
    """The first screen as text; `colour` adds the terminal's own codes."""
    return printed(lines(document, pictures), colour)


def lines(document: AbResults, pictures: Sequence[Picture]) -> Iterator[Text]:
    """The first screen, line by line."""
    yield from wrapped(document.simulated, style="italic")
    for letter, side in (("A", document.a), ("B", document.b)):
        yield Text(f" {letter}  {side.name}   {side.run}", "dim")
    yield Text()
    word = document.outcome.upper()
    indent = 3 + len(word)
    for number, line in enumerate(wrapped(document.sentence, indent, indent, "bold")):
        if not number:
            line = Text(" ").append(word, STYLES[word]).append(line.plain[1 + len(word) :], "bold")
        yield line
    for sentence in document.sentences:
        yield from wrapped(sentence, 1, 3)
    for picture in pictures:
        yield Text()
        yield from heat(picture)
    for letter, side in (("A", document.a), ("B", document.b)):
        for change in side.may_matter[:WEIGHTY]:
            yield from wrapped(
                f"Changed in {letter} so that it runs here, may matter: {change}", 1, 3
            )


def page(document: AbResults, found: Compared) -> str:
    """The trial as one HTML file."""
    more = {"a": "b", "b": "a"}.get(document.better, "")
    return compare_html.render(
        found.document, found.pictures, verdict=compare_html.Verdict(
            document.outcome.upper(), TONES.get(document.outcome, "unsure"), more,
            document.sentence, tuple(document.sentences), document.a, document.b, document.pairs,
        ),
    )  # fmt: skip
