"""Two shares of lost sessions beside each other, with the account as the cluster; exact where it can be.

Whether the difference can be chance is asked by giving the two runs' labels to the accounts in every
other way; nothing is drawn, all ways are counted (for hundreds of accounts: by their normal sum).  The interval is Newcombe's, over as many sessions as
the clustering leaves worth counting (Rao and Scott's design effect).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, sqrt
from statistics import NormalDist, fmean, variance

import numpy as np
from numpy.typing import NDArray

from exsim.judgement.statistics import CONFIDENCE, fisher

Counts = tuple[int, int]  # lost, sessions
Accounts = Mapping[str, Counts]
GRAIN = 200  # parts into which an account's share is divided, so that sums can be counted exactly
BOSCHLOO_LIMIT = 80  # sessions of one run; beyond them it takes seconds and says what Fisher's says
MANY_ACCOUNTS = 120  # of both sides; beyond them a coarser grain is enough
COUNTLESS = 300  # accounts; beyond them the ways are not counted, their sums are normal
UNPAIRED_GRAIN, COARSE_GRAIN = 40, 10


def wilson(lost: float, sessions: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's interval; `sessions` may be an effective number.  Nothing measured: (0, 1)."""
    if sessions <= 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = lost / sessions
    middle = (share + z2 / (2 * sessions)) / (1 + z2 / sessions)
    spread = share * (1 - share) / sessions + z2 / (4 * sessions**2)
    half = sqrt(z2 * spread) / (1 + z2 / sessions)
    return max(0.0, middle - half), min(1.0, middle + half)


def effective(accounts: Accounts) -> float:
    """How many independent sessions these are worth.

    Each account's own share differs from the others' by more than chance when a cause follows the
    account.  Where none or all were lost that cannot be seen, and only accounts are counted.
    """
    clusters = [counts for counts in accounts.values() if counts[1]]
    lost, sessions = total(accounts)
    if len(clusters) < 2 or lost in (0, sessions):
        return float(len(clusters))
    share = lost / sessions
    between = sum((k - share * n) ** 2 for k, n in clusters) * len(clusters) / (len(clusters) - 1)
    effect = between / (sessions * share * (1 - share))
    return min(float(sessions), max(float(len(clusters)), sessions / effect if effect else inf))


def total(accounts: Accounts) -> Counts:
    """Lost and sessions of all accounts together."""
    return sum(k for k, _ in accounts.values()), sum(n for _, n in accounts.values())


def clustered(accounts: Accounts) -> tuple[float, float]:
    """The interval of a share over as many sessions as these are worth."""
    lost, sessions = total(accounts)
    worth = effective(accounts)
    return wilson(lost / sessions * worth, worth) if sessions else (0.0, 1.0)


def newcombe(
    lost_a: float, worth_a: float, lost_b: float, worth_b: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Newcombe's hybrid score interval (his method 10) for B's share less A's."""
    if worth_a <= 0 or worth_b <= 0:
        return -1.0, 1.0
    a, b = lost_a / worth_a, lost_b / worth_b
    low_a, high_a = wilson(lost_a, worth_a, confidence)
    low_b, high_b = wilson(lost_b, worth_b, confidence)
    low = b - a - sqrt((b - low_b) ** 2 + (high_a - a) ** 2)
    high = b - a + sqrt((high_b - b) ** 2 + (a - low_a) ** 2)
    return max(-1.0, low), min(1.0, high)


def difference(a: Accounts, b: Accounts) -> tuple[float, float]:
    """The interval for B's share less A's, clustered by account."""
    worths = [(effective(one), total(one)) for one in (a, b)]
    (worth_a, (lost_a, all_a)), (worth_b, (lost_b, all_b)) = worths
    if not all_a or not all_b:
        return -1.0, 1.0
    return newcombe(lost_a / all_a * worth_a, worth_a, lost_b / all_b * worth_b, worth_b)


def chance(a: Accounts, b: Accounts) -> float:
    """How often chance alone gives so large a difference; 1 where one side measured nothing.

    The same accounts on both sides: each pair's labels are swapped or not, in all ways.  Other accounts:
    dealt out to the two sides in all ways; when each had one session only, Boschloo's exact test.
    """
    a = {name: counts for name, counts in a.items() if counts[1]}
    b = {name: counts for name, counts in b.items() if counts[1]}
    if not a or not b:
        return 1.0
    if both := _paired(a, b):
        return swapped([_share(b[name]) - _share(a[name]) for name in both])
    if all(n == 1 for _, n in (*a.values(), *b.values())):
        return independent(*total(a), *total(b))
    return dealt([_share(one) for one in a.values()], [_share(one) for one in b.values()])


def leaning(a: Accounts, b: Accounts) -> float:
    """B's share less A's as `chance` weighs it: each account counts once.  0 where one side measured nothing."""
    a = {name: counts for name, counts in a.items() if counts[1]}
    b = {name: counts for name, counts in b.items() if counts[1]}
    if not a or not b:
        return 0.0
    if both := _paired(a, b):
        return fmean(_share(b[name]) - _share(a[name]) for name in both)
    return fmean(map(_share, b.values())) - fmean(map(_share, a.values()))


def _paired(a: Accounts, b: Accounts) -> list[str]:
    """The accounts of both sides, where most are on both; else none."""
    both = [name for name in a if name in b]
    return both if len(both) * 2 > max(len(a), len(b)) else []


def _share(counts: Counts) -> float:
    return counts[0] / counts[1]


def swapped(differences: Sequence[float]) -> float:
    """The share of all ways to swap the labels that give a sum at least as far from 0; two-sided."""
    if len(differences) > COUNTLESS:
        return _normal(sum(differences), sum(one * one for one in differences))
    steps = [round(abs(one) * GRAIN) for one in differences]
    seen = abs(sum(round(one * GRAIN) for one in differences))
    reach = sum(steps)
    ways: NDArray[np.float64] = np.zeros(2 * reach + 1)
    ways[reach] = 1.0
    for step in steps:
        if step:
            ways = (np.roll(ways, step) + np.roll(ways, -step)) / 2
    sums = np.abs(np.arange(-reach, reach + 1))
    return min(1.0, float(ways[sums >= seen].sum()))


def dealt(a: Sequence[float], b: Sequence[float]) -> float:
    """The share of all ways to deal the accounts' shares to two sides that differ at least so much."""
    if len(a) + len(b) > COUNTLESS:
        return _normal(fmean(a) - fmean(b), variance((*a, *b)) * (1 / len(a) + 1 / len(b)))
    grain = COARSE_GRAIN if len(a) + len(b) > MANY_ACCOUNTS else UNPAIRED_GRAIN
    steps = [round(one * grain) for one in (*a, *b)]
    reach, count = sum(steps), len(a)
    ways: NDArray[np.float64] = np.zeros((count + 1, reach + 1))
    ways[0, 0] = 1.0
    for step in steps:
        more = np.zeros_like(ways)
        more[1:, step:] = ways[:-1, : reach + 1 - step]
        ways = (ways + more) / 2  # halved, so that nothing overflows
    of_a = np.arange(reach + 1)
    apart = np.abs(of_a / count - (reach - of_a) / len(b))
    seen = abs(sum(steps[:count]) / count - sum(steps[count:]) / len(b))
    row = ways[count]
    return min(1.0, float(row[apart >= seen - 1e-9].sum() / row.sum()))


def _normal(seen: float, spread: float) -> float:
    """How often a normal sum of this variance lies as far from 0; two-sided."""
    if not spread:
        return 1.0
    return 2 * NormalDist().cdf(-abs(seen) / sqrt(spread))


def independent(lost_a: int, sessions_a: int, lost_b: int, sessions_b: int) -> float:
    """Boschloo's exact test for independent sessions, two-sided; Fisher's where there are many."""
    if not sessions_a or not sessions_b or lost_a + lost_b in (0, sessions_a + sessions_b):
        return 1.0
    if max(sessions_a, sessions_b) > BOSCHLOO_LIMIT:
        return fisher(lost_a, sessions_a, lost_b, sessions_b)
    from scipy.stats import boschloo_exact  # takes long to load, and most verbs never ask for it

    table = [[lost_a, lost_b], [sessions_a - lost_a, sessions_b - lost_b]]
    return min(1.0, float(boschloo_exact(table, n=16).pvalue))


def holm(chances: Sequence[float]) -> list[float]:
    """Holm's correction for having asked so many questions, in the order given."""
    order = sorted(range(len(chances)), key=lambda i: chances[i])
    corrected = [0.0] * len(chances)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, chances[i] * (len(chances) - rank)))
        corrected[i] = highest
    return corrected
