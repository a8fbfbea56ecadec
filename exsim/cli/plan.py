"""Say what a run would send, as whom, who will see it, and what it can show; send nothing.

Ends with one paragraph for a change ticket.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.conduct.run_plan import plan


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", type=Path, help="a scenario (TOML)")


def act(options: argparse.Namespace) -> int:
    sys.stdout.write(plan(options.scenario))
    return 0
