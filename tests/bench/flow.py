"""CPU per request of the whole pipeline on the OWA session flow, beside other load tools, in one run.

    python -m tests.bench.flow [--seconds 5] [--repeats 5]

Client and target have a processor each; the clients alternate; medians of ratios are printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.bench.target import target

CLIENT_CPU = "1"
BASE = "FastHttpUser"


def measure(arguments: list[str]) -> float:
    """Microseconds of CPU a request."""
    done = subprocess.run(
        ["taskset", "-c", CLIENT_CPU, sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise SystemExit(f"{arguments}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return 1e6 * float(found["cpu"]) / max(1, int(found["requests"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    costs: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, target(Path(folder)) as (plain, tls):
        seconds = ["--seconds", options.seconds]
        http = ["--port", str(plain), *seconds]
        https = ["--port", str(tls), "--scheme", "https", *seconds]
        clients = {
            "exsim": ["tests.bench.flow_exsim", *http],
            BASE: ["tests.bench.flow_locust", *http],
            "exsim, six at a time": ["tests.bench.flow_exsim", *http, "--parallel", "6"],
            "HttpUser": ["tests.bench.flow_locust", *http, "--kind", "http"],
            "exsim, TLS": ["tests.bench.flow_exsim", *https],
            f"{BASE}, TLS": ["tests.bench.flow_locust", *https],
        }
        for _ in range(options.repeats):
            for name, arguments in clients.items():
                costs[name].append(measure(arguments))
    print(f"{'client':<24}{'µs a request':>14}{'min–max':>18}{'times cheaper than ' + BASE:>32}")
    for name, values in costs.items():
        base = costs[f"{BASE}, TLS" if name.endswith("TLS") else BASE]
        ratio = median(b / v for b, v in zip(base, values, strict=True))
        spread = f"{min(values):.0f}–{max(values):.0f}"
        print(f"{name:<24}{median(values):>14.1f}{spread:>18}{ratio:>32.1f}")


if __name__ == "__main__":
    main()
