"""The runs that stand in a folder, newest last: what each was, how it ended, what it lost.  Nothing is judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from exsim.conduct.facts import shown
from exsim.judgement.results import Results, decode
from exsim.runs import given
from exsim.runs.directory import LATEST, RUN_FILE, RunDirectory
from exsim.runs.errors import RunError
from exsim.runs.runfile import RunFile

FORMAT = "exsim-runs/1"
DEPTH = 3  # folder/scenario/time
UNJUDGED = "not judged"
ROW = (
    ("began (UTC)", 17),
    ("scenario", 24),
    ("outcome", 14),
    ("lost/of", 9),
    ("run", 0),
)  # a column and its width
NARROWER = ((), ("scenario",), ("scenario", "began (UTC)"))  # left out: a run's own path says both


class ListedRun(msgspec.Struct, frozen=True):
    """One run.  `outcome`: pass, fail, inconclusive, or "not judged"; `ended`: how it was cut short, or ""."""

    run: str
    scenario: str
    title: str
    started: str
    outcome: str
    masked: bool
    sessions: int
    lost: int
    users: int
    balancer: str
    rig: str
    ended: str


class RunList(msgspec.Struct, frozen=True):
    """All runs of a folder, in the order in which they began."""

    format: str
    folder: str
    runs: list[ListedRun]


def runs_in(folder: Path) -> RunList:
    """The runs below `folder`, or the one that it is.  Raises RunError when it is no folder."""
    if not folder.is_dir():
        why = "is no folder" if folder.exists() else "there is no run yet"
        raise RunError(f"{folder}: {why}")
    found = [listed(path) for path in _directories(folder, DEPTH)]
    return RunList(FORMAT, shown(folder), sorted(found, key=lambda run: (run.started, run.run)))


def _directories(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / RUN_FILE).is_file():
        yield folder
        return
    if depth > 1:
        for inner in sorted(folder.iterdir()):
            if inner.is_dir() and inner.name != LATEST:
                yield from _directories(inner, depth - 1)


def listed(path: Path) -> ListedRun:
    """What one run's directory says of itself; one that cannot be read says so."""
    directory = RunDirectory(path)
    try:
        run = directory.read_run()
    except RunError:
        return ListedRun(
            shown(path), path.parent.name, "", "", UNJUDGED, False, 0, 0, 0, "", "", "unreadable"
        )
    document = _results(directory)
    return ListedRun(
        run=shown(path),
        scenario=run.scenario,
        title=run.title,
        started=run.started,
        outcome=document.outcome if document else UNJUDGED,
        masked=document.masked if document else False,
        sessions=document.sessions if document else 0,
        lost=document.lost if document else 0,
        users=run.users,
        balancer=Path(run.balancer).name,
        rig=run.rig,
        ended=ending(run),
    )


def _results(directory: RunDirectory) -> Results | None:
    if not directory.results.is_file():  # nor do we wait for what a pipe there may bring
        return None
    try:
        return decode(given.content(directory.results))
    except (OSError, ValueError, RecursionError):  # of text that is none, or none of ours
        return None


def ending(run: RunFile) -> str:
    """How a run was cut short: broke, stopped, interrupted, lost a worker, no end; or ""."""
    if run.crashed:
        return "broke"
    if run.stopped:
        return "stopped"
    if run.interrupted:
        return "interrupted"
    if run.lost_workers:
        return "lost a worker"
    return "" if run.ended else "no end"


def as_text(found: RunList, columns: int | None = None) -> str:
    """A line a run, in so many columns where that can be done without the run's path, which is there to be pasted."""
    if not found.runs:
        return f" {found.folder}: there is no run yet\n"
    rows = [{**{name: name for name, _ in ROW}, "run": " run"}, *map(_cells, found.runs)]
    for without in NARROWER:
        lines = [_line(row, without) for row in rows]
        if columns is None or max(map(len, lines)) <= columns:
            break
    return "\n".join(lines) + "\n"


def _line(row: dict[str, str], without: tuple[str, ...]) -> str:
    kept = [(name, width) for name, width in ROW if name not in without]
    cells = (
        f"{row[name]:>{width}} " if name == "lost/of" else f"{row[name]:<{width}}"
        for name, width in kept
    )
    return " " + "".join(cells)


def _cells(run: ListedRun) -> dict[str, str]:
    counted = f"{run.lost}/{run.sessions}" if run.outcome != UNJUDGED else "-"
    return {
        "began (UTC)": run.started.replace("T", " ")[:16],
        "scenario": _short(run.scenario, 23),
        "outcome": "pass, masked" if run.masked else run.outcome,
        "lost/of": counted,
        "run": f" {run.run} ({run.ended})" if run.ended else f" {run.run}",
    }


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def encode(found: RunList) -> bytes:
    """The list as JSON."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1)


def schema() -> dict[str, Any]:
    """The JSON Schema of the list."""
    return msgspec.json.schema(RunList)
