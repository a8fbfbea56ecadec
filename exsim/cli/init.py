"""Write what a pipeline needs: a workflow for GitHub, a scenario, and a HAProxy file to replace by your own.

Nothing that is there already is overwritten.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.workflow import init
from exsim.runs.errors import OperatorError

NEXT = """
Next: put your own file in the place of gate/haproxy/cookie.cfg, let
gate/gate.toml name the nodes as its server lines do, and try both here
(in {0}):
  exsim run gate/gate.toml
  exsim gate"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--github-workflow",
        nargs="?",
        type=Path,
        const=Path("."),
        metavar="DIR",
        help="write .github/workflows/exsim.yml and what it runs into DIR (here)",
    )


def act(options: argparse.Namespace) -> int:
    if options.github_workflow is None:
        raise OperatorError("init: say what to write: --github-workflow [DIR]")
    for path in init(options.github_workflow):
        print(path)
    print(NEXT.format(options.github_workflow), file=sys.stderr)
    return 0
