"""The results document: what a gate, a script or another tool reads of a run.

Its first keys are an interface and stay; further keys may be added.  `schema()` describes it all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from exsim.judgement.census import Census
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.facts import RunFacts
from exsim.judgement.gate.criterion import Criterion
from exsim.judgement.latency import LatencyRow
from exsim.judgement.matrix import Cell
from exsim.judgement.proof import Proof
from exsim.judgement.saturation import saturation
from exsim.judgement.statistics import upper_bound
from exsim.judgement.verdict import Verdict, unattributed_share
from exsim.session.records import Findings

FORMAT = "exsim-results/1"


class Control(msgspec.Struct, frozen=True):
    """Sessions at one node asked directly, without the balancer: evidence, never counted."""

    node: str
    sessions: int
    lost: int


class Bounds(msgspec.Struct, frozen=True):
    """One-sided 95 % upper bounds on the share lost: over sessions, and over accounts.

    The second is the honest one where the cause may follow the account.
    """

    sessions: float
    accounts: float


class GeneratorLoad(msgspec.Struct, frozen=True):
    """How the load itself did.  `lateness`: seconds behind its plan at worst; `late_looks` of its `looks` at
    the clock came 50 ms late or more; `busy`: the share of one core that its busiest process used."""

    lateness: float = 0.0
    looks: int = 0
    late_looks: int = 0
    busy: float = 0.0


class Results(msgspec.Struct, frozen=True):
    """What a run came to.  `outcome`: pass, fail, inconclusive.  `unattributed`: a share from 0 to 1.

    `sessions` and `lost` count the load's own sessions: no control and nothing steered.  `changed`: how
    many of them met a second front end.  `steered`: hazards, never part of `lost`.  `findings`: kind ->
    how often; they lost no session.  `criteria`: those of the scenario.  `saturated`: why the latencies are meaningless, or "".  `diagnosis`: what it may be, best first, inferred from sessions alone.  `identity`: own, other, stranger, silent -> answers.
    `witnesses`: how it is known who answered -> answers.
    """

    format: str
    outcome: str
    masked: bool
    reasons: list[str]
    sessions: int
    lost: int
    unattributed: float
    matrix: list[Cell]
    run: str
    sentence: str = ""
    simulated: list[str] = []
    changed: int = 0
    accounts: int = 0
    bounds: Bounds = Bounds(1.0, 1.0)
    steered: list[Cell] = []
    control: list[Control] = []
    proofs: list[Proof] = []
    latencies: list[LatencyRow] = []
    saturated: str = ""
    load: GeneratorLoad = GeneratorLoad()
    findings: dict[str, int] = {}
    wrong_mailbox: int = 0
    refused_logons: int = 0
    identity: dict[str, int] = {}
    witnesses: dict[str, int] = {}
    h2_offered: bool | None = None
    interrupted: bool = False
    stopped: str = ""
    lost_workers: list[str] = []
    criteria: list[Criterion] = []
    diagnosis: list[Diagnosis] = []


def results(
    findings: Findings,
    cells: list[Cell],
    steered: list[Cell],
    verdict: Verdict,
    facts: RunFacts,
    load: Census,
    proofs: Sequence[Proof] = (),
    latencies: Sequence[LatencyRow] = (),
) -> Results:
    """Put the document together, but for what is said of it.  `load`: the census of its sessions."""
    kinds = [finding.kind for finding in findings.findings]
    return Results(
        format=FORMAT,
        outcome=verdict.outcome,
        masked=verdict.masked,
        reasons=[reason.sentence for reason in verdict.reasons],
        sessions=load.sessions,
        lost=load.lost,
        unattributed=unattributed_share(findings),
        matrix=cells,
        run=facts.run,
        simulated=[preset.name for preset in facts.presets] if facts.simulated else [],
        changed=load.changed,
        accounts=len(load.accounts),
        bounds=bounds(load),
        steered=steered,
        control=controls(load, facts),
        proofs=list(proofs),
        latencies=list(latencies),
        saturated=saturation(facts),
        load=GeneratorLoad(facts.lateness, facts.looks, facts.late_looks, facts.busy),
        findings={kind: kinds.count(kind) for kind in sorted(set(kinds))},
        wrong_mailbox=len(findings.wrong_mailbox),
        refused_logons=findings.refused_logons,
        identity=findings.identity,
        witnesses=findings.witnesses,
        h2_offered=facts.h2_offered,
        interrupted=facts.interrupted,
        stopped=facts.stopped,
        lost_workers=list(facts.lost_workers),
    )


def bounds(load: Census) -> Bounds:
    """How large the share of lost sessions may be, given so few or many of them."""
    accounts = load.accounts.values()
    return Bounds(upper_bound(load.lost, load.sessions), upper_bound(sum(accounts), len(accounts)))


def controls(load: Census, facts: RunFacts) -> list[Control]:
    """For each node that was asked directly, in the scenario's order, what became of the sessions."""
    order = {node.name: i for i, node in enumerate(facts.nodes)}
    names = sorted(load.controls, key=lambda name: (order.get(name, len(order)), name))
    return [Control(name, *load.controls[name]) for name in names]


def encode(document: Results) -> bytes:
    """The document as JSON, in the order of its keys."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def decode(text: bytes) -> Results:
    """Read a document.  Raises msgspec.ValidationError when it is none, or of another format."""
    document = msgspec.json.decode(text, type=Results)
    if document.format != FORMAT:
        raise msgspec.ValidationError(f"format is {document.format!r}, not {FORMAT!r}")
    return document


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return msgspec.json.schema(Results)
