"""What the losses are not, and what they may be: hedged sentences, each saying how it is known.

No score and no "explained": a simulated organisation shows what was put into it, and a real one is decided
by looking at its certificates and builds.
"""

from __future__ import annotations

from collections.abc import Iterator

from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import lost_by_itself
from exsim.judgement.results import accounts
from exsim.judgement.sentence import shapes_of
from exsim.judgement.shape import Shape
from exsim.judgement.words import counted_noun, percent
from exsim.wire.names import VERSIONS

# Kind of shape -> what is known to look so, and how that is known.
KNOWN_CAUSES = {
    "away": (
        "Each node opens only the logon cookies that it sealed itself: Exchange 2010 by design "
        "(bb123719), later versions when their nodes do not share a certificate (CERT13).",
    ),
    "split": (
        "The two sides seal the logon cookie with different certificates, or sign it differently: "
        "nodes with and without the July 2021 update do (KB5005341).",
    ),
    "everywhere": (
        "It does not depend on the pair of nodes: look at time-outs, passwords, clocks, and at what "
        "stands between users and balancer.",
    ),
    "scattered": ("No rule is seen in the pairs of nodes; a race or a node that comes and goes.",),
}
ONE_WAY = (
    "{newer} may seal its logon cookie with a certificate that {older} does not read, while {older}'s "
    "is read by both (inferred from later builds; not documented for these)."
)
ONE_NODE = (
    "{node} cannot open logon cookies: a private key it may not use to decrypt (CNG, KB3032024), another "
    "certificate, or a worker process that still holds the old one (CERT13)."
)


def not_it(judgement: Judgement) -> list[str]:
    """What the evidence rules out."""
    return list(_ruled_out(judgement))


def _ruled_out(judgement: Judgement) -> Iterator[str]:
    alive = [proof for proof in judgement.proofs if proof.alive]
    if alive:
        of = sum(len(proof.lines) > 1 for proof in judgement.proofs)
        yield (
            f"Not expiry and not the password: a copy of the same cookies was served right after, "
            f"{len(alive)} of {counted_noun(of, 'time')} it was tried."
        )
    control = judgement.results.control
    lost, sessions = sum(c.lost for c in control), sum(c.sessions for c in control)
    if sessions and not lost:
        yield f"Not a node by itself: asked directly, 0 of {sessions} sessions were lost."
    losing = judgement.results.lost
    if losing and any(
        "made no difference" in s and "Where" in s for v in judgement.views for s in v.sentences
    ):
        yield "Not the mailbox server: where the mailbox lives made no difference."


def may_be(judgement: Judgement) -> list[str]:
    """What it may be.  In a lab the cause is the preset's, and is named first."""
    presets = judgement.facts.presets if judgement.facts.simulated else ()
    known = [
        f"Here it is known, because it was put in: {p.name}. {p.sentence}".strip() for p in presets
    ]
    document = judgement.results
    counted_losses = any(cell.lost for cell in document.matrix)
    cells = document.matrix if counted_losses else [*document.matrix, *document.steered]
    shapes = shapes_of(cells, judgement.facts)
    return [
        *known,
        *(sentence for found in shapes.values() for sentence in causes(found, judgement)),
    ]


def causes(found: Shape, judgement: Judgement) -> tuple[str, ...]:
    """What is known to look like this shape."""
    if found.kind != "product":
        return KNOWN_CAUSES[found.kind]
    facts = judgement.facts
    newer = {facts.version_of(row) for row, _ in found.pairs}
    older = {facts.version_of(column) for _, column in found.pairs}
    if len(newer) == len(older) == 1 and "" not in newer | older:
        above, below = newer.pop(), older.pop()
        if VERSIONS.index(above) > VERSIONS.index(below):
            return (ONE_WAY.format(newer=above, older=below),)
    columns = {column for _, column in found.pairs}
    if len(columns) == 1 and any(row == column for row, column in found.pairs):
        return (ONE_NODE.format(node=columns.pop()),)
    return KNOWN_CAUSES["split"]


def how_many(judgement: Judgement) -> list[str]:
    """How many of the load's own sessions it hit, and what steered ones do not say."""
    document = judgement.results
    load = [session for session in judgement.findings.sessions if lost_by_itself(session)]
    sentences = []
    if document.sessions:
        of = counted_noun(document.sessions, "session")
        share = percent(document.lost / document.sessions)
        hit = counted_noun(document.accounts, "account")
        sentences.append(
            f"{document.lost} of {of} of this load were lost ({share}); {len(accounts(load))} of {hit} "
            "had one."
            if document.lost
            else f"None in this run: 0 of {of} of this load were lost."
        )
    if document.steered:
        sentences.append(
            "Steered sessions say what happens at a meeting, not how many users come to it."
        )
    return sentences
