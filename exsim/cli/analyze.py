"""Judge a run anew from its history: sessions, incidents, matrix, verdict, reports.

Everything but the history and what describes the run is made again.  Exit code by verdict.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct import judging
from exsim.judgement.report import text
from exsim.judgement.results import encode
from exsim.runs.directory import open_run


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run",
        nargs="?",
        default="latest",
        help="a run's directory, a scenario's name, or \"latest\"",
    )
    parser.add_argument("--json", action="store_true", help="print the results document")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")


def act(options: argparse.Namespace) -> int:
    directory = open_run(options.run, options.reports)
    judgement = judging.judged(directory)
    code = judging.exit_code(directory, judgement)
    judging.write(directory, judgement, int(code))
    people = sys.stderr if options.json else sys.stdout
    people.write(text.render(judgement, colour=people.isatty(), exit_code=int(code)))
    if options.json:
        sys.stdout.buffer.write(encode(judgement.results) + b"\n")
    return int(code)
