"""How often the diagnosis is right, over random organisations, balancers and users, in memory.

    python -m tests.bench.diagnosis --sessions 2000 --seed 1

Prints which cause was named for which preset, and the figures.  Exit 1 when a wrong cause was named, a hop's
class was not what the node confessed, or fewer than nine in ten trials with five or more lost sessions were right.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.bench.trials import Outcome, dice_of, draw, trial

MANY = 5  # lost sessions from which on the cause is to be found
WANTED = 0.9
RIGHT = ("exact", "class")


def series(sessions: int, seed: int) -> Iterator[Outcome]:
    """Trials until `sessions` sessions have been had."""
    dice, had = dice_of(seed), 0
    while had < sessions:
        outcome = trial(draw(dice))
        had += outcome.sessions
        yield outcome


def column(outcome: Outcome) -> str:
    """What was named first, with "+" where others fit as well."""
    if not outcome.diagnosis:
        return "(nothing)"
    return outcome.named + ("+" if outcome.diagnosis[0].alike else "")


def confusion(outcomes: Sequence[Outcome]) -> list[str]:
    """For each preset, what was named how often; of the trials in which it showed at all."""
    table: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        named = column(outcome) if outcome.seen else "(not seen)"
        table.setdefault(outcome.setting.preset, Counter())[named] += 1
    width = max(map(len, table)) + 2
    return [
        f"{preset:<{width}}" + ", ".join(f"{named} {n}" for named, n in row.most_common())
        for preset, row in sorted(table.items())
    ]


def wrong(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The trials in which another cause than the preset's was named."""
    return [outcome for outcome in outcomes if outcome.verdict == "wrong"]


def share_right(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """Of the trials with many lost sessions: right, and all."""
    able = [outcome for outcome in outcomes if outcome.lost >= MANY]
    return sum(outcome.verdict in RIGHT for outcome in able), len(able)


def report(outcomes: Sequence[Outcome]) -> int:
    """Print the table and the figures; the exit code."""
    print("\n".join(confusion(outcomes)))
    right, able = share_right(outcomes)
    exact = sum(one.verdict == "exact" for one in outcomes if one.lost >= MANY)
    mistaken = wrong(outcomes)
    strays = [line for outcome in outcomes for line in outcome.differences]
    sessions, lost = sum(one.sessions for one in outcomes), sum(one.lost for one in outcomes)
    print(f"\n{len(outcomes)} trials, {sessions} sessions, {lost} of them lost")
    print(f"hops whose class is not what the node confessed: {len(strays)}")
    print(f"trials in which a wrong cause was named first: {len(mistaken)}")
    print(
        f"trials with {MANY} or more lost sessions: {able}; right: {right}"
        f" ({exact} by name, {right - exact} as one of a class that cannot be told apart)"
    )
    for one in mistaken:
        print(f"WRONG {one.setting}: {[(d.rule, d.score, d.alike) for d in one.diagnosis]}")
    print("\n".join(strays[:10]))
    return int(bool(mistaken or strays or right < WANTED * able))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    return report(list(series(options.sessions, options.seed)))


if __name__ == "__main__":
    sys.exit(main())
