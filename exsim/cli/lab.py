"""Keep a scenario's lab up: prints its URL, its accounts, and what is wrong with it.

For a browser, for curl, or for Locust's own command with one of the locustfiles.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.shipped import scenarios
from exsim.conduct.standing import presets, stand


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", type=Path, nargs="?", help="a scenario with a [lab]")
    parser.add_argument("--haproxy", metavar="PATH", help="the HAProxy to run")
    parser.add_argument("--seconds", type=float, help="end by itself after so long")
    parser.add_argument("--presets", action="store_true", help="list what can be wrong, and end")


def act(options: argparse.Namespace) -> int:
    if options.presets:
        print(presets(), end="")
        return 0
    path = options.scenario or scenarios() / "roundrobin.toml"
    return stand(path, options.haproxy, options.seconds, sys.stdout)
