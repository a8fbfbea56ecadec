"""Carry a part of the load of a run whose master is elsewhere: `exsim run … --master` there, this on each machine.

Waits for the master, is given its users and what it may know, sends everything that it writes, and ends with the run.
Both sides are the same exsim and have a file with the same secret; over a network the master has a certificate.
Exit code 0 when the work is done, whatever came of it; 4 when there is no master, or none any more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.far import DEFAULT, place
from exsim.conduct.far_worker import work
from exsim.runs.duration import seconds
from exsim.runs.errors import OperatorError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "master", nargs="?", default=DEFAULT, metavar="ADDRESS", help=f"of the master ({DEFAULT})"
    )
    parser.add_argument("--secret", type=Path, metavar="FILE", help="what master and workers share")
    parser.add_argument(
        "--ca", default="", metavar="FILE", help="who vouches for the master's certificate"
    )
    parser.add_argument(
        "--wait", default="60s", metavar="TIME", help='for the master to come ("60s")'
    )


def act(options: argparse.Namespace) -> int:
    try:
        wait = seconds(options.wait)
    except ValueError as problem:
        raise OperatorError(f"--wait {options.wait}: {problem}") from None
    there = place(options.master, options.secret, master=False, ca=options.ca)

    def tell(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    return int(work(there, tell, wait))
