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
from exsim.session.tally import TOTAL, Counts, combination, merged

EVERY = 10.0  # seconds between two lines where there is no terminal
PHASES = {
    "main": "the load",
    "control": "each node by itself",
    "forced": "steered sessions",
    "unmask": "steered across, one session for each combination that was prevented",
}


class LiveView:
    """`with LiveView(title) as view:` and `view.show(event)` for everything the load tells."""

    def __init__(self, title: str, wanted: bool = True) -> None:
        self.title = title
        self.console = Console(stderr=True, highlight=False)
        self.wanted = wanted
        self.latest: dict[tuple[str, int], Event] = {}
        self._live: Live | None = None
        self._said = 0.0
        self._hops: dict[tuple[str, int], tuple[float, int, float]] = {}

    def __enter__(self) -> LiveView:
        if self.wanted and self.console.is_terminal:
            self._live = Live(
                Text(f" {self.title}: starting"),
                console=self.console,
                transient=True,
                refresh_per_second=4,
            )
            self._live.start()
        elif self.wanted:
            print(f"{self.title}: started", file=sys.stderr)
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
        if event.get("event") != "live":
            return
        key = str(event.get("run", "")) + str(event.get("phase", "")), int(event.get("worker", 0))
        self._rate(key, event)
        self.latest[key] = event
        if self._live is not None:
            self._live.update(self.screen(event))
        elif self.wanted and time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            print(self.line(event), file=sys.stderr)

    def _rate(self, key: tuple[str, int], event: Event) -> None:
        t, hops, _ = self._hops.get(key, (0.0, 0, 0.0))
        passed = float(event["t"]) - t
        rate = (int(event["hops"]) - hops) / passed if t and passed > 0 else 0.0
        self._hops[key] = (float(event["t"]), int(event["hops"]), rate)

    def _of_phase(self, phase: str) -> list[Event]:
        return [one for one in self.latest.values() if one.get("phase") == phase]

    def counts(self, phase: str) -> Counts:
        """The live matrix, summed over workers."""
        return merged(one["counts"] for one in self._of_phase(phase))

    def line(self, event: Event) -> str:
        """One line of how it goes."""
        phase = str(event["phase"])
        events = self._of_phase(phase)
        total = self.counts(phase)[TOTAL]
        rate = sum(rate for (name, _), (_, _, rate) in self._hops.items() if name.endswith(phase))
        lag = max(float(one.get("lag", 0.0)) for one in events)
        said = (
            f"{float(event['t']):5.0f} s   {sum(int(one['users']) for one in events)} users   "
            f"{rate:.0f} requests/s   {total['sessions']} sessions   {total['lost']} lost"
        )
        return said + (f"   generator late by {lag * 1000:.0f} ms" if lag > 0.05 else "")

    def screen(self, event: Event) -> RenderableType:
        """Title, phase, one line, and the matrix as it fills."""
        phase = str(event["phase"])
        head = Text(f" {self.title}", style="bold")
        what = Text(f" {PHASES.get(phase, phase)}", style="dim")
        return Group(head, what, Text(" " + self.line(event)), self.matrix(self.counts(phase)))

    def matrix(self, counts: Counts) -> Table:
        """Lost / sessions at first meeting, by login and serving front end."""
        cells: dict[tuple[str, str], list[int]] = {}
        for key, row in counts.items():
            if key != TOTAL:
                login, serving, _ = combination(key)
                cell = cells.setdefault((login, serving), [0, 0])
                cell[0] += row["lost"]
                cell[1] += row["sessions"]
        columns = sorted({serving for _, serving in cells})
        table = Table(box=None, pad_edge=True, title=None)
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
