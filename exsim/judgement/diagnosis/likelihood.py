"""How well each hypothesis explains what was seen: its share of all explanations, from 0 to 1.

Nodes read cookies by fixed rules, so a hypothesis predicts every trial; a trial that it does not predict
counts as noise of an unknown small rate, which is integrated out.  "Not known" is the hypothesis that any
set of cells may be refused, or that every trial may be, at one rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, exp, lgamma, log

from exsim.judgement.diagnosis.hypothesis import SKEWED, Hypothesis, hypotheses
from exsim.judgement.diagnosis.rules import NOT_KNOWN, NOTHING_WRONG, RULES
from exsim.judgement.diagnosis.trial import REFUSALS, Seen, Trial

# One trial in so many may come out otherwise than the nodes' rules say.  A visit asks one thing at a time
# and waits; a run has many users at once.  Both assumed.
CALM, BUSY = 5000.0, 400.0
PAIRED = 10  # the best single hypotheses that are tried in pairs
PAIR_PENALTY = 0.02  # two faults at once, against one
VAGUE = 0.5  # the chance of an outcome that is neither predicted nor denied
REASONED = ("unreadable", "expired", "credentials")
ONE_REASON = 1 / len(REASONED)
ALIKE = 0.3  # a likelihood of at least this part of the best one's counts as equal


@dataclass(frozen=True, slots=True)
class Weighed:
    """A hypothesis with its share of the whole (`share`) and its bare likelihood (`fit`, a logarithm)."""

    hypothesis: Hypothesis
    share: float
    fit: float


def weigh(seen: Seen, noise: float) -> list[Weighed]:
    """All hypotheses, best first.  `noise`: CALM or BUSY."""
    singles = hypotheses(seen)
    fits = [(one, fit(one, seen, noise)) for one in singles]
    fits += [(one, fit(one, seen, noise)) for one in _pairs(fits)]
    unknown = Hypothesis((NOT_KNOWN,), RULES[NOT_KNOWN].weight)
    fits.append((unknown, _arbitrary(seen, noise)))
    logs = [log(one.weight) + value for one, value in fits]
    top = max(logs)
    total = sum(exp(value - top) for value in logs)
    found = [
        Weighed(one, exp(value - top) / total, bare)
        for (one, bare), value in zip(fits, logs, strict=True)
    ]
    return sorted(found, key=lambda one: -one.share)


def _pairs(fits: Sequence[tuple[Hypothesis, float]]) -> list[Hypothesis]:
    """Two causes at once, of those that alone explain most."""
    able = [pair for pair in fits if set(pair[0].rules) - {NOTHING_WRONG, "e14_no_affinity"}]
    able.sort(key=lambda pair: -pair[1])
    return [
        one.joined(other, PAIR_PENALTY * min(one.weight, other.weight))
        for (one, _), (other, _) in combinations(able[:PAIRED], 2)
        if not set(one.rules) & set(other.rules) - {"e14_no_affinity"}
    ]


def fit(one: Hypothesis, seen: Seen, noise: float) -> float:
    """The logarithm of the likelihood of what was seen."""
    total = wrong = 0
    value = 0.0
    for trial, count in seen.trials.items():
        total += count
        verdict = agreement(one, trial)
        if verdict is None:
            value += count * log(VAGUE)
        elif not verdict:
            wrong += count
    return value + _noise(wrong, total, noise) + _clocks(one, seen, noise)


def agreement(one: Hypothesis, trial: Trial) -> bool | None:
    """Whether the trial came out as predicted; None when it says neither."""
    wanted, got = one.predicts(trial), trial.outcome
    if got == "unreached":
        got = "readable"  # its cookies were read; what failed came after
    if wanted == got:
        return True
    if got == "credentials":
        return one.credentials and wanted == "readable"
    if wanted == "outlived":
        # A user's own clicks extend a session, so one that is served at that age denies nothing.
        return None if got == "readable" else got in ("expired", "refused")
    if got == "outlived":
        return wanted == "expired"
    return got == "refused" and wanted in REFUSALS


def _noise(wrong: int, total: int, noise: float) -> float:
    """The chance of `wrong` exceptions among `total`, over a rate that is Beta(1, noise)."""
    return (
        log(noise) + lgamma(wrong + 1) + lgamma(total - wrong + noise) - lgamma(total + 1 + noise)
    )


def _clocks(one: Hypothesis, seen: Seen, noise: float) -> float:
    """A Date that is far off speaks for a wrong clock by itself."""
    value = 0.0
    for node, skew in seen.pool.skews.items():
        if (abs(skew) > SKEWED) != (node in one.skewed):
            value -= log(noise)
    return value


def _arbitrary(seen: Seen, noise: float) -> float:
    """Any set of cells may be refused; or, if that is likelier, any trial, at one rate."""
    cells: dict[tuple[str, str, bool], list[int]] = {}
    for trial, count in seen.trials.items():
        sums = cells.setdefault(trial.cell, [0, 0])
        sums[0] += count * (trial.outcome in REFUSALS or trial.outcome == "odd")
        sums[1] += count
    bad = sum(2 * refused >= of for refused, of in cells.values())
    wrong = sum(min(refused, of - refused) for refused, of in cells.values())
    total = sum(of for _, of in cells.values())
    refused = sum(count for count, _ in cells.values())
    of_cells = _noise(wrong, total, noise) - log((len(cells) + 1) * comb(len(cells), bad))
    at_one_rate = lgamma(refused + 1) + lgamma(total - refused + 1) - lgamma(total + 2)
    # For whatever reason: a rule says which, and chance has to hit it once for each cell.
    reasons = {(trial.cell, trial.outcome) for trial in seen.trials if trial.outcome in REASONED}
    return max(of_cells, at_one_rate) + len({cell for cell, _ in reasons}) * log(ONE_REASON)


def shares(weighed: Sequence[Weighed]) -> dict[str, float]:
    """Rule -> the share of all explanations that it is part of, largest first."""
    found: Counter[str] = Counter()
    for one in weighed:
        for rule in one.hypothesis.rules:
            found[rule] += one.share  # type: ignore[assignment]
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def alike(best: Weighed, weighed: Sequence[Weighed]) -> list[str]:
    """The rules that explain what was seen as well as the best does, alone in its place."""
    known = {*best.hypothesis.rules, NOT_KNOWN, NOTHING_WRONG}
    found = [
        rule
        for one in weighed
        if len(one.hypothesis.rules) <= len(best.hypothesis.rules)
        and one.fit >= best.fit + log(ALIKE)
        for rule in one.hypothesis.rules
        if rule not in known
    ]
    return list(dict.fromkeys(found))
