"""Compare two balancer configurations side by side, pair by pair, and stop as soon as it is decided.

A is the configuration of today (the scenario's own, or --a), B the candidate ([ab] b, or --b).  Both run here at
the same time, over one simulated organisation or in front of a target's own nodes, and each user has a twin
behind the other.  Where the balancer is a target's own (no file of it is given), it is set to A and B in
turn, in blocks of time: A B B A; by --switch, or by you when you are asked.  The test may be looked at after every pair.  Exit code by verdict: 0 pass (B loses fewer
sessions than A, or no more to within the margin), 1 fail (B loses more, or somebody saw another user's
mailbox), 3 could not tell after --max-pairs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.ab import AbOptions, ab
from exsim.conduct.ab_rig import AbSides


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scenario", type=Path, help="a scenario (TOML) with a [lab], or with [target] nodes"
    )
    parser.add_argument("--a", type=Path, metavar="CFG", help="the HAProxy file of today")
    parser.add_argument("--b", type=Path, metavar="CFG", help="the candidate's HAProxy file")
    parser.add_argument(
        "--max-pairs", type=positive, metavar="N", help="pairs of sessions at most (100)"
    )
    parser.add_argument(
        "--margin", type=share, metavar="SHARE",
        help="a difference of lost shares that counts as none (0.05)",
    )  # fmt: skip
    parser.add_argument(
        "--switch", default="", metavar="COMMAND",
        help="sets a balancer that is not run here to a or b (its last argument), before each block",
    )  # fmt: skip
    parser.add_argument(
        "--settle", type=float, default=2.0, metavar="SECONDS",
        help="in which nothing is sent after a change (2)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the results document")
    parser.add_argument("--haproxy", metavar="PATH", help="the HAProxy to run")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")
    parser.add_argument("--quiet", action="store_true", help="no live view")


def positive(text: str) -> int:
    """A positive whole number; argparse puts the complaint into words."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return value


def share(text: str) -> float:
    """A share above 0 and up to 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return value


def act(options: argparse.Namespace) -> int:
    sides = AbSides(options.a, options.b, options.max_pairs, options.margin)
    done = ab(
        options.scenario,
        AbOptions(
            sides,
            options.reports,
            options.haproxy,
            not options.quiet,
            options.switch,
            options.settle,
        ),
    )
    people = sys.stderr if options.json else sys.stdout
    people.write(done.text(colour=people.isatty()))
    people.write(f" {done.page}   exit {int(done.exit_code)}\n")
    if options.json:
        sys.stdout.buffer.write(done.json())
    return int(done.exit_code)
