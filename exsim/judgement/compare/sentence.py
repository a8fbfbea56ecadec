"""What a comparison says first: which run loses more, where, and what cannot be told.

Both numbers stand in every sentence; that no difference was seen is never called none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exsim.judgement.compare.picture import CellPair
from exsim.judgement.compare.side import Side
from exsim.judgement.sentence import shapes_of, simulated_line
from exsim.judgement.words import counted_noun, percent, protocol_name, was

if TYPE_CHECKING:
    from exsim.judgement.compare.comparison import ProtocolLosses

SURELY = 0.001
POINTS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """What the sentences are about."""

    a: Side
    b: Side
    losses: Sequence[ProtocolLosses]
    cells: Sequence[CellPair]

    @property
    def name_a(self) -> str:
        return self._names()[0]

    @property
    def name_b(self) -> str:
        return self._names()[1]

    @property
    def simulated(self) -> str:
        """What stands before anything else when the nodes are simulated."""
        lines = [simulated_line(side.judgement.facts) for side in (self.a, self.b)]
        if lines[0] == lines[1]:
            return lines[0]
        return " ".join(f"{letter}: {line}" for letter, line in zip("AB", lines, strict=True))

    def _names(self) -> tuple[str, str]:
        """The balancer's file where that tells them apart, else the scenario, else when they began."""
        for a, b in (
            (self.a.balancer or "no balancer", self.b.balancer or "no balancer"),
            (self.a.judgement.facts.scenario, self.b.judgement.facts.scenario),
        ):
            if a != b:
                return a, b
        return self.a.judgement.facts.started, self.b.judgement.facts.started


def sentences(told: Told) -> list[str]:
    """All of them; the first says it all."""
    differ = sum(cell.differs for cell in told.cells)
    counted = (
        [f"{counted_noun(differ, 'combination')} met in both lost a different share."]
        if differ
        else []
    )
    said = [*_wrong_mailbox(told), *_measured(told), *_where(told), *counted, *_only(told)]
    return [*said, *_masked(told), *_incomplete(told)]


def places(told: Told) -> list[str]:
    """Which pairs of nodes lose the sessions, and which were met in one of the runs only."""
    return [*_where(told), *_only(told), *_unmoved(told)]


def _wrong_mailbox(told: Told) -> Iterator[str]:
    for side in (told.a, told.b):
        answers = side.judgement.results.wrong_mailbox
        if answers:
            yield (
                f"Behind {side.letter} somebody saw another user's mailbox "
                f"({counted_noun(answers, 'answer')}): that comes before any count of losses."
            )


def _measured(told: Told) -> Iterator[str]:
    empty = [one for one in (told.a, told.b) if not one.judgement.results.sessions]
    if empty:
        which = " and ".join(side.letter for side in empty)
        verb = "has" if len(empty) == 1 else "have"
        yield f"Nothing can be compared: {which} {verb} no session at all."
        return
    for one in told.losses:
        prefix = f"{protocol_name(one.protocol)}: " if len(told.losses) > 1 else ""
        yield prefix + _of_protocol(told, one)


def _of_protocol(told: Told, one: ProtocolLosses) -> str:
    a, b = f"A ({told.name_a})", f"B ({told.name_b})"
    of_a = f"{one.a.lost} of {one.a.sessions}"
    of_b = f"{one.b.lost} of {one.b.sessions}"
    if not one.a.sessions or not one.b.sessions:
        return f"only {'A' if one.a.sessions else 'B'} has sessions ({of_a} against {of_b} lost)."
    apart = f"{points(one.low)} to {points(one.high)} points, by account, at 95 %"
    if one.more:
        most = (one.a if one.more == "a" else one.b).lost
        few, many, fewer, more = (b, a, of_b, of_a) if one.more == "a" else (a, b, of_a, of_b)
        return f"{many} loses more sessions than {few}: {more} {was(most)} lost against {fewer}. {_sure(one.chance)}"
    if not one.a.lost and not one.b.lost:
        return (
            f"Neither lost a session: {a} {of_a} (fewer than {percent(one.a.high)}), "
            f"{b} {of_b} (fewer than {percent(one.b.high)}, at 95 %)."
        )
    return (
        f"They cannot be told apart: {a} lost {of_a}, {b} {of_b}. What B loses more than A lies "
        f"anywhere from {apart}."
    )


def points(share: float) -> str:
    """A difference of shares in points of a hundred, with its sign; "0" where it rounds to none."""
    whole = round(share * POINTS)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def _sure(chance: float) -> str:
    how = (
        "in less than 1 of 1000"
        if chance < SURELY
        else f"in {max(1, round(chance * 1000))} of 1000"
    )
    return f"Chance alone would do that {how} such comparisons, counted by account."


def _where(told: Told) -> Iterator[str]:
    """Which pairs of nodes lose the sessions, for each run that lost any."""
    for side in (told.a, told.b):
        results = side.judgement.results
        for shape in shapes_of(results.matrix, side.judgement.facts).values():
            yield f"{side.letter}: {shape.sentence.removesuffix('.')} ({shape.lost} of {shape.sessions} at such a meeting)."


def _only(told: Told) -> Iterator[str]:
    for letter, other in (("a", "B"), ("b", "A")):
        cells = [cell for cell in told.cells if cell.only_in == letter]
        if cells:
            barred = sum(getattr(cell, other.lower()).state == "prevented" for cell in cells)
            which = "" if barred == len(cells) else f"{barred} of them "
            what = "it" if len(cells) == 1 else "them"
            how = f", {which}because the balancer never allowed {what}" if barred else ""
            yield (
                f"{counted_noun(len(cells), 'combination')} {was(len(cells))} met in {letter.upper()} only{how}: "
                f"nothing is known of {what} in {other}."
            )


def _unmoved(told: Told) -> Iterator[str]:
    """A balancer that lets nobody across hides what crossing would do."""
    for side, other in ((told.a, told.b), (told.b, told.a)):
        results = side.judgement.results
        if (
            results.sessions
            and not results.changed
            and not results.lost
            and other.judgement.results.lost
        ):
            yield (
                f"Behind {side.letter} nobody changed node (0 of {results.sessions} did): what loses sessions "
                f"behind {other.letter} may still be there, and a drain or a lost cookie would show it."
            )


def _masked(told: Told) -> Iterator[str]:
    for side in (told.a, told.b):
        results = side.judgement.results
        if results.masked:
            died = sum(cell.lost for cell in results.steered)
            met = sum(cell.sessions for cell in results.steered)
            yield (
                f"{side.letter} keeps its sessions only because none changes node: steered across, {died} of "
                f"{counted_noun(met, 'meeting')} lost one. The fault itself is still there."
            )


def _incomplete(told: Told) -> Iterator[str]:
    for side in (told.a, told.b):
        facts = side.judgement.facts
        why = facts.cut_short
        if why:
            yield f"Run {side.letter} did not come to its end ({why.splitlines()[0]})."
