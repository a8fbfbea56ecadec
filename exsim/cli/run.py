"""Run a scenario: start what it names, put its users through the balancer, judge, report.

Exit code by verdict.  With --json the results document is printed to standard output, and everything for
people goes to standard error.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.far import DEFAULT, Place, place
from exsim.conduct.gating import needs_text
from exsim.conduct.running import Options, read, run


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", type=Path, help="a scenario (TOML)")
    parser.add_argument("--json", action="store_true", help="print the results document")
    parser.add_argument("--haproxy", metavar="PATH", help="the HAProxy to run")
    parser.add_argument("--duration", metavar="TIME", help='instead of the scenario\'s, e.g. "20s"')
    parser.add_argument(
        "--until-decided",
        action="store_true",
        help="end as soon as every combination that the scenario asks for has been met often enough",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="load processes, instead of the scenario's"
    )
    parser.add_argument(
        "--master",
        metavar="ADDRESS",
        nargs="?",
        const=DEFAULT,
        help=f"wait there for `exsim worker`s of other machines to carry the load ({DEFAULT})",
    )
    parser.add_argument(
        "--wait",
        metavar="TIME",
        help='for those workers, instead of the scenario\'s (one minute), e.g. "10m"',
    )
    parser.add_argument("--secret", type=Path, metavar="FILE", help="what master and workers share")
    parser.add_argument(
        "--certificate", default="", metavar="FILE", help="the master's, in PEM, beyond loopback"
    )
    parser.add_argument("--key", default="", metavar="FILE", help="of the certificate")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")
    parser.add_argument("--quiet", action="store_true", help="no live view")


def act(options: argparse.Namespace) -> int:
    people = sys.stderr if options.json else sys.stdout
    chosen = Options(
        reports=options.reports,
        haproxy=options.haproxy,
        duration=options.duration,
        live=not options.quiet,
        workers=options.workers,
        until_decided=options.until_decided,
        master=master_of(options),
        wait=options.wait,
        tell=people.write,
    )
    people.write(needs_text(read(options.scenario, chosen)))
    people.flush()
    done = run(options.scenario, chosen)
    people.write(done.text(colour=people.isatty()))
    if options.json:
        sys.stdout.buffer.write(done.json())
    broke = done.directory.read_run().crashed
    if broke:
        print(f"exsim: {broke}", file=sys.stderr)
    return int(done.exit_code)


def master_of(options: argparse.Namespace) -> Place | None:
    """Where the workers come to; None when the load is this machine's own."""
    if options.master is None:
        return None
    return place(
        options.master,
        options.secret,
        master=True,
        certificate=options.certificate,
        key=options.key,
    )
