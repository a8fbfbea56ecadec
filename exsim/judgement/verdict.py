"""The verdict: pass, fail or inconclusive, with a reason in words for whatever stands against a pass.

Every circumstance that speaks against a pass is looked for by itself and has its outcome in a table; the
gravest decides.  A run of nothing raises "nothing_measured" and can never pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from exsim.judgement import shut_out
from exsim.judgement.census import Census
from exsim.judgement.facts import RunFacts
from exsim.judgement.gate.criterion import Criterion
from exsim.judgement.matrix import Cell, login_known
from exsim.judgement.words import are, counted_noun, listed, percent, seconds, was
from exsim.session.records import Findings

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
UNREAD_LINES_OF_A_TORN_END = 1
GRAVITY = (PASS, INCONCLUSIVE, FAIL)  # the last that is met decides

VERDICTS = {
    "wrong_mailbox": FAIL,
    "shut_out": FAIL,
    "lost": FAIL,
    "changed_front_end": FAIL,
    "crashed": INCONCLUSIVE,
    "stopped": INCONCLUSIVE,
    "interrupted": INCONCLUSIVE,
    "no_end": INCONCLUSIVE,
    "worker_died": INCONCLUSIVE,
    "nothing_measured": INCONCLUSIVE,
    "credentials_refused": INCONCLUSIVE,
    "node_never_met": INCONCLUSIVE,
    "too_few": INCONCLUSIVE,
    "too_few_telling": INCONCLUSIVE,
    "unattributed": INCONCLUSIVE,
    "unread_history": INCONCLUSIVE,
    "criterion_failed": FAIL,
    "criterion_undecided": INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One circumstance against a pass: its name in VERDICTS, and a sentence with both numbers."""

    name: str
    sentence: str

    @property
    def outcome(self) -> str:
        return VERDICTS[self.name]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`masked`: a pass that holds only because nobody was let across; steered across, sessions died."""

    outcome: str
    masked: bool
    reasons: tuple[Reason, ...]

    def has(self, name: str) -> bool:
        return any(reason.name == name for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the judges look at.  `load`: of the sessions that count; `decided`: the scenario's criteria."""

    findings: Findings
    cells: Sequence[Cell]
    steered: Sequence[Cell]
    facts: RunFacts
    load: Census
    decided: Sequence[Criterion] = ()


def outcome(raised: Collection[str]) -> str:
    """The gravest outcome of the circumstances raised; pass when there is none."""
    return max((VERDICTS[name] for name in raised), key=GRAVITY.index, default=PASS)


def verdict(
    findings: Findings,
    cells: Sequence[Cell],
    steered: Sequence[Cell],
    facts: RunFacts,
    load: Census,
    decided: Sequence[Criterion] = (),
) -> Verdict:
    """Judge a run.  `load`: the census of its sessions."""
    measured = Measured(findings, cells, steered, facts, load, decided)
    reasons = tuple(
        Reason(name, sentence) for name, judge in JUDGES.items() for sentence in judge(measured)
    )
    result = outcome([reason.name for reason in reasons])
    masked = result == PASS and any(cell.lost for cell in steered)
    return Verdict(result, masked, tuple(sorted(reasons, key=lambda r: -GRAVITY.index(r.outcome))))


def _wrong_mailbox(measured: Measured) -> Iterator[str]:
    answers = len(measured.findings.wrong_mailbox)
    if answers:
        total = sum(measured.findings.identity.values())
        count = counted_noun(total, "answer") if total >= answers else ""
        first = f"{answers} of {count}" if count else counted_noun(answers, "answer")
        told = measured.findings.strangers.get("told", 0)
        more = f" ({told} to clients without credentials)" if told else ""
        yield f"{first} came from another user's mailbox{more}; 0 are allowed."


def _shut_out(measured: Measured) -> Iterator[str]:
    findings = measured.findings
    yield from shut_out.sentences(shut_out.sure(findings, measured.facts), findings)


def _credentials_refused(measured: Measured) -> Iterator[str]:
    findings = measured.findings
    for sentence in shut_out.sentences(shut_out.unsure(findings, measured.facts), findings):
        yield f"{sentence} Whether the passwords are right nothing in this run shows."


def _lost(measured: Measured) -> Iterator[str]:
    load, allowed = measured.load, measured.facts.expect.max_lost_sessions
    if load.lost > allowed:
        of = counted_noun(load.sessions, "session")
        yield f"{load.lost} of {of} {was(load.lost)} lost; {allowed} {are(allowed)} allowed."


def _changed_front_end(measured: Measured) -> Iterator[str]:
    if measured.facts.expect.persistence != "held":
        return
    load = measured.load
    if load.changed:
        yield (
            f"{load.changed} of {counted_noun(load.sessions, 'session')} changed front end, though "
            'persistence was to be held (persistence = "held" allows 0).'
        )


def _crashed(measured: Measured) -> Iterator[str]:
    if measured.facts.crashed:
        yield f"Exsim itself broke after {seconds(measured.facts.lasted)}: {measured.facts.crashed}."


def _stopped(measured: Measured) -> Iterator[str]:
    if measured.facts.stopped:
        yield f"Stopped after {seconds(measured.facts.lasted)}: {measured.facts.stopped}."


def _interrupted(measured: Measured) -> Iterator[str]:
    facts = measured.facts
    if facts.interrupted:
        yield f"Interrupted after {seconds(facts.lasted)} of {seconds(facts.duration)}."


def _no_end(measured: Measured) -> Iterator[str]:
    if measured.facts.no_end:
        yield "The run has no end: it goes on, or was killed; this is what it saw so far."


def _worker_died(measured: Measured) -> Iterator[str]:
    lost = measured.facts.lost_workers
    if lost:
        whose = "its" if len(lost) == 1 else "their"
        yield (
            f"{listed(lost)} died before the end; what was measured until then counts, and the rest "
            f"of {whose} users' time is missing."
        )


def _nothing_measured(measured: Measured) -> Iterator[str]:
    load = measured.load
    if load.met:
        return
    if not load.sessions:
        yield "Nothing was measured: no session began (0 logons were accepted)."
        return
    answered = sum(measured.findings.identity.values())  # answers under a session's own identity
    of_none = (
        f"of none is known which node answered it ({counted_noun(answered, 'answer')})"
        if answered
        else "none was answered under its own identity"
    )
    yield f"Nothing was measured: {counted_noun(load.sessions, 'session')} began, and {of_none}."


def _node_never_met(measured: Measured) -> Iterator[str]:
    met = measured.load.nodes
    missing = [node.name for node in measured.facts.nodes if node.name not in met]
    if met and missing:
        sessions = counted_noun(measured.load.sessions, "session")
        them = "it" if len(missing) == 1 else "them"
        yield f"0 of {sessions} began at or met {listed(missing, 'or')}; nothing can be said about {them}."


def _too_few(measured: Measured) -> Iterator[str]:
    expect = measured.facts.expect
    if expect.persistence == "held":
        return
    required = [
        c
        for c in measured.cells
        if is_required(c, measured.facts.brought) and c.state != "prevented"
    ]
    missing = [cell for cell in required if cell.sessions < expect.min_sessions_per_combination]
    if missing:
        fewest = min(missing, key=lambda cell: cell.sessions)
        yield (
            f"{len(missing)} of {counted_noun(len(required), 'combination')} (each with each home of a "
            f"mailbox) {was(len(missing))} met by fewer than "
            f"{counted_noun(expect.min_sessions_per_combination, 'session')}; the fewest, {fewest.sessions}: {place(fewest)}."
        )


def is_required(cell: Cell, brought: bool = False) -> bool:
    """Whether a combination can be asked for: all its nodes are known (`brought`: as far as they can be)."""
    known = cell.login_front_end is not None or not login_known(cell.protocol, brought)
    return known and bool(cell.serving_front_end)


def place(cell: Cell) -> str:
    """A combination in words."""
    begun = f"begun at {cell.login_front_end}, " if cell.login_front_end else ""
    home = f", mailbox on {cell.mailbox_back_end}" if cell.mailbox_back_end else ""
    return f"{begun}served by {cell.serving_front_end}{home}"


def _too_few_telling(measured: Measured) -> Iterator[str]:
    facts, load = measured.facts, measured.load
    if facts.expect.persistence != "held" or not load.sessions:
        return
    if load.telling < facts.expect.enough:
        yield (
            f"{load.telling} of {counted_noun(load.sessions, 'session')} sent enough over enough "
            f"connections to show whether persistence is held; {facts.expect.enough} {are(facts.expect.enough)} needed."
        )


def _unattributed(measured: Measured) -> Iterator[str]:
    findings, most = measured.findings, measured.facts.expect.max_unattributed
    share = unattributed_share(findings)
    if share > most:
        answers = findings.attributed + findings.unattributed
        yield (
            f"Who answered is not known for {findings.unattributed} of {counted_noun(answers, 'answer')} "
            f"({percent(share)}); {percent(most)} are allowed."
        )
    elif doubtful := doubtful_answers(findings, measured.facts):
        answers = findings.attributed + findings.unattributed
        if (doubtful + findings.unattributed) / answers > most:
            yield (
                f"Who answered may be told wrongly for {doubtful} of {counted_noun(answers, 'answer')}: so many lines of the "
                f"balancer's log are missing. {percent(most)} are allowed."
            )


def doubtful_answers(findings: Findings, facts: RunFacts) -> int:
    """Answers whose front end was read from a log with gaps: another request's line may stand for theirs."""
    missing = facts.balancer.log_missing if facts.balancer else 0
    return min(missing, findings.witnesses.get("lb_log", 0))


def unattributed_share(findings: Findings) -> float:
    """The share of a node's answers whose front end is not known, from 0 to 1."""
    answers = findings.attributed + findings.unattributed
    return findings.unattributed / answers if answers else 0.0


def _unread_history(measured: Measured) -> Iterator[str]:
    lines = measured.facts.unread_lines
    if lines > UNREAD_LINES_OF_A_TORN_END:
        yield (
            f"{lines} lines of the history could not be read; {UNREAD_LINES_OF_A_TORN_END} is usual "
            "after a run that was cut off."
        )
    if broken := measured.facts.broken_parts:
        parts = counted_noun(broken, "part")
        are, them = ("is", "it") if broken == 1 else ("are", "them")
        yield (
            f"{parts} of the history cannot be read to the end, or {are} not there: nobody knows who was lost "
            f"in {them}."
        )
    yield from _histories_gone(measured.facts)


def _histories_gone(facts: RunFacts) -> Iterator[str]:
    """Of whom a run knows that he wrote, and what is not there any more."""
    if facts.absent:
        names, are = listed([f"{name}.jsonl" for name in facts.absent]), len(facts.absent) > 1
        yield (
            f"{names} {'are' if are else 'is'} missing from the history: nobody knows who was lost in "
            f"{'them' if are else 'it'}."
        )
    for name in facts.cut_off:
        yield (
            f"{name}.jsonl of the history stops before the load process did that wrote it: nobody knows who was "
            "lost in what is missing."
        )


def _criterion_failed(measured: Measured) -> Iterator[str]:
    yield from _criteria(measured, FAIL)


def _criterion_undecided(measured: Measured) -> Iterator[str]:
    yield from _criteria(measured, INCONCLUSIVE)


def _criteria(measured: Measured, outcome: str) -> Iterator[str]:
    for criterion in measured.decided:
        if criterion.outcome == outcome:
            yield f"{criterion.name}: {criterion.outcome}. {criterion.sentence}"


JUDGES: dict[str, Callable[[Measured], Iterator[str]]] = {
    "wrong_mailbox": _wrong_mailbox,
    "shut_out": _shut_out,
    "lost": _lost,
    "changed_front_end": _changed_front_end,
    "crashed": _crashed,
    "stopped": _stopped,
    "interrupted": _interrupted,
    "no_end": _no_end,
    "worker_died": _worker_died,
    "nothing_measured": _nothing_measured,
    "credentials_refused": _credentials_refused,
    "node_never_met": _node_never_met,
    "too_few": _too_few,
    "too_few_telling": _too_few_telling,
    "unattributed": _unattributed,
    "unread_history": _unread_history,
    "criterion_failed": _criterion_failed,
    "criterion_undecided": _criterion_undecided,
}
