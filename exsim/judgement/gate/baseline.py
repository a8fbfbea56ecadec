"""No worse than a baseline: is the share lost now at most a margin above the share lost then?

A non-inferiority question with a margin, because "no difference was found" shows nothing.  It is asked of
each protocol, and again for whatever the scenario's criteria single out.  Sessions of one account are alike,
so both samples are shrunk by what their accounts differ: one that always fails counts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exsim.judgement.bounds import Counts, design_effect, difference, effective
from exsim.judgement.facts import RunFacts
from exsim.judgement.gate.criterion import Count, Criterion, Outcome, share
from exsim.judgement.gate.lost import Trial, counts_of, name_of, trials
from exsim.judgement.matrix import Cell
from exsim.judgement.statistics import CONFIDENCE
from exsim.judgement.verdict import place
from exsim.judgement.words import counted_noun, listed
from exsim.runs.sections import LostLimit
from exsim.session.records import Session

SHOWN = 3  # combinations that are named one by one

Run = tuple[Sequence[Session], RunFacts]
Accounts = dict[str, Counts]  # account -> sessions lost, and sessions in all


def topology(facts: RunFacts, other: RunFacts) -> dict[str, str]:
    """What two runs must have alike to be compared, by the name it has in a scenario; versions that both know."""
    both = all(node.version for node in (*facts.nodes, *other.nodes))
    nodes = sorted(f"{node.name} ({node.version if both else 'unknown'})" for node in facts.nodes)
    presets = ", ".join(preset.name for preset in facts.presets)
    return {
        "rig": facts.rig,
        "nodes": ", ".join(nodes),
        "preset": presets if facts.simulated else "",
    }


def differing(now: RunFacts, base: RunFacts) -> list[str]:
    """A phrase for each key of the topology in which two runs differ."""
    mine, theirs = topology(now, base), topology(base, now)
    return [
        f"{key}: {mine[key] or 'none'}, and in the baseline {theirs[key] or 'none'}"
        for key in mine
        if mine[key] != theirs[key]
    ]


def no_worse(now: Run, base: Run) -> list[Criterion]:
    """A criterion for each protocol of either run, and one for each of the scenario's own selections."""
    expect = now[1].expect
    protocols = dict.fromkeys(session.protocol for run in (base, now) for session in run[0])
    limits = [LostLimit(max=1.0, protocol=protocol) for protocol in protocols]
    chosen = [*limits, *(one for one in expect.lost if one.login or one.serving or one.home)]
    return [_no_worse(limit, i, now, base) for i, limit in enumerate(chosen)]


def _no_worse(limit: LostLimit, index: int, now: Run, base: Run) -> Criterion:
    margin = now[1].expect.no_worse_by
    mine, theirs = (
        trials(limit, sessions, facts, steered=False) for sessions, facts in (now, base)
    )
    outcome, sentence = _compared(mine, theirs, margin, limit.confidence)
    what = name_of(limit).partition(":")[0]
    return Criterion(
        key=f"baseline[{index}]",
        name=f"{what}: no worse than the baseline, by at most {share(margin)}",
        outcome=outcome,
        sentence=sentence,
        limit=margin,
        confidence=limit.confidence,
        counts=counts_of(mine, limit.confidence),
        decided_by="sessions",
    )


def _compared(
    mine: Mapping[Trial, int], theirs: Mapping[Trial, int], margin: float, confidence: float
) -> tuple[Outcome, str]:
    """The outcome, and a sentence with the numbers of both runs."""
    if not (mine and theirs):
        where = "the baseline" if mine else "this run"
        return "inconclusive", f"In {where} no session met this; nothing is known."
    now, base = counts_of(mine, confidence), counts_of(theirs, confidence)
    alike = _alike(by_account(mine), by_account(theirs), confidence)
    low, high = difference(*alike[0], *alike[1], confidence)
    numbers = (
        f"{_told(now, 'session')}, in the baseline {_told(base)}: between {points(low)} and "
        f"{points(high)} points."
    )
    if high <= margin:
        return "pass", numbers
    if low > margin:
        return "fail", numbers
    counted = [one["sessions"].of for one in (now, base)]
    if all(round(of) == all_ for (_, of), all_ in zip(alike, counted, strict=True)):
        return "inconclusive", f"{numbers} It takes more sessions, in this run or in the baseline."
    worth = " and ".join(f"{of:.3g}" for _, of in alike)
    return "inconclusive", (
        f"{numbers} Sessions of one account are alike: these count as {worth}. It takes more accounts, or "
        "more sessions of each."
    )


def _alike(mine: Accounts, theirs: Accounts, confidence: float) -> tuple[Counts, Counts]:
    """Lost and sessions of both runs as if independent.

    Where none of a run was lost, or all, it does not show how alike its accounts' sessions are; both runs
    together may.
    """
    together = design_effect([*mine.values(), *theirs.values()])
    return effective(mine, confidence, together), effective(theirs, confidence, together)


def by_account(chosen: Mapping[Trial, int]) -> Accounts:
    """Account -> sessions lost, and sessions in all."""
    found: Accounts = {}
    for (account, lost), times in chosen.items():
        bad, of = found.get(account, (0, 0))
        found[account] = bad + times * lost, of + times
    return found


def _told(counts: Mapping[str, Count], noun: str = "") -> str:
    """ "3 of 40 sessions lost (1 of 12 accounts)"; without the nouns for the second of two."""
    sessions, accounts = counts["sessions"], counts["accounts"]
    if not noun:
        return f"{sessions.bad} of {sessions.of} ({accounts.bad} of {accounts.of})"
    return (
        f"{sessions.bad} of {counted_noun(sessions.of, noun)} lost ({accounts.bad} of "
        f"{counted_noun(accounts.of, 'account')})"
    )


def points(value: float) -> str:
    """A difference of shares, in points of a hundred: "-4.9", "+12", "+100"."""
    return f"{value * 100:+.0f}" if abs(value) >= 0.1 else f"{value * 100:+.2g}"


def still_met(now: Sequence[Cell], base: Sequence[Cell]) -> Criterion | None:
    """Whether this run met each combination that the baseline met, or the balancer prevents it now.

    None when the baseline met nothing.
    """
    met = {_key(cell): cell for cell in base if cell.sessions}
    if not met:
        return None
    mine = {_key(cell): cell for cell in now}
    gone = [
        cell
        for key, cell in met.items()
        if key not in mine or (not mine[key].sessions and mine[key].state != "prevented")
    ]
    shown = listed([f"({place(cell)})" for cell in gone[:SHOWN]])
    more = f" and {len(gone) - SHOWN} more" if len(gone) > SHOWN else ""
    return Criterion(
        key="baseline.met",
        name="What the baseline met was met again",
        outcome="inconclusive" if gone else "pass",
        sentence=f"{len(gone)} of {counted_noun(len(met), 'combination')} of the baseline not met now"
        + (f": {shown}{more}." if gone else "."),
        confidence=CONFIDENCE,
    )


def _key(cell: Cell) -> tuple[str, str | None, str, str | None]:
    return cell.protocol, cell.login_front_end, cell.serving_front_end, cell.mailbox_back_end
