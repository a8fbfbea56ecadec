"""Decide whether a change may go on: a run against its criteria, or a table of assumptions in the lab.

Exit code by verdict: 0 only when everything that was asked was shown.  Under GitHub Actions the findings are
annotated at the lines of the balancer's file, and the step's summary is written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from exsim.conduct.gate_table import TableOptions, table
from exsim.conduct.gating import Gated, baseline_of, gate, save
from exsim.judgement.gate import text
from exsim.judgement.gate.document import encode, schema
from exsim.judgement.report import junit, summary
from exsim.judgement.report.annotations import render as workflow_commands
from exsim.runs.directory import open_run
from exsim.runs.errors import OperatorError

MOST_DIGITS = 9  # of a line's number


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", default="latest", help='a run\'s directory, a scenario\'s name, or "latest"')  # fmt: skip
    parser.add_argument(
        "--baseline", metavar="RUN", help="a run, or a folder of runs, to be no worse than"
    )
    parser.add_argument("--table", type=Path, metavar="SCENARIO", help="run a lab's scenario under each assumption")  # fmt: skip
    parser.add_argument("--config", type=Path, action="append", default=[], metavar="CFG", help="with --table: a HAProxy file instead of the scenario's; may be repeated")  # fmt: skip
    parser.add_argument("--accept", action="append", default=[], metavar="[FILE:]LINE", help="a change that may matter and may stand; may be repeated")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the gate's document")
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of that document"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML there as well")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="append Markdown there")
    parser.add_argument("--haproxy", metavar="PATH", help="with --table: the HAProxy to run")
    parser.add_argument(
        "--duration", metavar="TIME", help='with --table: of one short run, e.g. "10s"'
    )
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")
    parser.add_argument("--quiet", action="store_true", help="no live view")


def act(options: argparse.Namespace) -> int:
    if options.schema:
        print(json.dumps(schema(), indent=1))
        return 0
    if options.table is None:
        directory = open_run(options.run, options.reports)
        base = baseline_of(options.baseline, directory, options.reports) if options.baseline else None  # fmt: skip
        done = gate(directory, base, [_line(one) for one in options.accept])
    else:
        done = table(
            options.table,
            TableOptions(
                reports=options.reports,
                haproxy=options.haproxy,
                duration=options.duration,
                configs=tuple(options.config),
                accept=frozenset(options.accept),
                live=not options.quiet,
            ),
        )
    _tell(done, options)
    return int(done.exit_code)


def _line(given: str) -> int:
    number = given.rpartition(":")[2]
    if not number.isdecimal() or len(number) > MOST_DIGITS or int(number) < 1:
        raise OperatorError(f"--accept: {given!r} is not a line such as 40 or haproxy.cfg:40")
    return int(number)


def _tell(done: Gated, options: argparse.Namespace) -> None:
    """For people, for scripts, and for the pipeline that this runs in."""
    people = sys.stderr if options.json else sys.stdout
    people.write(text.render(done.document, int(done.exit_code)))
    if options.json:
        sys.stdout.buffer.write(encode(done.document))
        sys.stdout.flush()
    if os.environ.get("GITHUB_ACTIONS") == "true":
        people.write(workflow_commands(done.document.annotations))
    markdown = summary.render(done.document).encode()
    for place in (options.summary, os.environ.get("GITHUB_STEP_SUMMARY")):
        if place:
            save(Path(place), markdown, "ab")
    if options.junit:
        save(options.junit, junit.render_gate(done.document).encode())
