"""Two shares, told apart pair by pair, with a test that may be looked at after every pair.

The test for 2x2 tables of Turner, Ly and Grünwald (arXiv 2106.02693): after each pair its e-value is
multiplied by how much better two shares, guessed from the pairs before, explain it than one share does.
If the shares are the same, the e-value reaches 1/alpha at any time with probability alpha at most: who
looks after every pair and stops when it does lies no more often.  The interval for the difference
(arXiv 2203.09785) holds at every moment likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray

PRIOR = 0.18  # of a loss and of none, before the first pair: the authors' own (arXiv 2106.02693)
ALPHA = 0.05
STEPS = 401  # differences from -1 to 1 that the interval is made of
HALVINGS = 32  # of the interval in which the nearest equal pair of shares is looked for
EDGE = 1e-12

Shares = NDArray[np.float64]


@dataclass(slots=True)
class Guess:
    """The share lost on one side as guessed from the pairs so far: a Beta's mean."""

    lost: int = 0
    pairs: int = 0

    @property
    def share(self) -> float:
        return (self.lost + PRIOR) / (self.pairs + 2 * PRIOR)

    def add(self, lost: bool) -> None:
        self.lost += lost
        self.pairs += 1


@dataclass(slots=True)
class EProcess:
    """The test itself.  `value` after each `add`; `highest` is what decides."""

    a: Guess = field(default_factory=Guess)
    b: Guess = field(default_factory=Guess)
    growth: float = 0.0  # logarithm of the e-value
    highest_growth: float = 0.0

    def add(self, lost_a: bool, lost_b: bool) -> None:
        """One pair more: was A's session lost, was B's?"""
        share_a, share_b = self.a.share, self.b.share
        same = (share_a + share_b) / 2
        self.growth += _gain(lost_a, share_a, same) + _gain(lost_b, share_b, same)
        self.highest_growth = max(self.highest_growth, self.growth)
        self.a.add(lost_a)
        self.b.add(lost_b)

    @property
    def pairs(self) -> int:
        return self.a.pairs

    @property
    def value(self) -> float:
        """How many times better two shares explain the pairs than one."""
        return float(np.exp(min(self.growth, 700.0)))

    def decided(self, alpha: float = ALPHA) -> bool:
        """Whether the shares differ; once decided it stays so."""
        return self.highest_growth >= -log(alpha)


def _gain(lost: bool, share: float, other: float) -> float:
    return log(share / other) if lost else log((1 - share) / (1 - other))


class Differences:
    """Which differences (share lost by B less share lost by A) the pairs so far leave possible."""

    def __init__(self, alpha: float = ALPHA) -> None:
        self._limit = -log(alpha)
        self._a, self._b = Guess(), Guess()
        self._differences: Shares = np.linspace(-1.0, 1.0, STEPS)
        self._growth: Shares = np.zeros(STEPS)
        self._possible = np.ones(STEPS, dtype=bool)

    def add(self, lost_a: bool, lost_b: bool) -> None:
        """One pair more."""
        share_a, share_b = self._a.share, self._b.share
        near_a = nearest(share_a, share_b, self._differences)
        near_b = np.clip(near_a + self._differences, EDGE, 1 - EDGE)
        self._growth += log(share_a if lost_a else 1 - share_a) - np.log(
            near_a if lost_a else 1 - near_a
        )
        self._growth += log(share_b if lost_b else 1 - share_b) - np.log(
            near_b if lost_b else 1 - near_b
        )
        self._possible &= self._growth < self._limit
        self._a.add(lost_a)
        self._b.add(lost_b)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval that has held the true difference at every moment, with 1 - alpha."""
        left = self._differences[self._possible]
        if not left.size:  # as unlikely as alpha: say where the guesses are
            middle = self._b.share - self._a.share
            return middle, middle
        step = 2 / (STEPS - 1)  # what lies between two steps is not excluded with the farther one
        return max(-1.0, float(left[0]) - step), min(1.0, float(left[-1]) + step)


def nearest(share_a: float, share_b: float, differences: Shares) -> Shares:
    """For each difference the share of A at which (A, A + difference) explains the guesses best.

    The reverse information projection onto that line; found by halving, its slope only grows.
    """
    low = np.clip(-differences, 0.0, 1.0) + EDGE
    high = np.clip(1.0 - differences, 0.0, 1.0) - EDGE
    for _ in range(HALVINGS):
        middle = np.clip((low + high) / 2, EDGE, 1 - EDGE)
        other = np.clip(middle + differences, EDGE, 1 - EDGE)
        slope = (middle - share_a) / (middle * (1 - middle))
        slope = slope + (other - share_b) / (other * (1 - other))
        low, high = np.where(slope < 0, middle, low), np.where(slope < 0, high, middle)
    return np.asarray(np.clip((low + high) / 2, EDGE, 1 - EDGE), dtype=np.float64)
