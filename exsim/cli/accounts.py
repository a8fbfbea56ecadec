"""Test mailboxes: print the PowerShell that makes and removes them, or log each on once.

`accounts check` exits 0 when every account can be used, 1 when one is refused, 5 when the second refusal
ended it, 4 when the farm does not show Exchange's own logon form.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.accounts import check
from exsim.conduct.accounts_script import MOST, script
from exsim.runs.errors import OperatorError


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(title="what", dest="what", required=True, metavar="WHAT")
    made = what.add_parser("script", help="the PowerShell that makes them, and that removes them")
    made.add_argument("--count", type=int, default=12, metavar="N", help="in each database (12)")
    made.add_argument("--domain", default="example.com", help="of their addresses (example.com)")
    checked = what.add_parser("check", help="log each on once, one after the other")
    checked.add_argument("scenario", type=Path, help="a scenario with a [target]")


def act(options: argparse.Namespace) -> int:
    if options.what == "check":
        return int(check(options.scenario, _show))
    if not 1 <= options.count <= MOST:
        raise OperatorError(f"--count {options.count}: is not between 1 and {MOST}")
    sys.stdout.write(script(options.count, options.domain))
    return 0


def _show(line: str) -> None:
    print(line, flush=True)
