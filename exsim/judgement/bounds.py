"""One-sided bounds: on a share, on a share of answers that come in clusters, on a difference.

All probabilities are fractions from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import sqrt

from exsim.judgement.statistics import beta_quantile, sessions_needed

Counts = tuple[float, float]  # bad, of
LEAST = 0.51  # at a confidence of one half both of Student's quantiles are 0


def at_most(bad: float, of: float, confidence: float) -> float:
    """With `confidence` the share is below this (Clopper and Pearson); 1 where nothing was counted."""
    return 1.0 if bad >= of else beta_quantile(bad + 1, of - bad, confidence)


def at_least(bad: float, of: float, confidence: float) -> float:
    """With `confidence` the share is above this; 0 where nothing was counted."""
    return 0.0 if bad <= 0 else beta_quantile(bad, of - bad + 1, 1 - confidence)


def effective(
    clusters: Mapping[int, Counts] | Mapping[str, Counts], confidence: float, unseen: float = 1.0
) -> Counts:
    """(bad, of) as if independent, for counts (bad, of) in clusters that may be alike within themselves.

    Korn and Graubard: the sample shrinks by the design effect; and by `worth`, because few clusters tell
    that effect badly.  `unseen`: the effect where these clusters show none.  One cluster may be alike
    throughout: it counts as one.
    """
    bad, of = (sum(pair[i] for pair in clusters.values()) for i in (0, 1))
    if not of:
        return 0.0, 0.0
    if len(clusters) == 1:
        return bad / of, 1.0
    each = worth(of, len(clusters), confidence) / design_effect(clusters.values(), unseen)
    return bad * each, of * each


def design_effect(clusters: Collection[Counts], unseen: float = 1.0) -> float:
    """The variance between clusters over that of independent counts; not below 1.

    Where none is bad, or all are, or there is but one cluster, it cannot be seen: `unseen`.
    """
    bad, of, groups = sum(k for k, _ in clusters), sum(n for _, n in clusters), len(clusters)
    if not 0 < bad < of or groups == 1:
        return unseen
    mean = bad / of
    spread = sum((one - mean * all_) ** 2 for one, all_ in clusters)
    variance = groups / (groups - 1) * spread / of**2
    return max(1.0, variance / (mean * (1 - mean) / of))


def worth(of: float, clusters: int, confidence: float) -> float:
    """What one of `of` counts for that come in so few clusters: 1 where each is a cluster of its own.

    Korn and Graubard's correction for the degrees of freedom: Student's quantiles for both, squared.
    `clusters` from 2.
    """
    if clusters >= of:
        return 1.0
    from scipy.special import stdtrit  # as in statistics: half of the verbs never ask for it

    level = max(confidence, LEAST)
    return float(stdtrit(of - 1, level) / stdtrit(clusters - 1, level)) ** 2


def needed(limit: float, bad: int, clusters: int, confidence: float) -> int:
    """The fewest of so many clusters, `bad` of them bad and no cluster worse than another, to show less than `limit`."""

    def shown(of: int) -> bool:
        each = worth(of, min(clusters, of), confidence)
        return at_most(bad * each, of * each, confidence) <= limit

    high = sessions_needed(limit, bad, confidence)
    low = high - 1
    while not shown(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def difference(
    bad: float, of: float, base_bad: float, base_of: float, confidence: float
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
