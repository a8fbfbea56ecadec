"""User instructions per request on the OWA session flow, free of the machine's noise: exsim and FastHttpUser.

Each client is run twice under valgrind, with few and with more sessions a user: the difference is what the
further requests cost, without the start.  `--limit` makes it a check: exit 1 above so many for exsim.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import counted
from tests.bench.target import ADMIN, target

USERS = "5"
CLIENTS = {
    "exsim": ["tests.bench.flow_exsim"],
    "exsim, six at a time": ["tests.bench.flow_exsim", "--parallel", "6"],
    "FastHttpUser": ["tests.bench.flow_locust"],
}
_COUNT = re.compile(r"I\s+refs:\s+([\d,]+)")


def spent(arguments: list[str], port: int, sessions: int) -> tuple[int, int]:
    """Instructions and requests of one run."""
    module, *more = arguments
    done = subprocess.run(
        [
            *("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
            *(sys.executable, "-m", module, "--port", str(port), "--users", USERS),
            *("--sessions", str(sessions), *more),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},  # or the same dictionaries collide otherwise
    )
    found = _COUNT.search(done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"{module}: {done.stderr[-2000:]}")
    requests = json.loads(done.stdout.strip().splitlines()[-1])["requests"]
    return int(found[1].replace(",", "")), int(requests)


def per_request(arguments: list[str], port: int, few: int, more: int) -> float:
    """What a request costs, once everything has started."""
    small, large = (spent(arguments, port, sessions) for sessions in (few, more))
    return (large[0] - small[0]) / (large[1] - small[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--few", type=int, default=3, help="sessions a user of the short run")
    parser.add_argument("--more", type=int, default=9, help="sessions a user of the long run")
    parser.add_argument("--limit", type=int, default=0, help="instructions a request of exsim")
    parser.add_argument("--only", default="", help="one of: " + ", ".join(CLIENTS))
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("no valgrind: instructions were not counted")
        return
    over = False
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as (plain, _):
        for name, arguments in CLIENTS.items():
            if options.only and options.only != name:
                continue
            before = counted(Path(folder) / ADMIN)
            found = per_request(arguments, plain, options.few, options.more)
            refused = counted(Path(folder) / ADMIN).since(before).refused
            if refused:  # a benchmark of errors is none
                raise SystemExit(f"{name}: the target refused {refused} requests")
            over |= name == "exsim" and 0 < options.limit < found
            print(f"{name:<24}{found:>12,.0f} instructions a request", flush=True)
    if over:
        sys.exit(f"exsim: more than {options.limit:,}")


if __name__ == "__main__":
    main()
