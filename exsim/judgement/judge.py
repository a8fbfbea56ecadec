"""From findings and facts to everything that a report needs, in one value."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec

from exsim.judgement.census import census
from exsim.judgement.collapse import Collapsed, collapse
from exsim.judgement.diagnosis import diagnose_run
from exsim.judgement.facts import RunFacts
from exsim.judgement.gate.criteria import criteria
from exsim.judgement.gate.criterion import Criterion
from exsim.judgement.gate.pace import Pace
from exsim.judgement.latency import LatencyRow
from exsim.judgement.matrix import lost_by_itself, matrices
from exsim.judgement.proof import Proof, proof
from exsim.judgement.results import Results, results
from exsim.judgement.sentence import Statement, statement
from exsim.judgement.story import Story, story
from exsim.judgement.verdict import Verdict, verdict
from exsim.session.hop import Hop
from exsim.session.records import Findings, Session

_Candidate = tuple[bool, float, int, Session]  # steered, when it was lost, its place among all
PROOFS_OF_A_COMBINATION = 3
STORIES = 12


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged run."""

    findings: Findings
    facts: RunFacts
    verdict: Verdict
    results: Results
    statement: Statement
    views: tuple[Collapsed, ...]
    steered_views: tuple[Collapsed, ...]
    proofs: tuple[Proof, ...]
    stories: tuple[Story, ...]
    criteria: tuple[Criterion, ...] = ()


def judge(
    findings: Findings,
    facts: RunFacts,
    hops: Mapping[int, Sequence[Hop]] | None = None,
    latencies: Sequence[LatencyRow] = (),
    paces: Sequence[Pace] = (),
) -> Judgement:
    """Judge a run.

    `hops`: user -> hops in order of arrival, for the users of `sessions_to_tell`: those of these sessions, their
    aftermath and the control hops; without them there are no proofs and no stories.  `paces`: what was counted for the scenario's latency limits.
    """
    told = sessions_to_tell(findings)
    known = hops or {}
    proofs = [p for s in told if s.incident and (p := proof(s.incident, known.get(s.user, ())))]
    stories = [found for s in told if (found := story(s, known.get(s.user, ())))]
    cells, steered = matrices(findings.sessions, facts)
    decided = criteria(findings, facts, paces)
    load = census(findings.sessions, facts)
    judged = verdict(findings, cells, steered, facts, load, decided)
    document = results(findings, cells, steered, judged, facts, load, proofs, latencies)
    said = statement(document, judged, findings, facts)
    causes = diagnose_run(findings, facts)
    document = msgspec.structs.replace(document, sentence=said.text, diagnosis=causes)
    document = msgspec.structs.replace(document, criteria=decided)
    return Judgement(
        findings=findings,
        facts=facts,
        verdict=judged,
        results=document,
        statement=said,
        views=tuple(collapse(cells, facts)),
        steered_views=tuple(collapse(steered, facts)),
        proofs=tuple(proofs),
        stories=tuple(stories),
        criteria=tuple(decided),
    )


def sessions_to_tell(findings: Findings) -> list[Session]:
    """The lost sessions worth telling: the first few of each combination, those with losses of their own
    before steered ones, in order of time."""
    first: defaultdict[tuple[str | None, str | None], list[_Candidate]] = defaultdict(list)
    for number, session in enumerate(findings.sessions):
        incident = session.incident
        if incident is not None and not session.control:
            found = first[session.login_front_end, incident.front_end]
            insort(found, (not lost_by_itself(session), incident.t, number, session))
            del found[PROOFS_OF_A_COMBINATION:]
    return [session for *_, session in sorted(chain(*first.values()))[:STORIES]]
