"""Show one session hop by hop, as a script for curl, or as a HAR file.

The script logs on by itself and asks the culprit and the logon node with copies of the cookies.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.showing import as_curl, as_har, as_text
from exsim.runs.directory import open_run


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", help='a session, such as "7.1"')
    parser.add_argument(
        "run",
        nargs="?",
        default="latest",
        help="a run's directory, a scenario's name, or \"latest\"",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--curl", action="store_true", help="as a shell script")
    form.add_argument("--har", action="store_true", help="as a HAR file")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")


def act(options: argparse.Namespace) -> int:
    directory = open_run(options.run, options.reports)
    make = as_curl if options.curl else as_har if options.har else as_text
    sys.stdout.write(make(directory, options.session))
    return 0
