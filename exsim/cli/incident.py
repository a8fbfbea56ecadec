"""The incident symptom by symptom: each observation through a real balancer, with its cause and without it.

Takes some minutes.  Ends with 0 when each was seen with its cause and none without it, else with 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.incident import OBSERVATIONS, record, table
from exsim.conduct.incident_runs import incident, words_of
from exsim.conduct.running import Options
from exsim.runs.exits import Exit


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "observation", nargs="*", type=_known, help="only these: O1 O5 …", metavar="O1"
    )
    parser.add_argument("--haproxy", metavar="PATH", help="the HAProxy to run")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")
    parser.add_argument(
        "--record",
        action="store_true",
        help="keep what was seen, for the table, when all is as it must be",
    )
    parser.add_argument("--table", action="store_true", help="print the table in Markdown, and end")


def _known(text: str) -> str:
    names = [one.name for one in OBSERVATIONS]
    if text.upper() not in names:
        raise argparse.ArgumentTypeError(f'"{text}" is not one of {", ".join(names)}')
    return text.upper()


def act(options: argparse.Namespace) -> int:
    if options.table:
        sys.stdout.write(table())
        return 0
    chosen = [one for one in OBSERVATIONS if one.name in (options.observation or [one.name])]
    runs = Options(reports=options.reports / "incident", haproxy=options.haproxy, live=False)
    code, answers = incident(runs, sys.stdout, chosen)
    if options.record and code == Exit.PASS and len(chosen) == len(OBSERVATIONS):
        sys.stdout.write(f"kept: {record(words_of(answers))}\n")
    return int(code)
