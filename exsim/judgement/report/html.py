"""The report as one HTML file that opens offline: verdict, where, proof; everything else below the fold."""

from __future__ import annotations

from exsim.judgement.also_seen import finding_lines
from exsim.judgement.collapse import Pool
from exsim.judgement.diagnosis import blame, class_sentence, documents
from exsim.judgement.judge import Judgement
from exsim.judgement.possibility import how_many, not_it
from exsim.judgement.proof import best
from exsim.judgement.remark import (
    MAY_MATTER,
    about,
    control_sentence,
    h2_sentence,
    not_covered,
    remarks,
    spread_sentence,
)
from exsim.judgement.report.chart import chart
from exsim.judgement.report.page import PAGE
from exsim.judgement.report.style import STYLE
from exsim.judgement.report.template import PageTemplate
from exsim.judgement.sentence import has_login, simulated_line
from exsim.judgement.story import MARKS
from exsim.judgement.verdict import FAIL, PASS
from exsim.judgement.words import between, clock, latency, pause, protocol_name, shortened

CELL_WORDS = {
    "lost": "LOST",
    "kept": "kept",
    "prevented": "prevented",
    "not_exercised": "not met",
    "too_few": "too few to say",
}


def render(judgement: Judgement) -> str:
    """The whole page.  Whatever a server sent is escaped; there is no script, and none may run."""
    facts, said = judgement.facts, judgement.statement
    changes = facts.balancer.changes if facts.balancer else ()
    lost = any(cell.lost for cell in (*judgement.results.matrix, *judgement.results.steered))
    return _PAGE.render(
        facts=facts,
        simulated=simulated_line(facts),
        said=said,
        tone=tone(judgement),
        about=[*about(judgement), *when(judgement)],
        h2=h2_sentence(judgement),
        views=judgement.views,
        steered=judgement.steered_views,
        control=control_sentence(judgement),
        spread=spread_sentence(judgement),
        proof=best(judgement.proofs),
        not_it=not_it(judgement) if lost else [],
        diagnosis=judgement.results.diagnosis,
        how_many=how_many(judgement) if lost else [],
        remarks=remarks(judgement),
        not_covered=not_covered(judgement),
        reasons=judgement.verdict.reasons,
        chart=chart(judgement.findings.sessions, facts.lasted or facts.duration),
        latencies=judgement.results.latencies,
        stories=judgement.stories,
        untold=max(0, judgement.results.lost - len(judgement.stories)),
        findings=finding_lines(judgement),
        balancer=facts.balancer,
        weighty=[one for one in changes if MAY_MATTER in one],
        harmless=[one for one in changes if MAY_MATTER not in one],
    )


def tone(judgement: Judgement) -> str:
    """The class of the verdict's frame; the word stands beside it."""
    if judgement.verdict.outcome == FAIL:
        return "fail"
    return (
        "pass" if judgement.verdict.outcome == PASS and not judgement.verdict.masked else "unsure"
    )


def when(judgement: Judgement) -> list[str]:
    """Address and time, as far as they are known."""
    facts = judgement.facts
    place = f"balancer at {facts.address}" if facts.address else ""
    started = facts.started.replace("T", " ").partition(".")[0].rstrip("Z")
    span = f"{started} to {clock(facts.ended).partition('.')[0]} UTC" if facts.ended else started
    return [part for part in (place, span) if part]


def shade(pool: Pool | None) -> str:
    """The class of a cell: its state, or "all" where every session was lost."""
    if pool is None:
        return "not_exercised"
    return "all" if pool.lost and pool.lost == pool.sessions else pool.state


def word(pool: Pool | None) -> str:
    """What a cell says beside its numbers."""
    return CELL_WORDS[pool.state if pool else "not_exercised"]


def hint(pool: Pool | None) -> str:
    """The exact interval, for who points at a cell."""
    if pool is None or not pool.sessions:
        return "no session met this"
    return f"{pool.lost} of {pool.sessions}; at 95 %: {between(*pool.interval)}"


_PAGE = PageTemplate(
    PAGE,
    STYLE,
    {
        "has_login": has_login,
        "shade": shade,
        "hint": hint,
        "word": word,
        "clock": clock,
        "latency": latency,
        "pause": pause,
        "shortened": shortened,
        "marks": MARKS,
        "blame": blame,
        "class_sentence": class_sentence,
        "documents": documents,
    },
    {"protocol_name": protocol_name},
)
