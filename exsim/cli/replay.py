"""Play a lost session of a run again, each request at the node that had answered it: always lost, or a race?

Needs the nodes' own addresses and the accounts: the scenario's lab must stand (`exsim lab`), or --scenario
names the target's scenario.  Each time is one logon.  Exit 1 when it was lost again at least once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.replay_words import as_json, as_text
from exsim.conduct.replaying import Wanted, replay
from exsim.runs.directory import open_run
from exsim.runs.exits import Exit


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", help='a lost session, such as "7.1"')
    parser.add_argument(
        "run",
        nargs="?",
        default="latest",
        help="a run's directory, a scenario's name, or \"latest\"",
    )
    parser.add_argument("-n", type=int, default=5, metavar="N", help="how often (5)")
    parser.add_argument("--paced", action="store_true", help="with the pauses that it had")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="the scenario of the run")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")


def act(options: argparse.Namespace) -> int:
    directory = open_run(options.run, options.reports)
    wanted = Wanted(options.session, options.n, options.paced, options.scenario)
    done = replay(directory, wanted)
    people = sys.stderr if options.json else sys.stdout
    people.write(as_text(done))
    if options.json:
        sys.stdout.buffer.write(as_json(done) + b"\n")
    if not done.began:
        return int(Exit.ENVIRONMENT)
    return int(Exit.FAIL if done.lost else Exit.PASS)
