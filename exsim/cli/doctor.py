"""Which node can read whose logon cookies, and what is wrong: a few dozen requests, and no load.

Against a lab of one's own, or the [target] of a scenario.  Exit 1 when something is found, 0 when nothing
is, 4 when nothing can be said: unreachable, a refused password, another logon page than Exchange's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.doctor import Examined, about, examine, simulated
from exsim.conduct.doctor_patient import Asked
from exsim.conduct.doctor_plan import plan
from exsim.conduct.saved_org import save
from exsim.judgement.report import doctor as report
from exsim.judgement.report import doctor_html
from exsim.runs.errors import OperatorError
from exsim.runs.exits import Exit

MOST_ATTEMPTS = 1000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scenario", type=Path, nargs="?", help="a scenario with a [target] or a [lab]"
    )
    parser.add_argument("--lab", action="store_true", help="a lab with the incident's nodes")
    parser.add_argument(
        "--preset", metavar="NAME", action="append", default=[], help="what is wrong with the lab"
    )
    parser.add_argument(
        "--through", choices=("nodes", "balancer"), help="leave the nodes' own addresses alone"
    )
    parser.add_argument(
        "--plan", action="store_true", help="say what would be sent, and send nothing"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write the findings as a page, too"
    )
    parser.add_argument(
        "--save-org",
        type=Path,
        metavar="FILE",
        help='write the measured organisation, to simulate it: [lab] org = "FILE"',
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--accounts", type=int, default=2, metavar="N", help="how many of the accounts to use (2)"
    )
    parser.add_argument(
        "--budget",
        type=int,
        default=40,
        metavar="N",
        help="password attempts for each account (40)",
    )
    parser.add_argument("--haproxy", metavar="PATH", help="the HAProxy to run")


def act(options: argparse.Namespace) -> int:
    asked = asked_of(options)
    if options.plan:
        sys.stdout.write(plan(asked))
        return 0
    done = examine(asked)
    code = Exit.FAIL if report.found_something(done.diagnoses) else Exit.PASS
    people = sys.stderr if options.json else sys.stdout
    people.write(text_of(done, int(code)))
    if options.html is not None:
        write_page(options.html, done)
    if options.save_org is not None:
        save(options.save_org, done.facts, done.host, done.when)
    if options.json:
        sys.stdout.buffer.write(report.document(done.facts, done.diagnoses) + b"\n")
    return int(code)


def write_page(path: Path, done: Examined) -> None:
    """The page, in a file.  Raises OperatorError."""
    page = doctor_html.render(done.facts, done.diagnoses, about(done), simulated(done))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise OperatorError(f"--html {path}: {problem.strerror}") from None


def text_of(done: Examined, code: int) -> str:
    return report.render(done.facts, done.diagnoses, about(done), simulated(done), code)


def asked_of(options: argparse.Namespace) -> Asked:
    """What the command line says.  Raises OperatorError."""
    if options.lab and options.scenario is not None:
        raise OperatorError("doctor: either a scenario or --lab, not both")
    if options.preset and not options.lab:
        raise OperatorError("doctor: --preset goes with --lab")
    if not 1 <= options.budget <= MOST_ATTEMPTS:
        raise OperatorError(f"--budget {options.budget}: is not between 1 and {MOST_ATTEMPTS}")
    if options.accounts < 1:
        raise OperatorError(f"--accounts {options.accounts}: is not a number of accounts")
    return Asked(
        scenario=options.scenario,
        presets=tuple(options.preset or (("healthy",) if options.lab else ())),
        through_balancer=options.through == "balancer",
        accounts=options.accounts,
        budget=options.budget,
        haproxy=options.haproxy,
    )
