"""One-sided bounds: on a share, on a share of answers that come in clusters, on a difference.

All probabilities are fractions from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from exsim.judgement.statistics import beta_quantile


def at_most(bad: float, of: float, confidence: float) -> float:
    """With `confidence` the share is below this (Clopper and Pearson); 1 where nothing was counted."""
    return 1.0 if bad >= of else beta_quantile(bad + 1, of - bad, confidence)


def at_least(bad: float, of: float, confidence: float) -> float:
    """With `confidence` the share is above this; 0 where nothing was counted."""
    return 0.0 if bad <= 0 else beta_quantile(bad, of - bad + 1, 1 - confidence)


def effective(clusters: Mapping[int, tuple[int, int]]) -> tuple[float, float]:
    """(bad, of) as if independent, for counts (bad, of) in clusters that may be alike within themselves.

    Korn and Graubard: the variance between clusters gives the design effect, and the sample shrinks by
    it.  Where none is bad, or all are, no design effect can be seen, and the counts stay as they are.  One
    cluster may be alike throughout: it counts as one.
    """
    bad, of = (sum(pair[i] for pair in clusters.values()) for i in (0, 1))
    if len(clusters) == 1:
        return bad / of, 1.0
    if not 0 < bad < of:
        return float(bad), float(of)
    mean, groups = bad / of, len(clusters)
    spread = sum((one - mean * all_) ** 2 for one, all_ in clusters.values())
    variance = groups / (groups - 1) * spread / of**2
    shrunk = of / max(1.0, variance / (mean * (1 - mean) / of))
    return mean * shrunk, shrunk


def difference(
    bad: int, of: int, base_bad: int, base_of: int, confidence: float
) -> tuple[float, float]:
    """Between what the first share minus the second lies: a lower and an upper bound, each at `confidence`.

    The two exact intervals joined by squares (Newcombe's method, with Clopper and Pearson's limits); it
    never leaves -1 to 1.
    """
    mine, base = bad / of if of else 0.0, base_bad / base_of if base_of else 0.0
    low, high = at_least(bad, of, confidence), at_most(bad, of, confidence)
    base_low = at_least(base_bad, base_of, confidence)
    base_high = at_most(base_bad, base_of, confidence)
    down = sqrt((mine - low) ** 2 + (base_high - base) ** 2)
    up = sqrt((high - mine) ** 2 + (base - base_low) ** 2)
    return mine - base - down, mine - base + up
