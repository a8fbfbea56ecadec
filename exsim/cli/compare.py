"""Compare two runs of one farm: what each lost, whether that can be chance, and what differs between them.

Losses for each protocol and each combination stand side by side with their intervals, by session and by
account.  Runs of different topologies are refused (exit 2, with the keys that differ).  It judges neither:
exit code 0 whatever they lost; `exsim ab` and `exsim gate` end by verdict.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.comparing import compare
from exsim.judgement.compare.comparison import encode
from exsim.judgement.report import compare_html, compare_text
from exsim.runs.directory import open_run
from exsim.runs.errors import RunError


def arguments(parser: argparse.ArgumentParser) -> None:
    what = "a run's directory, or a scenario's name for its last run"
    parser.add_argument("a", metavar="A", help=what)
    parser.add_argument("b", metavar="B", help=what)
    parser.add_argument("--json", action="store_true", help="print the comparison as a document")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as one HTML file, too")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")


def act(options: argparse.Namespace) -> int:
    a, b = (open_run(text, options.reports) for text in (options.a, options.b))
    found = compare(a, b)
    people = sys.stderr if options.json else sys.stdout
    people.write(compare_text.render(found.document, found.pictures, colour=people.isatty()))
    if options.html:
        written(options.html, compare_html.render(found.document, found.pictures))
        people.write(f" {options.html}\n")
    if options.json:
        sys.stdout.buffer.write(encode(found.document) + b"\n")
    return 0


def written(path: Path, text: str) -> None:
    """Raises RunError when the file cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise RunError(f"{path}: cannot be written: {problem.strerror}") from None
