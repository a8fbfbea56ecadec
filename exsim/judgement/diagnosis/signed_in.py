"""What the losses and findings of protocols that sign in by HTTP speak for, by what was seen alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from exsim.judgement import shut_out
from exsim.judgement.diagnosis.rules import RULES, deciding_step
from exsim.judgement.diagnosis.wording import diagnosis_of
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.facts import RunFacts
from exsim.judgement.words import counted_noun, listed, protocol_name
from exsim.session.identified import COOKIE_PROTOCOLS
from exsim.session.meaning import Sign
from exsim.session.records import Finding, Findings, Session, ShutOut

# Kind of finding -> the rule that it names, and how it is told.
TELLING = {
    "lb_timeout": ("poll_cut", "Cut by the balancer"),
    "truncated": ("poll_cut", "Broken off"),
    "lb_no_body": ("body_awaited", "408 by the balancer"),
    "lb_too_large": ("body_limit", "413 by the balancer"),
    "slow_pieces": ("pieces_delayed", "Pieces some 200 ms apart"),
    "state_lost": ("device_state_gone", "Begun anew"),
    "cookies_missing": ("cookies_stripped", "Without its cookies"),
    "out_of_sequence": ("request_repeated", "Out of sequence"),
    "unreadable": ("not_the_protocol", "Not an answer of the protocol"),
}
# Sign of an incident -> the rule that it names.
LOST = {
    Sign.UNBOUND.value: "connection_unbound",
    Sign.CONTEXT_LOST.value: "context_gone",
}
SURE, LIKELY = 0.9, 0.7
PROTECTED = {"2019", "se"}  # whose later builds have Extended Protection on by default (EP)
Losses = Counter[tuple[str, str | None]]  # protocol, and the front end that refused


@dataclass(frozen=True, slots=True)
class _Told:
    """One strand of evidence for a rule: a sentence, how many sessions it cost."""

    rule: str
    sentence: str
    score: float = SURE
    lost: int = 0
    alike: tuple[str, ...] = ()  # rules that explain it as well


def diagnose_signed_in(findings: Findings, facts: RunFacts) -> Iterator[Diagnosis]:
    """One diagnosis a rule, each with every strand that speaks for it."""
    strands = [
        *_crossed(findings), *_barred(findings, facts), *_lost(findings), *_seen(findings, facts)
    ]  # fmt: skip
    for rule in dict.fromkeys(one.rule for one in strands):
        mine = [one for one in strands if one.rule == rule]
        alike = list(dict.fromkeys(other for one in mine for other in one.alike))
        yield diagnosis_of(
            rule,
            max(one.score for one in mine),
            evidence=[one.sentence for one in mine],
            alike=alike,
            decides=" ".join(deciding_step(rule, other) for other in alike) or RULES[rule].settle,
            lost=sum(one.lost for one in mine),
        )


def _crossed(findings: Findings) -> Iterator[_Told]:
    """Another identity where no cookie bears one."""
    told = findings.strangers.get("told", 0)
    if told:
        asked = findings.strangers.get("answers", 0)
        yield _Told(
            "connection_shared",
            f"{told} of {counted_noun(asked, 'answer')} to clients without credentials named a mailbox.",
        )
    others = Counter(
        protocol_name(one.protocol)
        for one in findings.wrong_mailbox
        if one.protocol not in COOKIE_PROTOCOLS and not one.detail.startswith("to a client")
    )
    for name, count in others.items():
        yield _Told(
            "connection_shared",
            f"{name}: {counted_noun(count, 'answer')} named another account than the request's.",
        )


def _barred(findings: Findings, facts: RunFacts) -> Iterator[_Told]:
    """Clients that were never let in."""
    sure = shut_out.sure(findings, facts)
    unsure = shut_out.unsure(findings, facts)
    for ones, score in ((sure, SURE), (unsure, 0.5)):
        broken = [one for one in ones if shut_out.ntlm_broken(one)]
        for protocol in dict.fromkeys(one.protocol for one in broken):
            yield _legs([one for one in broken if one.protocol == protocol], facts, score)
        apart = [one for one in ones if one.sign == Sign.CONTEXT_LOST.value]
        if apart:
            yield _Told(
                "channels_apart",
                f"{counted_noun(len(apart), 'client')} waited in vain for C2.",
                score,
            )
    hung = [one for one in sure if one.sign == Sign.NO_ANSWER.value and one.protocol == "outlook_anywhere"]  # fmt: skip
    if hung:
        yield _Told(
            "body_awaited",
            f"The channels of {counted_noun(len(hung), 'client')} were opened and never answered.",
            LIKELY,
        )


def _legs(mine: Sequence[ShutOut], facts: RunFacts, score: float) -> _Told:
    """Last legs of NTLM that were refused; one that went to another node than the first cannot be its client's.

    One that did not may still have come on another connection: HAProxy keeps to the server of a 401 (measured),
    also where it opens a connection for each request.
    """
    told = (
        f"{protocol_name(mine[0].protocol)}: the last leg of NTLM was refused each time, "
        f"{counted_noun(len(mine), 'client')}"
    )
    if any(one.moved for one in mine):
        return _Told("ntlm_broken", f"{told}; it reached another node than the first.", score)
    told += ", by the node that had challenged." if shut_out.legs_stayed(mine) else "."
    first, second = "ntlm_broken", "channel_binding"
    if not facts.simulated and PROTECTED & {node.version for node in facts.nodes}:
        first, second = second, first
    return _Told(first, told, min(score, LIKELY), 0, (second,))


def _lost(findings: Findings) -> Iterator[_Told]:
    lost: defaultdict[str, Losses] = defaultdict(Counter)
    for one in findings.sessions:
        if one.incident and not one.control and one.protocol not in COOKIE_PROTOCOLS:
            lost[one.incident.sign][one.protocol, one.incident.front_end] += 1
    for sign, rule in LOST.items():
        if ones := lost.get(sign):
            yield _Told(rule, f"{_by_protocol(ones)}, at {_places(ones)}.", SURE, ones.total())
    if refused := lost.get(Sign.UNAUTHORIZED.value):
        yield _refused(refused, findings.sessions)


def _refused(refused: Losses, sessions: Iterable[Session]) -> _Told:
    """Complete credentials refused within a session: by one node alone, or wherever it went."""
    at = {front_end for _, front_end in refused if front_end}
    served = {m.front_end for s in sessions for m in s.meetings if not m.lost}
    told = f"{_by_protocol(refused)}, at {_places(refused)}."
    if at and not at & served:
        others = f" {listed(sorted(served))} accepted." if served else ""
        return _Told("refused_here", told + others, SURE, refused.total())
    return _Told("ntlm_broken", told, 0.5, refused.total())


def _by_protocol(losses: Losses) -> str:
    counts: Counter[str] = Counter()
    for (protocol, _), count in losses.items():
        counts[protocol] += count
    return ", ".join(
        f"{counted_noun(count, f'{protocol_name(name)} session')}" for name, count in counts.items()
    )


def _places(losses: Losses) -> str:
    return listed(sorted({front_end or "a node that is not known" for _, front_end in losses}))


def _seen(findings: Findings, facts: RunFacts) -> Iterator[_Told]:
    """What went wrong without costing a session."""
    balancer = facts.balancer.log_findings if facts.balancer else ()
    for kind, (rule, what) in TELLING.items():
        ones = [
            one
            for one in findings.findings
            if one.kind == kind and one.protocol not in COOKIE_PROTOCOLS
        ]
        if not ones:
            continue
        yield _Told(rule, f"{what}: {_steps(ones)}.")
        if rule == "poll_cut":
            cuts = [line for line in balancer if " was cut " in line]
            balancer = ()  # said once
            yield from (_Told(rule, f"The balancer's log: {line}.") for line in cuts)


def _steps(ones: Iterable[Finding]) -> str:
    counts = Counter((one.step, one.detail) for one in ones)
    shown = [
        f"{step or 'a request'} ({detail}, {counted_noun(count, 'time')})" if detail
        else f"{step or 'a request'} ({counted_noun(count, 'time')})"
        for (step, detail), count in counts.most_common(4)
    ]  # fmt: skip
    left = len(counts) - len(shown)
    return listed(shown) + (f" and {left} more" if left else "")
