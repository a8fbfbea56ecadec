"""How long a cold `exsim run --until-decided` takes to its verdict, and where the time goes.

    python -m tests.bench.verdict [SCENARIO] --repeats 5

Cold: nothing of it runs yet; Python's compiled files are there, as after any first use.  Prints for each run and
as medians the seconds until the run directory begins, until the lab stands and the load begins, until every
combination that `[expect]` names is decided, until the load is over, and until the report is printed; with the seconds
of processor of all processes together, and how many others wanted the processors meanwhile.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from exsim.runs.directory import RunDirectory, open_run
from exsim.session.hop import Mark

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "scenarios" / "roundrobin.toml"
DECIDED = "everything that was asked has been met"


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one run from its command on, and of the processor."""

    begun: float
    load: float
    decided: float
    load_over: float
    verdict: float
    processor: float
    busy: float


def once(scenario: Path, reports: Path) -> Taken:
    """One cold run.  Raises SystemExit when it ended without a decided verdict."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.time()
    words = ["run", str(scenario), "--until-decided", "--quiet", "--reports", str(reports)]
    done = subprocess.run(
        [sys.executable, "-m", "exsim", *words],
        stdout=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        cwd=ROOT,
        check=False,
    )
    over = time.time()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"exsim run ended with {done.returncode}: nothing was decided")
    directory = open_run(scenario.stem, reports)
    run, marks = directory.read_run(), marks_of(directory)
    if marks["phase_ended"].facts["why"] != DECIDED:
        raise SystemExit("the scenario's time was over before everything was decided")
    zero = run.zero - began
    return Taken(
        begun=zero,
        load=zero + marks["load_started"].t,
        decided=zero + marks["load_ended"].t,
        load_over=datetime.fromisoformat(run.ended).timestamp() - began,
        verdict=over - began,
        processor=sum(after[:2]) - sum(before[:2]),
        busy=os.getloadavg()[0],
    )


def marks_of(directory: RunDirectory) -> dict[str, Mark]:
    """The last mark of each kind."""
    return {line.what: line for line in directory.history() if isinstance(line, Mark)}


def row(taken: Taken, words: str) -> str:
    return "  ".join(f"{getattr(taken, one.name):9.1f}" for one in fields(Taken)) + f"  {words}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("scenario", type=Path, nargs="?", default=DEFAULT)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    compileall.compile_dir(ROOT / "exsim", quiet=2)
    print("  ".join(f"{one.name:>9}" for one in fields(Taken)))
    runs = []
    with tempfile.TemporaryDirectory(prefix="exsim-bench-verdict-") as place:
        for number in range(options.repeats):
            runs.append(once(options.scenario, Path(place) / str(number)))
            print(row(runs[-1], ""), flush=True)
    medians = Taken(
        *(statistics.median(getattr(one, field.name) for one in runs) for field in fields(Taken))
    )
    print(row(medians, "medians"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
