"""Remove what a run left in mailboxes: by its ledger, also after it was killed, and twice without harm.

Exit 0 when nothing is left, 1 when something could not be removed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from exsim.conduct.cleanup import cleanup
from exsim.runs.directory import LATEST, open_run


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", default=LATEST, help="a run's directory, or a scenario")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="where it stands now")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")


def act(options: argparse.Namespace) -> int:
    directory = open_run(options.run, options.reports)
    return int(cleanup(directory, options.scenario, lambda line: print(line, flush=True)))
