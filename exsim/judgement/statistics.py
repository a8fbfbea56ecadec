"""The arithmetic of small numbers: exact intervals, how many sessions a claim needs, exact tests.

All probabilities are fractions from 0 to 1.  The unit is the session at its first meeting with a front
end, or the account; never the request.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

CONFIDENCE = 0.95
LIMITS = (0.05, 0.02, 0.01, 0.005, 0.001)


@lru_cache(maxsize=4096)
def interval(lost: int, sessions: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper and Pearson's exact two-sided interval for the share `lost` of `sessions`.

    No sessions: (0, 1), nothing is known.  Raises ValueError when more were lost than there were.
    """
    _check(lost, sessions)
    tail = (1 - confidence) / 2
    low = 0.0 if lost == 0 else beta_quantile(lost, sessions - lost + 1, tail)
    high = 1.0 if lost == sessions else beta_quantile(lost + 1, sessions - lost, 1 - tail)
    return low, high


@lru_cache(maxsize=4096)
def upper_bound(lost: int, sessions: int, confidence: float = CONFIDENCE) -> float:
    """One-sided exact bound: with `confidence`, fewer than this share are lost.

    Also the bound over accounts, when the account is what is counted: a cause that follows the account
    shows once for each account, however many sessions it begins.
    """
    _check(lost, sessions)
    if lost == sessions:
        return 1.0
    return beta_quantile(lost + 1, sessions - lost, confidence)


def beta_quantile(a: float, b: float, share: float) -> float:
    """Below what a variable of the beta distribution with `a` and `b` lies with the probability `share`."""
    from scipy.special import (
        betaincinv,
    )  # takes long to load, and half of the verbs never ask for it

    return float(betaincinv(a, b, share))


def sessions_needed(limit: float, lost: int = 0, confidence: float = CONFIDENCE) -> int:
    """The fewest sessions, `lost` of them lost, after which the loss is known to be below `limit`."""
    low, high = lost, lost + 1
    while upper_bound(lost, high, confidence) > limit:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if upper_bound(lost, middle, confidence) > limit:
            low = middle
        else:
            high = middle
    return high


def plan(limits: tuple[float, ...] = LIMITS) -> dict[float, tuple[int, int]]:
    """For each limit the sessions needed with none lost, and with one."""
    return {limit: (sessions_needed(limit), sessions_needed(limit, 1)) for limit in limits}


def fisher(lost: int, sessions: int, other_lost: int, other_sessions: int) -> float:
    """Fisher's exact test, two-sided: how surprising the two shares are if there is no difference."""
    _check(lost, sessions)
    _check(other_lost, other_sessions)
    everything, all_lost = sessions + other_sessions, lost + other_lost

    def ways(x: int) -> int:
        return comb(sessions, x) * comb(other_sessions, all_lost - x)

    observed = ways(lost)
    possible = range(max(0, all_lost - other_sessions), min(all_lost, sessions) + 1)
    as_rare = sum(w for w in map(ways, possible) if w <= observed)
    return as_rare / comb(everything, all_lost)


def _check(lost: int, sessions: int) -> None:
    if not 0 <= lost <= sessions:
        raise ValueError(f"{lost} lost of {sessions} sessions is not possible")
