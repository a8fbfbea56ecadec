"""What a trial of two balancers, pair by pair, came to: the document of `exsim ab`, verdict and sentences.

A is what runs today, B the candidate.  The question is whether B loses more: fail when it does, pass when it
loses fewer or, to within the margin, as many, inconclusive when the pairs did not suffice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from exsim.judgement.compare.comparison import Compared, RunSide
from exsim.judgement.compare.picture import CellPair
from exsim.judgement.compare.sentence import POINTS, points
from exsim.judgement.paired import Pairs
from exsim.judgement.verdict import FAIL, INCONCLUSIVE, PASS
from exsim.judgement.words import counted_noun, do

FORMAT = "exsim-ab/1"


class AbSide(msgspec.Struct, frozen=True):
    """One balancer: `lost` of the pairs that counted, `void` sessions that never began.

    `may_matter`: changes to its file, so that it runs here, that may matter.
    """

    name: str
    run: str
    lost: int
    void: int
    wrong_mailbox: int
    changed: int
    sessions: int
    may_matter: list[str] = []


class AbResults(msgspec.Struct, frozen=True):
    """What two balancers came to.

    `decided`: the pairs told them apart, or showed them equal to within `margin`.  `pairs`: those that
    counted; `void`: those in which a session never began; `only_a`, `only_b`: those in which only the session
    behind A, or behind B, was lost.  `better`: "a", "b" or "".  `low`, `high`: share
    lost behind B less share lost behind A, with 1 - `alpha` at every moment.  `e_value`: how many times
    better two shares explain the pairs than one; 1 / `alpha` decides.
    """

    format: str
    decided: bool
    pairs: int
    outcome: str
    better: str
    sentence: str
    sentences: list[str]
    max_pairs: int
    void: int
    only_a: int
    only_b: int
    e_value: float
    low: float
    high: float
    margin: float
    alpha: float
    a: AbSide
    b: AbSide
    cells: list[CellPair]  # the combinations that lost a session behind one of them
    matrix: list[CellPair]
    simulated: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a trial ended.  `broken_off`: why before its time, or ""."""

    pairs: Pairs
    compared: Compared
    wrong_mailbox: tuple[int, int]
    broken_off: str = ""
    may_matter: tuple[Sequence[str], Sequence[str]] = ((), ())


def results(ended: Ended) -> AbResults:
    """Put the document together."""
    pairs, document = ended.pairs, ended.compared.document
    judged = outcome(ended)
    said = list(_sentences(ended, judged))
    low, high = pairs.differences.interval
    matrix = [msgspec.structs.replace(cell, chance=None) for cell in document.matrix]
    sides = [
        _side(run, test.lost, void, wrong, weighty)
        for run, test, void, wrong, weighty in zip(
            (document.a, document.b),
            (pairs.test.a, pairs.test.b),
            (pairs.void_a, pairs.void_b),
            ended.wrong_mailbox,
            ended.may_matter,
            strict=True,
        )
    ]
    return AbResults(
        format=FORMAT,
        decided=pairs.decided and not ended.broken_off and not pairs.too_many_void,
        pairs=pairs.pairs,
        outcome=judged,
        better=pairs.better,
        sentence=said[0],
        sentences=said[1:],
        max_pairs=pairs.most,
        void=pairs.void,
        only_a=pairs.only_a,
        only_b=pairs.only_b,
        e_value=pairs.test.value,
        low=low,
        high=high,
        margin=pairs.margin,
        alpha=pairs.alpha,
        a=sides[0],
        b=sides[1],
        cells=[cell for cell in matrix if cell.lost],
        matrix=matrix,
        simulated=document.simulated,
    )


def outcome(ended: Ended) -> str:
    """pass, fail or inconclusive.  Another user's mailbox fails whatever was lost."""
    pairs = ended.pairs
    if any(ended.wrong_mailbox):
        return FAIL
    if ended.broken_off or pairs.too_many_void or not pairs.decided:
        return INCONCLUSIVE
    return FAIL if pairs.better == "a" else PASS


def _side(run: RunSide, lost: int, void: int, wrong: int, weighty: Sequence[str]) -> AbSide:
    return AbSide(run.name, run.run, lost, void, wrong, run.changed, run.sessions, list(weighty))


def _sentences(ended: Ended, judged: str) -> Iterator[str]:
    pairs, document = ended.pairs, ended.compared.document
    yield from _crossings(ended)
    if ended.broken_off:
        yield f"The trial was broken off ({ended.broken_off}): nothing is decided."
    yield from _void(pairs)
    a, b = f"A ({document.a.name})", f"B ({document.b.name})"
    of_a, of_b = pairs.test.a.lost, pairs.test.b.lost
    low, high = pairs.differences.interval
    margin = f"{pairs.margin * POINTS:.0f}"
    span = f"{points(low)} to {points(high)} points"
    if pairs.better and judged != INCONCLUSIVE:
        how = "fewer" if pairs.better == "b" else "more"
        yield f"{b} loses {how} sessions than {a}: {of_b} of {pairs.pairs} against {of_a} of {pairs.pairs}."
        yield f"Decided after {counted_noun(pairs.pairs, 'pair')} of sessions, the same users behind each."
    elif pairs.equal and judged != INCONCLUSIVE:
        yield (
            f"B ({document.b.name}) loses no more than A ({document.a.name}), to within {margin} points of "
            f"100: {of_b} of {pairs.pairs} against {of_a} of {pairs.pairs}."
        )
    elif not pairs.pairs:
        yield "No pair of sessions was completed: nothing can be told."
        return
    else:
        yield (
            f"It cannot be told whether B loses more: {a} lost {of_a} of {pairs.pairs}, {b} {of_b} of "
            f"{pairs.pairs}; in {counted_noun(pairs.pairs - pairs.only_a - pairs.only_b, 'pair')} both ended alike."
        )
    yield f"B's share of lost sessions less A's: {span} (95 %, however often one looks)."
    yield from ended.compared.places


def _crossings(ended: Ended) -> Iterator[str]:
    for letter, answers in zip("AB", ended.wrong_mailbox, strict=True):
        if answers:
            yield (
                f"Behind {letter} somebody saw another user's mailbox ({counted_noun(answers, 'answer')}). "
                "Stop using this configuration until that is understood."
            )


def _void(pairs: Pairs) -> Iterator[str]:
    if pairs.void:
        verdict = (
            " Those that count are a selection: nothing is decided." if pairs.too_many_void else ""
        )
        yield (
            f"{pairs.void} of {counted_noun(pairs.taken, 'pair')} {do(pairs.void)} not count, because a logon was never "
            f"accepted ({pairs.void_a} behind A, {pairs.void_b} behind B).{verdict}"
        )


def encode(document: AbResults) -> bytes:
    """The document as JSON, in the order of its keys."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return msgspec.json.schema(AbResults)
