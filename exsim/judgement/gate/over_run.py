"""The gate over one run: its own verdict, the scenario's criteria, the balancer that ran, the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exsim.judgement.gate import baseline
from exsim.judgement.gate.criterion import Criterion
from exsim.judgement.gate.document import (
    Annotation,
    Change,
    Gate,
    annotated,
    change_criteria,
    gravest,
)
from exsim.judgement.judge import Judgement
from exsim.judgement.verdict import outcome
from exsim.judgement.words import counted_noun, listed

CRITERIA = ("criterion_failed", "criterion_undecided")  # they stand for themselves in a gate


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a run besides its judgement.

    `ended`: somebody lived to write its end.  `wanted` and `ran`: versions of HAProxy.  `place`: file and
    line of the balancer's configuration that sent the lost sessions where they were lost.
    `steered`: the scenario forces sessions across.
    """

    changes: Sequence[Change] = ()
    ended: bool = True
    wanted: str = ""
    ran: str = ""
    place: tuple[str, int] = ("", 0)
    steered: bool = False
    annotations: Sequence[Annotation] = ()


def over_run(
    judgement: Judgement, known: Circumstances, base: Judgement | None = None, base_run: str = ""
) -> Gate:
    """The document.  Green only when every criterion in it is."""
    criteria = [
        _own_verdict(judgement, known),
        *_ended(known),
        *judgement.criteria,
        *_version(known),
        *change_criteria(known.changes),
        *(_against(judgement, base) if base else []),
    ]
    facts, results = judgement.facts, judgement.results
    decided = gravest(one.outcome for one in criteria)
    return Gate(
        kind="run",
        outcome=decided,
        sentence=sentence(criteria),
        scenario=facts.scenario,
        run=facts.run,
        baseline=base_run,
        masked=decided == "pass" and results.masked,
        steered=known.steered,
        simulated=results.simulated,
        haproxy=known.ran,
        criteria=criteria,
        matrix=results.matrix,
        changes=list(known.changes),
        annotations=[*annotated(criteria), *known.annotations],
    )


def sentence(criteria: Sequence[Criterion]) -> str:
    """ "Of 5 criteria 2 failed and 1 could not be decided." """
    failed = sum(one.outcome == "fail" for one in criteria)
    undecided = sum(one.outcome == "inconclusive" for one in criteria)
    of = counted_noun(len(criteria), "criterion")
    if not failed and not undecided:
        return f"All {of} hold." if len(criteria) > 1 else "The 1 criterion holds."
    parts = [f"{failed} failed"] if failed else []
    parts += [f"{undecided} could not be decided"] if undecided else []
    return f"Of {of} {listed(parts)}."


def _own_verdict(judgement: Judgement, known: Circumstances) -> Criterion:
    """What the run came to without the criteria that are listed beside it."""
    reasons = [reason for reason in judgement.verdict.reasons if reason.name not in CRITERIA]
    decided = gravest([outcome([reason.name for reason in reasons])])
    words = " ".join(reason.sentence for reason in reasons) or judgement.statement.text
    lost = any(reason.name in ("lost", "changed_front_end") for reason in reasons)
    file, line = known.place if lost else ("", 0)
    return Criterion(
        key="run",
        name="The run's own verdict",
        outcome=decided,
        sentence=words,
        steered=known.steered,
        file=file,
        line=line,
    )


def _ended(known: Circumstances) -> list[Criterion]:
    if known.ended:
        return []
    words = "Nobody wrote its end: it was killed, its disk was full, or it still goes on."
    return [
        Criterion(
            key="run.ended", name="The run came to its end", outcome="inconclusive", sentence=words
        )
    ]


def _version(known: Circumstances) -> list[Criterion]:
    """The HAProxy that the scenario asks for must be the one that ran."""
    if not known.wanted:
        return []
    right = is_version(known.ran, known.wanted)
    return [
        Criterion(
            key="lab.haproxy",
            name=f"HAProxy {known.wanted} ran",
            outcome="pass" if right else "inconclusive",
            sentence=f"{known.ran or 'None'} ran.",
        )
    ]


def is_version(ran: str, wanted: str) -> bool:
    """Whether "2.8.25-5cf5d0683" is a "2.8": the numbers that are wanted, whole ones."""
    numbers = ran.partition("-")[0].split(".")
    return bool(wanted) and numbers[: len(wanted.split("."))] == wanted.split(".")


def _against(judgement: Judgement, base: Judgement) -> list[Criterion]:
    now = (judgement.findings.sessions, judgement.facts)
    then = (base.findings.sessions, base.facts)
    whole = not base.facts.cut_short
    found = baseline.no_worse(now, then) or [_nothing_to_compare()]
    met = baseline.still_met(judgement.results.matrix, base.results.matrix)
    if not whole:
        words = "The baseline was cut short; it is none."
        found.append(
            Criterion(
                key="baseline.ended",
                name="The baseline came to its end",
                outcome="inconclusive",
                sentence=words,
            )
        )
    return found + ([met] if met else [])


def _nothing_to_compare() -> Criterion:
    return Criterion(
        key="baseline",
        name="No worse than the baseline",
        outcome="inconclusive",
        sentence="Neither run has a session.",
    )
