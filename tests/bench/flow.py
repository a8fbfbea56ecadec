"""CPU per request on the OWA session flow: exsim's whole pipeline beside other load tools, in one run.

Client and target (a HAProxy that answers by itself) have a processor each; the clients alternate, the target
counts the requests, the kernel the CPU.  Printed: the median of each client's cost, and the median of its
ratio to exsim's in the same round.  A tool that is not installed is named as absent; one whose answers were
not those of the flow is thrown out with its reason.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import median

from tests.bench.clients import EXSIM, TOOLS, Place, Tool
from tests.bench.measure import Unfit, cost
from tests.bench.target import target

Ways = list[tuple[str, str, int]]  # heading, scheme, requests in flight a user
WAYS: Ways = [
    ("one request after the other, http", "http", 1),
    ("six at a time, http", "http", 6),
    ("one request after the other, https", "https", 1),
]


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="of one measurement")
    parser.add_argument("--repeats", type=int, default=5, help="rounds; at least five for a figure")
    parser.add_argument("--only", default="", help="names of clients, by comma (exsim always runs)")
    return parser.parse_args()


def tools(only: str) -> list[Tool]:
    """The tools that are wanted and here; says which are not."""
    wanted = {name.strip().lower() for name in only.split(",") if name.strip()}
    chosen = [one for one in TOOLS if not wanted or one is EXSIM or one.name.lower() in wanted]
    for one in chosen:
        if one.found() is None:
            print(f"{one.name}: absent ({one.program} is not installed)", flush=True)
    return [one for one in chosen if one.found() is not None]


def measure(
    chosen: list[Tool], place: Place, repeats: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Costs by client, round by round; and why a client was thrown out."""
    costs: dict[str, list[float]] = defaultdict(list)
    unfit: dict[str, str] = {}
    for _ in range(repeats):
        for one in chosen:
            if one.name in unfit:
                continue
            try:
                with tempfile.TemporaryDirectory(dir=place.folder) as scratch:
                    # What was recorded is gone at once: a gigabyte that waits for the disk would slow whoever comes next
                    command = one.command(replace(place, folder=Path(scratch)))
                    costs[one.name].append(cost(command, place.folder, place.seconds))
            except Unfit as reason:
                unfit[one.name] = str(reason)
                costs.pop(one.name, None)
    return costs, unfit


def show(heading: str, costs: dict[str, list[float]], unfit: dict[str, str]) -> None:
    """One table."""
    print(f"\n{heading}")
    print(f"  {'client':<14}{'µs a request':>14}{'min–max':>14}{'times exsim':>13}")
    own = costs.get(EXSIM.name, [])
    for name, values in costs.items():
        ratio = median(value / base for value, base in zip(values, own, strict=True)) if own else 0
        spread = f"{min(values):.0f}–{max(values):.0f}"
        print(f"  {name:<14}{median(values):>14.0f}{spread:>14}{ratio:>13.2f}")
    for name, reason in unfit.items():
        print(f"  {name:<14}thrown out: {reason}")
    print(flush=True)


def main() -> None:
    options = asked()
    chosen = tools(options.only)
    with tempfile.TemporaryDirectory() as name, target(Path(name)) as (plain, tls):
        for heading, scheme, parallel in WAYS:
            port = tls if scheme == "https" else plain
            place = Place(port, scheme, Path(name), options.seconds, parallel)
            able = [one for one in chosen if parallel == 1 or one.six_at_a_time]
            show(heading, *measure(able, place, options.repeats))


if __name__ == "__main__":
    main()
