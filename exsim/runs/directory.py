"""The directory of one run: where everything stands, how it is made, how it is found again.

    reports/<scenario>/<UTC time>/   run.json, scenario.toml, haproxy.cfg, history/, lb.log, nodes/ …
    reports/<scenario>/latest        a link, and latest.txt for machines without links

What is written here has been redacted on the way in, by this file where it writes itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exsim.runs import parts
from exsim.runs.document import text_of
from exsim.runs.errors import RunError
from exsim.runs.history import History, read_history
from exsim.runs.made import NAME as LEDGER
from exsim.runs.resolved import as_toml
from exsim.runs.runfile import FORMAT, RunFile, impossible
from exsim.runs.scenario import Scenario, parse_scenario
from exsim.runs.written import replace
from exsim.wire.redact_config import redact_config

LATEST = "latest"
LATEST_TEXT = "latest.txt"
RUN_FILE = "run.json"
_TIME = "%Y-%m-%dT%H-%M-%SZ"  # no colons: Windows


class RunDirectory:
    """The places in one run's directory.  Making one creates nothing; `create` does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run_file = path / RUN_FILE
        self.scenario_file = path / "scenario.toml"
        self.balancer_file = path / "haproxy.cfg"
        self.history_folder = path / "history"
        self.lb_log = path / "lb.log"
        self.nodes_folder = path / "nodes"
        self.ledger = path / LEDGER  # of what the run made in mailboxes
        # from here on everything can be made again from what stands above
        self.incidents = path / "incidents.jsonl"
        self.results = path / "results.json"
        self.report_text = path / "report.txt"
        self.report_html = path / "report.html"
        self.junit = path / "junit.xml"
        self.matrix_csv = path / "matrix.csv"
        self.locust_stats = path / "locust_stats.csv"

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r})"

    @property
    def nginx_file(self) -> Path:
        """The balancer's file where that was an nginx, instead of `balancer_file`."""
        return self.path / "nginx.conf"

    @property
    def derived(self) -> tuple[Path, ...]:
        """What `exsim analyze` makes anew."""
        return (
            *(self.incidents, self.results, self.report_text, self.report_html),
            *(self.junit, self.matrix_csv),
        )

    @classmethod
    def create(cls, root: Path, scenario_name: str, now: datetime) -> RunDirectory:
        """A new directory below `root` for a run that begins at `now`, and `latest` pointing to it.

        `now` must know its zone.  Of two runs in one second the later gets a number behind its time.
        """
        home = root / _safe(scenario_name)
        stamp = now.astimezone(UTC).strftime(_TIME)
        path, number = home / stamp, 1
        home.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                path.mkdir()
                break
            except FileExistsError:
                number += 1
                path = home / f"{stamp}-{number}"
        made = cls(path)
        made.history_folder.mkdir()
        _point(home, path.name)
        return made

    def history_file(self, worker: int, phase: str = "") -> Path:
        """One worker's own file; `phase` where several load processes follow one another in a run."""
        return self.history_folder / f"{parts.name_of(worker, phase)}.jsonl"

    def history(self) -> History:
        """All hops and marks, in the order of arrival."""
        return read_history(self.history_folder)

    def write_run(self, run: RunFile) -> None:
        """Write run.json in one step: whoever reads it sees the former one or this one, whole."""
        data = msgspec.json.format(msgspec.json.encode(run), indent=1)
        part = self.run_file.with_suffix(".part")
        try:
            part.write_bytes(data + b"\n")
        except OSError as problem:
            problem.filename = problem.filename or str(self.run_file)  # a full disk names nobody
            raise
        part.replace(self.run_file)

    def read_run(self) -> RunFile:
        """run.json.  Raises RunError when there is none, or one that this version cannot read."""
        try:
            data = self.run_file.read_bytes()
        except OSError as problem:
            raise RunError(f"{self.run_file}: {problem.strerror}; it holds no run") from None
        try:
            found = msgspec.json.decode(data, type=_Format).format
            if found != FORMAT:
                raise RunError(f'{self.run_file}: format "{found}"; this exsim reads "{FORMAT}"')
            run = msgspec.json.decode(data, type=RunFile)
        except (msgspec.DecodeError, ValueError, RecursionError) as problem:
            raise RunError(f"{self.run_file}: {problem}") from None
        for key, why in impossible(run):
            raise RunError(f"{self.run_file}: {key}: {why}")
        return run

    def write_scenario(self, scenario: Scenario) -> None:
        """The scenario as resolved, defaults filled in."""
        self.scenario_file.write_text(as_toml(scenario), encoding="utf-8")

    def read_scenario(self) -> Scenario:
        """Raises RunError when there is none, ScenarioError when it is damaged."""
        if not self.scenario_file.exists():
            raise RunError(f"{self.scenario_file}: {os.strerror(errno.ENOENT)}")
        return parse_scenario(text_of(self.scenario_file), str(self.scenario_file))

    def write_balancer(self, text: str, *, nginx: bool = False) -> None:
        """The balancer's file as run, without its secrets."""
        file = self.nginx_file if nginx else self.balancer_file
        file.write_text(redact_config(text), encoding="utf-8")

    def read_balancer(self) -> str:
        """The balancer's file as it was kept; "" where there was none.  It is shown, and nothing hangs on it."""
        for file in (self.balancer_file, self.nginx_file):
            if file.is_file():
                return file.read_text(encoding="utf-8", errors="replace")
        return ""


class _Format(msgspec.Struct):
    format: str = ""


def _safe(name: str) -> str:
    """`name` as the name of a folder on any system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "run"


def _point(home: Path, name: str) -> None:
    """Let `latest` mean the run called `name`: as text everywhere, as a link where there are links."""
    replace(home / LATEST_TEXT, name + "\n")
    fresh = home / f".{LATEST}-{os.getpid()}"
    with contextlib.suppress(OSError, NotImplementedError):  # Windows wants a right for it
        fresh.symlink_to(name, target_is_directory=True)
        fresh.replace(home / LATEST)


def open_run(text: str, root: Path = Path("reports")) -> RunDirectory:
    """The run that `text` means.

    A directory; "latest", of all runs below `root`; or a scenario's name, with or without "/latest",
    for its last one.  Raises RunError.
    """
    if text == LATEST:
        return RunDirectory(_last_of_all(root))
    given = Path(text)
    for path in (given, root / given):
        if given.name == LATEST and not (path / RUN_FILE).is_file():
            path = path.parent
        if (path / RUN_FILE).is_file():
            return RunDirectory(path.resolve())
        found = _last_of(path)
        if found is not None:
            return RunDirectory(found)
    raise RunError(f"{text}: there is no run; a run's directory holds {RUN_FILE}")


def _last_of(home: Path) -> Path | None:
    said = home / LATEST_TEXT
    try:
        name = said.read_text(encoding="utf-8").strip() if said.is_file() else ""
    except OSError:
        return None
    path = home / _safe(name)
    return path.resolve() if (path / RUN_FILE).is_file() else None


def _last_of_all(root: Path) -> Path:
    homes = sorted(root.iterdir()) if root.is_dir() else []
    runs = [path for home in homes if (path := _last_of(home)) is not None]
    if not runs:
        raise RunError(f"{root}: there is no run yet")
    return max(runs, key=lambda path: (path.name, path.stat().st_mtime))
