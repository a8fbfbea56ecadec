"""How often the test behind `exsim ab` cries wolf, and how many pairs it needs: `python -m tests.bench.ab`.

Simulated pairs, looked at after every one.  `--experiments 1000` A/A experiments for each share; the
pairs needed are compared with the known figures.  Ends with 1 when one of them is missed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from exsim.judgement.eprocess import ALPHA, PRIOR

EXPERIMENTS, PAIRS = 1000, 4000
LONGEST_AA = 400
MOST_ALARMS = 0.06
CLOSE = 0.15
# share lost by A, by B -> pairs at which half of the experiments, and nine of ten, are decided
KNOWN = {
    (0.9, 0.0): (4, 8),
    (0.5, 0.0): (12, 17),
    (0.3, 0.01): (22, 42),
    (0.1, 0.0): (61, 93),
    (0.05, 0.0): (119, 186),
    (0.05, 0.01): (258, 630),
}
PROMISED = ((0.5, 0.0), (0.1, 0.0), (0.05, 0.01))  # within 15 %; the others are printed beside them
SHARES = (0.01, 0.05, 0.2, 0.5, 0.8)


def stops(share_a: float, share_b: float, experiments: int, pairs: int, seed: int) -> np.ndarray:
    """At which pair each experiment was decided; 0 for never.  All experiments go on side by side."""
    dice = np.random.default_rng(seed)
    lost = np.zeros((2, experiments))
    growth = np.zeros(experiments)
    stopped = np.zeros(experiments, dtype=int)
    for pair in range(pairs):
        share = (lost + PRIOR) / (pair + 2 * PRIOR)
        same = share.mean(axis=0)
        fell = dice.random((2, experiments)) < np.array([[share_a], [share_b]])
        growth += np.where(fell, np.log(share / same), np.log((1 - share) / (1 - same))).sum(axis=0)
        lost += fell
        stopped[(stopped == 0) & (growth >= -np.log(ALPHA))] = pair + 1
        if stopped.all():
            break
    return stopped


@dataclass(frozen=True)
class Needed:
    """Pairs until half of the experiments, and nine of ten, were decided."""

    half: float
    most: float

    def close_to(self, known: tuple[int, int]) -> bool:
        """Within 15 %, or one pair where that is less than one."""
        return all(
            abs(mine - theirs) <= max(CLOSE * theirs, 1.0)
            for mine, theirs in zip((self.half, self.most), known, strict=True)
        )


def needed(share_a: float, share_b: float, experiments: int, seed: int = 7) -> Needed:
    """The pairs needed to tell two shares apart."""
    stopped = stops(share_a, share_b, experiments, PAIRS, seed).astype(float)
    stopped[stopped == 0] = np.inf
    half, most = np.quantile(stopped, [0.5, 0.9], method="higher")
    return Needed(float(half), float(most))


def alarms(share: float, experiments: int, pairs: int = LONGEST_AA, seed: int = 11) -> float:
    """The share of A/A experiments in which a difference was cried that is not there."""
    return float((stops(share, share, experiments, pairs, seed) > 0).mean())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS)
    count = parser.parse_args(arguments).experiments
    good = True
    print(f"A/A, {count} experiments of {LONGEST_AA} pairs each, looked at after every pair:")
    for share in SHARES:
        found = alarms(share, count)
        good &= found <= MOST_ALARMS
        print(f"  both lose {share:4.0%}   false alarms {found:6.1%}   at most {MOST_ALARMS:.0%}")
    print("Pairs needed, half / nine of ten of the experiments:")
    for (share_a, share_b), known in KNOWN.items():
        pairs = needed(share_a, share_b, count)
        promised = (share_a, share_b) in PROMISED
        good &= not promised or pairs.close_to(known)
        print(
            f"  {share_a:4.0%} against {share_b:3.0%}   {pairs.half:4.0f} /{pairs.most:4.0f}   "
            f"known {known[0]:4} /{known[1]:4}{'   within 15 %' if promised else ''}"
        )
    print("as promised" if good else "NOT as promised")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
