"""All criteria of one run's `[expect]`, decided."""

from __future__ import annotations

from collections.abc import Sequence

from exsim.judgement.facts import RunFacts
from exsim.judgement.gate import lost, pace
from exsim.judgement.gate.criterion import Count, Criterion, Outcome
from exsim.judgement.gate.pace import Pace
from exsim.judgement.saturation import saturation
from exsim.judgement.statistics import CONFIDENCE, upper_bound
from exsim.judgement.words import counted_noun, say
from exsim.session.records import Findings


def criteria(findings: Findings, facts: RunFacts, paces: Sequence[Pace] = ()) -> list[Criterion]:
    """Each criterion of the scenario with its outcome, in the scenario's order."""
    expect = facts.expect
    found = [
        lost.decide(limit, f"expect.lost[{i}]", findings.sessions, facts)
        for i, limit in enumerate(expect.lost)
    ]
    doubt = saturation(facts)
    found += [pace.decide(one, f"expect.latency[{i}]", doubt) for i, one in enumerate(paces)]
    if expect.wrong_mailbox is not None:
        found.append(_wrong_mailbox(findings))
    return found


def _wrong_mailbox(findings: Findings) -> Criterion:
    """No answer may be another user's, and some must have said whose they are."""
    wrong = len(findings.wrong_mailbox)
    own, silent = findings.identity.get("own", 0), findings.identity.get("silent", 0)
    count = Count(wrong, own + wrong, upper_bound(wrong, own + wrong) if own + wrong else 1.0)
    words = (
        f"{wrong} of {counted_noun(count.of, 'answer')} that {say(count.of)} whose they are came from another user's "
        f"mailbox; {silent} {say(silent)} nothing."
    )
    outcome: Outcome = "fail" if wrong else "pass" if own else "inconclusive"
    return Criterion(
        key="expect.wrong_mailbox",
        name="No answer from another user's mailbox",
        outcome=outcome,
        sentence=words
        if count.of
        else f"No answer said whose it is ({silent} {say(silent)} nothing).",
        limit=0.0,
        confidence=CONFIDENCE,
        counts={"answers": count},
        decided_by="answers",
    )
