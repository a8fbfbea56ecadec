"""What befalls a lab while its users work, when its time has come, and the mark that it leaves in each history."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from exsim.conduct.gate_assumptions import Supposed
from exsim.conduct.loading import Event
from exsim.lab.lab import Lab
from exsim.runs.history import HistoryWriter
from exsim.runs.plan import Plan
from exsim.runs.runbook import Runbook, moment
from exsim.session.hop import Mark

MARKS = "w-lab.jsonl"  # beside the workers' own histories


class Befalling:
    """Hears what the loads of one lab tell, about once a second each, and acts when it is time.

    `names`: the balancers within the lab.  Raises LbError when a balancer does not obey.
    """

    def __init__(
        self,
        supposed: Supposed,
        lab: Lab,
        names: Sequence[str],
        plans: Sequence[Plan],
        books: Sequence[Runbook],
    ) -> None:
        self.lab = lab
        self.names = names
        self.books = books
        self.runs = {plan.name for plan in plans}
        scenario = plans[0].scenario
        assert scenario.lab is not None
        self.node = scenario.lab.nodes[0].name
        self.span = scenario.load.duration * scenario.lab.time_scale
        self.waiting = list(supposed.acts)
        self.began: float | None = None

    @property
    def done(self) -> bool:
        """Whether all of it has happened."""
        return not self.waiting

    def heard(self, event: Event) -> None:
        """News of a load: the clock begins with its first user."""
        if event.get("run") not in self.runs or event.get("phase") != "main":
            return
        if self.began is None:
            if event.get("users"):
                self.began = float(event["t"])
            return
        while self.waiting and float(event["t"]) >= self.began + self.waiting[0].at * self.span:
            act = self.waiting.pop(0)
            for name in self.names if act.at_each else self.names[:1]:
                act.do(self.lab, self.lab.balancers[name], self.node)
            self._mark(act.mark)

    def _mark(self, what: str) -> None:
        now = time.time()
        utc = moment(datetime.fromtimestamp(now, UTC))
        for book in self.books:
            with HistoryWriter(book.directory.history_folder / MARKS) as history:
                history.append(Mark(utc, round(now - book.run.zero, 3), what, 0, {"node": self.node}))  # fmt: skip
