"""How long `exsim analyze` takes, and how much memory, for a history of a million hops.

    python -m tests.bench.judge --hops 1000000

The history is the committed example run's, repeated by the same users one time after another: new sessions, new
cookies, later times, in parts that are compressed when they are full.  Prints seconds (median and all repeats), seconds of processor, and the peak of resident memory for each size.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from exsim.runs.history import HistoryWriter, read_history
from exsim.runs.parts import compress
from exsim.session.hop import ConnectionLine, Hop, Line, Mark

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "reports" / "example"
SESSIONS = ("session", "number")  # facts of a mark that count sessions


def repeated(lines: Sequence[Line], copies: int) -> Iterator[Line]:
    """`lines`, `copies` times one after the other, as if the users had simply gone on."""
    hops = [line for line in lines if isinstance(line, Hop)]
    period = max(hop.t + hop.took for hop in hops) + 1.0
    requests = max(hop.seq for hop in hops)
    sessions = 1 + max(int(hop.session.rpartition(".")[2]) for hop in hops)
    connections = max(hop.conn for hop in hops)
    for copy in range(copies):
        for line in lines:
            moved = msgspec.structs.replace(line, t=line.t + copy * period)
            if isinstance(moved, Hop):
                moved = _hop(moved, copy, requests, sessions, connections)
            elif isinstance(moved, ConnectionLine):
                moved = msgspec.structs.replace(moved, conn=moved.conn + copy * connections)
            elif isinstance(moved, Mark):
                moved = msgspec.structs.replace(moved, facts=_facts(moved.facts, copy, sessions))
            yield moved


def _hop(hop: Hop, copy: int, requests: int, sessions: int, connections: int) -> Hop:
    def other(cookies: dict[str, Any]) -> dict[str, Any]:
        return {name: value and f"{value}{copy}" for name, value in cookies.items()}

    return msgspec.structs.replace(
        hop,
        seq=hop.seq + copy * requests,
        session=_session(hop.session, copy * sessions),
        conn=hop.conn + copy * connections,
        cookies=other(hop.cookies),
        set_cookies=other(hop.set_cookies),
        client_request_id=f"{copy:08x}{hop.client_request_id[8:]}",
    )


def _session(text: str, more: int) -> str:
    user, _, number = text.rpartition(".")
    return f"{user}.{int(number) + more}"


def _facts(facts: dict[str, Any], copy: int, sessions: int) -> dict[str, Any]:
    changed = dict(facts)
    if isinstance(number := facts.get("number"), int):
        changed["number"] = number + copy * sessions
    if isinstance(session := facts.get("session"), str) and "." in session:
        changed["session"] = _session(session, copy * sessions)
    return changed


def made(folder: Path, wanted: int) -> int:
    """A run directory in `folder` with at least `wanted` hops; how many it has."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("history", "lb.log", "report*"))
    (folder / "history").mkdir()
    lines = list(read_history(EXAMPLE / "history"))
    hops = sum(isinstance(line, Hop) for line in lines)
    copies = -(-wanted // hops)
    with HistoryWriter(folder / "history" / "w0.jsonl", full=compress) as history:
        for line in repeated(lines, copies):
            history.append(line)
    return hops * copies


def analysed(folder: Path) -> tuple[float, float, float]:
    """Seconds of one `exsim analyze`, those of the processor, and the peak of resident memory in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "exsim", "analyze", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"exsim analyze ended with {process.returncode}")
    seconds = time.perf_counter() - began
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hops", type=int, nargs="+", default=[1_000_000], help="sizes to judge")
    parser.add_argument("--repeats", type=int, default=3, help="of each size (3)")
    options = parser.parse_args(arguments)
    for size in options.hops:
        with tempfile.TemporaryDirectory(prefix="exsim-bench-judge-") as place:
            folder = Path(place) / "run"
            hops = made(folder, size)
            runs = [analysed(folder) for _ in range(options.repeats)]
        seconds = statistics.median(run[0] for run in runs)
        each = ", ".join(f"{run[0]:.1f}" for run in runs)
        worked = statistics.median(run[1] for run in runs)
        peak = max(run[2] for run in runs)
        print(
            f"{hops:>9} hops   {seconds:6.1f} s ({each})   {worked:6.1f} s of processor   {peak:5.0f} MiB",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
