"""The terminal while a run goes on: users, requests, sessions, losses so far, the matrix filling.

On standard error, so that standard output stays clean for results.  Where it is no terminal, a line now
and then.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from exsim.conduct.loading import Event
from exsim.conduct.patience import LIVE, SILENT
from exsim.session.tally import TOTAL, Counts, combination, merged

EVERY = 10.0  # seconds between two lines where there is no terminal
LATE = 0.05  # seconds behind its own plan from which a generator is said to be late
PHASES = {
    "main": "the load",
    "control": "each node by itself",
    "forced": "steered sessions",
    "unmask": "steered across, one session for each combination that was prevented",
}


class Progress:
    """One run's news: the latest of each worker, in the phase that the run is in."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.phase = ""
        self.latest: dict[int, Event] = {}
        self.rates: dict[int, float] = {}
        self.silent: dict[int, float] = {}  # worker -> the run's own time at its last news

    def take(self, event: Event) -> None:
        """News of one worker; a new phase begins with empty hands."""
        worker = int(event["worker"])
        if event["phase"] != self.phase:
            self.phase = str(event["phase"])
            self.latest.clear()
            self.rates.clear()
            self.silent.clear()
        self.silent.pop(worker, None)
        before = self.latest.get(worker)
        if before is not None and float(event["t"]) > float(before["t"]):
            passed = float(event["t"]) - float(before["t"])
            self.rates[worker] = (int(event["hops"]) - int(before["hops"])) / passed
        self.latest[worker] = event

    @property
    def counts(self) -> Counts:
        """The live matrix, summed over workers."""
        return merged(one["counts"] for one in self.latest.values())

    def line(self) -> str:
        """One line of how it goes."""
        news = list(self.latest.values())
        total = self.counts[TOTAL]
        late = max(float(one.get("lag", 0.0)) for one in news)
        said = (
            f"{max(float(one['t']) for one in news):4.0f} s   "
            f"{sum(int(one['users']) for one in news)} users   "
            + (f"{sum(self.rates.values()):.0f} requests/s   " if self.rates else "")
            + f"{total['sessions']} sessions   {total['lost']} lost"
        )
        said += f"   generator late by {late * 1000:.0f} ms" if late > LATE else ""
        waits = max(float(one.get("waits", 0.0)) for one in news)
        said += f"   waits {waits:.0f} s for logons_per_minute" if waits else ""
        return "   ".join([said, *self.silences()])

    def fell_silent(self, event: Event) -> None:
        """One worker tells no news; what it told last stays counted, and its rate is known no more."""
        worker = int(event["worker"])
        self.silent[worker] = float(event["since"])
        self.rates.pop(worker, None)

    def silences(self) -> list[str]:
        """Who tells no news, by the number that the verdict has for it."""
        return [
            f"load process {worker + 1} silent since {since:.0f} s"
            for worker, since in sorted(self.silent.items())
        ]

    def heading(self) -> str:
        """The title, and the phase where it is not the load: its losses are not those of the load."""
        return self.title if self.phase == "main" else f"{self.title}, {self.doing()}"

    def doing(self) -> str:
        """The phase, in words."""
        return PHASES.get(self.phase, self.phase)

    def screen(self) -> RenderableType:
        """Title, phase, one line, and the matrix as it fills."""
        if not self.latest:
            return Text(f" {self.title}: starting")
        return Group(
            Text(f" {self.title}", style="bold"),
            Text(f" {self.doing()}", style="dim"),
            Text(f" {self.line()}"),
            filling(self.counts),
        )


class LiveView:
    """`with LiveView({run: title}) as view:` and `view.show(event)` for everything the loads tell."""

    def __init__(self, titles: dict[str, str], wanted: bool = True) -> None:
        self.runs = {run: Progress(title) for run, title in titles.items()}
        self.console = Console(stderr=True, highlight=False)
        self.wanted = wanted
        self._live: Live | None = None
        self._said: dict[str, float] = {}

    def __enter__(self) -> LiveView:
        if self.wanted and self.console.is_terminal:
            self._live = Live(
                self.screen(), console=self.console, transient=True, refresh_per_second=4
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, event: Event) -> None:
        """Take one event of a load process."""
        run = str(event.get("run", ""))
        progress = self.runs.get(run)
        kind = event.get("event")
        if kind not in (LIVE, SILENT) or progress is None:
            return
        take = progress.take if kind == LIVE else progress.fell_silent
        take(event)
        at_once = kind == SILENT
        if self._live is not None:
            self._live.update(self.screen())
        elif self.wanted and (at_once or time.monotonic() - self._said.get(run, 0.0) >= EVERY):
            self._said[run] = time.monotonic()
            print(f"{progress.heading()}: {progress.line().strip()}", file=sys.stderr)

    def screen(self) -> RenderableType:
        """All runs, one below the other."""
        return Group(*(progress.screen() for progress in self.runs.values()))


def filling(counts: Counts) -> Table:
    """Lost / sessions at first meeting, by login and serving front end, whatever the back end."""
    cells: dict[tuple[str, str], list[int]] = {}
    for key, row in counts.items():
        if key != TOTAL:
            login, serving, _ = combination(key)
            cell = cells.setdefault((login, serving), [0, 0])
            cell[0] += row["lost"]
            cell[1] += row["sessions"]
    columns = sorted({serving for _, serving in cells})
    table = Table(box=None, pad_edge=True)
    table.add_column("lost / sessions; logged on at")
    for serving in columns:
        table.add_column(f"served by {serving}", justify="right")
    for login in sorted({login for login, _ in cells}):
        table.add_row(login, *(cell_text(cells.get((login, serving))) for serving in columns))
    return table


def cell_text(cell: list[int] | None) -> Text:
    """A cell in words and figures; never a colour without a word."""
    if cell is None:
        return Text("-", style="dim")
    lost, sessions = cell
    return Text(f"{lost}/{sessions} LOST", style="bold red") if lost else Text(f"{lost}/{sessions}")
