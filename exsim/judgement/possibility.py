"""What the losses are not, what they may be, and how many users it hits: sentences for a report.

Never "explained": a simulated organisation shows what was put into it, and a real one is decided by looking
at its certificates and builds.
"""

from __future__ import annotations

from collections.abc import Iterator

from exsim.judgement.census import account_of
from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import lost_by_itself
from exsim.judgement.proof import Proof
from exsim.judgement.words import counted_noun, percent, was


def not_it(judgement: Judgement) -> list[str]:
    """What the evidence rules out."""
    return list(_ruled_out(judgement))


def _ruled_out(judgement: Judgement) -> Iterator[str]:
    tried = [proof for proof in judgement.proofs if _tried(proof)]
    alive = sum(proof.alive for proof in tried)
    if alive:
        times = f"{alive} of {counted_noun(len(tried), 'time')} it was tried"
        yield (
            "Not expiry and not the password: a copy of the same cookies was served right after, "
            f"{times}."
            if alive == len(tried)
            else f"Not always expiry or the password: {times} a copy of the same cookies was served right after."
        )
    control = judgement.results.control
    lost, sessions = sum(c.lost for c in control), sum(c.sessions for c in control)
    if sessions and not lost and _culprits(judgement) <= {c.node for c in control}:
        yield f"Not a node by itself: asked directly, 0 of {counted_noun(sessions, 'session')} were lost."
    losing = [view for view in judgement.views if view.lost]
    if losing and all(view.any_home for view in losing):
        yield "Not the mailbox server: where the mailbox lives made no difference."


def _tried(proof: Proof) -> bool:
    """Whether another node than the culprit said whether a copy of the cookies is good."""
    return any(line.alive or line.refused for line in proof.lines if line.node != proof.culprit)


def _culprits(judgement: Judgement) -> set[str | None]:
    """The nodes that lost a session of the load's own; None where one of them is not known."""
    lost = (one.incident for one in judgement.findings.sessions if lost_by_itself(one))
    return {incident.front_end for incident in lost if incident is not None}


def how_many(judgement: Judgement) -> list[str]:
    """How many of the load's own sessions it hit, and what steered ones do not say."""
    document = judgement.results
    lost = {account_of(one) for one in judgement.findings.sessions if lost_by_itself(one)}
    sentences = []
    if document.sessions:
        of = counted_noun(document.sessions, "session")
        share = percent(document.lost / document.sessions)
        hit = counted_noun(document.accounts, "account")
        sentences.append(
            f"{document.lost} of {of} of this load {was(document.lost)} lost ({share}); {len(lost)} of {hit} "
            "had one."
            if document.lost
            else f"None in this run: 0 of {of} of this load were lost."
        )
    if document.steered:
        sentences.append(
            "Steered sessions say what happens at a meeting, not how many users come to it."
        )
    return sentences
