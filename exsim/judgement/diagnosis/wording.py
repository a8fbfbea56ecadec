"""A diagnosis put into words: the rows that speak for and against it, with their cells and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import log

from exsim.judgement.diagnosis.hypothesis import SKEWED, Hypothesis
from exsim.judgement.diagnosis.likelihood import ALIKE, Weighed, agreement, alike
from exsim.judgement.diagnosis.rules import RULES, deciding_step
from exsim.judgement.diagnosis.trial import OUTCOMES, REFUSALS, Pool, Seen, Trial
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.words import counted_noun, listed

ROWS = 8


def diagnosis_of(rule: str, score: float, **more: object) -> Diagnosis:
    """A rule as a diagnosis; `more`: fields of Diagnosis."""
    known = RULES[rule]
    fields: dict[str, object] = {
        "decides": known.settle, "advice": known.advice, "source": known.source,
        "fault": known.fault, "sentence": known.sentence, "support": known.support,
    }  # fmt: skip
    return Diagnosis(rule=rule, name=known.name, score=round(score, 3), **(fields | more))  # type: ignore[arg-type]


def evidence(one: Hypothesis, rule: str, seen: Seen, of_run: bool) -> list[str]:
    """What was seen and this rule predicts: the refusals pair by pair, then the rest in one row."""
    rows = list(_refusals(one, seen, of_run))
    more = f"{len(rows) - ROWS} further pairs of nodes are alike."
    rows = rows[:ROWS] + ([more] if len(rows) > ROWS else [])
    return [*rows, *_served(seen, of_run), *_prints(rule, seen.pool)]


Pair = tuple[str, str]


def _refusals(one: Hypothesis, seen: Seen, of_run: bool) -> Iterator[str]:
    totals: Counter[Pair] = Counter()
    found: dict[Pair, list[Trial]] = {}
    for trial, count in seen.trials.items():
        pair = (trial.login, trial.serving)
        totals[pair] += count
        if trial.outcome in REFUSALS and agreement(one, trial):
            found.setdefault(pair, []).append(trial)
    for pair, trials in sorted(found.items()):
        yield f"{_place(pair, trials, seen)}: {_what(trials, seen, totals[pair], of_run)}."


def _place(pair: Pair, trials: Sequence[Trial], seen: Seen) -> str:
    login, serving = pair
    kind = ", public computer" if all(trial.public for trial in trials) else ""
    if login == serving:
        return f"{_named(login, seen.pool)}, its own logon{kind}"
    return f"{_named(login, seen.pool)} → {_named(serving, seen.pool)}{kind}"


def _named(node: str, pool: Pool) -> str:
    version = pool.version(node)
    return f"{node} ({version})" if version else node


def _what(trials: Sequence[Trial], seen: Seen, total: int, of_run: bool) -> str:
    outcomes = {trial.outcome for trial in trials}
    said = ", ".join(words for outcome, words in OUTCOMES.items() if outcome in outcomes)
    if not of_run:
        return said
    number = sum(seen.trials[trial] for trial in trials)
    return f"{number} of {counted_noun(total, 'session')} {said}"


def _served(seen: Seen, of_run: bool) -> Iterator[str]:
    totals: Counter[Pair] = Counter()
    refused: set[Pair] = set()
    for trial, count in seen.trials.items():
        pair = (trial.login, trial.serving)
        totals[pair] += count
        if trial.outcome in REFUSALS:
            refused.add(pair)
    clean = totals.keys() - refused
    if clean:
        of = (
            f"{len(clean)} other {'pair' if len(clean) == 1 else 'pairs'}"
            if refused
            else counted_noun(len(clean), "pair")
        )
        number = (
            f" ({counted_noun(sum(totals[pair] for pair in clean), 'session')})" if of_run else ""
        )
        own = sum(login == serving for login, serving in clean)
        which = f", {own} of them a node with its own logon" if own else ""
        yield f"{of} of nodes served{number}{which}."


def _prints(rule: str, pool: Pool) -> Iterator[str]:
    lengths = {node: length for node, length in pool.signatures.items() if length}
    if rule in ("hmac_skew", "cert_split", "stale_cert", "nothing_wrong") and lengths:
        by = {n: sorted(node for node in lengths if lengths[node] == n) for n in lengths.values()}
        yield (
            "cadataSig: "
            + "; ".join(f"{n} characters at {listed(by[n])}" for n in sorted(by))
            + "."
        )
    if rule == "clock_skew":
        off = [f"{node} {skew:+.0f} s" for node, skew in pool.skews.items() if abs(skew) > SKEWED]
        if off:
            yield f"Date differs from the other nodes': {listed(off)}."


def against(one: Hypothesis, rule: str, seen: Seen, of_run: bool) -> list[str]:
    """What was seen and this hypothesis does not predict."""
    wrong: dict[Pair, list[Trial]] = {}
    for trial in seen.trials:
        if agreement(one, trial) is False:
            wrong.setdefault((trial.login, trial.serving), []).append(trial)
    rows = []
    for pair, trials in sorted(wrong.items()):
        total = sum(seen.of_pair(*pair).values())
        rows.append(f"{_place(pair, trials, seen)}: {_what(trials, seen, total, of_run)}.")
    if rule in ("cert_split", "stale_cert") and len(set(seen.pool.signatures.values()) - {0}) > 1:
        rows.append("cadataSig differs in length between the nodes.")
    return rows[:ROWS]


def decides(rule: str, neighbours: list[str]) -> str:
    """The steps that tell a rule from those that fit as well, or from the next best."""
    steps = [deciding_step(rule, other) for other in neighbours] or [RULES[rule].settle]
    return " ".join(dict.fromkeys(steps))


def cause(
    best: Weighed, rule: str, score: float, weighed: list[Weighed], seen: Seen, of_run: bool
) -> Diagnosis:
    """One rule of the best hypothesis as a diagnosis, with its class and its rows."""
    same = [other for other in alike(best, weighed) if other not in best.hypothesis.rules]
    if len(best.hypothesis.rules) > 1:
        same = [other for other in same if _stands_for(other, rule, best, weighed)]
    following = [
        other
        for one in weighed
        for other in one.hypothesis.rules
        if other not in (*best.hypothesis.rules, "nothing_wrong", "not_known")
    ]
    return diagnosis_of(
        rule,
        score,
        evidence=evidence(best.hypothesis, rule, seen, of_run),
        against=against(best.hypothesis, rule, seen, of_run),
        alike=same,
        decides=decides(rule, same or following[:1]),
        lost=explained(best.hypothesis, seen) if of_run else 0,
    )


def explained(one: Hypothesis, seen: Seen) -> int:
    """How many refusals were to be expected under this hypothesis."""
    return sum(
        count
        for trial, count in seen.trials.items()
        if trial.outcome in REFUSALS and agreement(one, trial)
    )


def _stands_for(other: str, rule: str, best: Weighed, weighed: list[Weighed]) -> bool:
    """Whether `other` takes the place of this rule, beside the same companions."""
    companions = set(best.hypothesis.rules) - {rule}
    return any(
        set(one.hypothesis.rules) == companions | {other} and one.fit >= best.fit + log(ALIKE)
        for one in weighed
    )
