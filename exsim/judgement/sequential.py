"""Whether a share is shown to lie below or above a limit, at whatever moment one looks.

A bound for a number of trials that was fixed beforehand holds at one moment; who looks after every few trials and
stops when it suits is wrong far more often.  Here the counts are asked how much better the shares on one side of
the limit explain them, all of them weighed by a Beta, than the limit itself does (Robbins' mixture).  If the share
is not on that side, this reaches 1/alpha at any time with probability alpha at most.
"""

from __future__ import annotations

from math import inf, log, log1p

PRIOR = 0.18  # of a loss and of none, as in `eprocess`


def shown(bad: int, of: int, limit: float, alpha: float) -> bool:
    """Whether `bad` of `of` trials show that the share is below `limit`, or that it is above."""
    return max(growth(bad, of, limit, below=True), growth(bad, of, limit, below=False)) >= -log(
        alpha
    )


def growth(bad: int, of: int, limit: float, *, below: bool) -> float:
    """Logarithm of how many times better a share below the limit (or above it) explains the counts."""
    if not 0 < limit < 1:
        certain = limit >= 1 if below else limit <= 0 < bad
        return inf if certain else -inf
    from scipy.special import betainc, betaln  # takes long to load; see `statistics`

    good = of - bad

    def weight(lost: float, kept: float) -> float:
        """Of the Beta's part on that side."""
        share = betainc(lost, kept, limit) if below else betainc(kept, lost, 1 - limit)
        return float(betaln(lost, kept)) + (log(share) if share > 0 else -inf)

    at_limit = bad * log(limit) + good * log1p(-limit)
    return weight(PRIOR + bad, PRIOR + good) - weight(PRIOR, PRIOR) - at_limit
