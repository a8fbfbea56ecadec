"""The incident in half a minute: the same users behind round robin and behind cookie persistence.

A simulated organisation of 1x2013 + 2x2016 behind a real HAProxy that runs the incident's own file, twice
at the same time: as it was, and with the workaround.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.demo import demo


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--haproxy", metavar="PATH", help="the HAProxy to run")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")
    parser.add_argument("--quiet", action="store_true", help="no live view")


def act(options: argparse.Namespace) -> int:
    return demo(options.reports, options.haproxy, not options.quiet, sys.stdout)
