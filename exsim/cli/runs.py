"""List the runs of a folder: when each began, its scenario, how it came out, and how many sessions it lost.

Nothing is judged anew; a run that nobody has judged says so, and `exsim analyze` judges it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.listing import as_text, encode, runs_in
from exsim.conduct.screen import columns


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("reports"),
        help="where runs are kept (reports)",
    )
    parser.add_argument("--json", action="store_true", help="print the list as a document")


def act(options: argparse.Namespace) -> int:
    found = runs_in(options.folder)
    if options.json:
        sys.stdout.buffer.write(encode(found) + b"\n")
    else:
        sys.stdout.write(as_text(found, columns()))
    return 0
