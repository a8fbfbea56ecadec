"""Whether a run that is under way has met everything that its scenario asks about: then it may end early.

Looks at the live matrix, summed over workers.  It never decides what the outcome is: that is the judgement's,
over the history, when the load is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from exsim.conduct.loading import Event
from exsim.judgement.sequential import shown
from exsim.runs.assignment import Assignment
from exsim.runs.scenario import Scenario
from exsim.runs.sections import LostLimit
from exsim.session.tally import SEPARATOR, TOTAL, Counts, combination, merged

Cell = tuple[str, str, str]  # login front end, serving front end, mailbox back end

KEY = SEPARATOR.join  # of a cell, in the counts


class Deciding:
    """Fed the news of every worker.  `decided`: each cell that `[expect]` names has been met often enough,
    and each of its limits is shown to be kept or broken."""

    def __init__(
        self, scenario: Scenario, versions: Mapping[str, str], assignment: Assignment
    ) -> None:
        self._expect = scenario.expect
        self._versions = versions
        self._enough = max(1, scenario.expect.min_sessions_per_combination)
        self._nodes = [name.upper() for name in versions]
        used = (account for users in assignment.users for user in users for account in user)
        self._homes = dict.fromkeys((account.node or account.home).upper() for account in used)
        self._latest: dict[int, Event] = {}
        self._told: set[str] = set()

    def take(self, event: Event) -> None:
        """The news of one worker's main phase; other phases count nothing."""
        if event.get("event") == "live" and event.get("phase") == "main":
            self._latest[int(event["worker"])] = event

    @property
    def met_at_all(self) -> bool:
        """Whether each combination was met by some session: then the balancer prevents none."""
        counts = self._counts()
        return bool(self._nodes) and all(KEY(cell) in counts for cell in self._cells())

    @property
    def decided(self) -> bool:
        if not self._nodes:  # nobody said which combinations there are
            return False
        counts = self._counts()
        met = all(self._met(counts, cell) for cell in self._cells())
        return met and all(self._shown(limit, counts) for limit in self._expect.lost)

    def fresh_words(self) -> list[Event]:
        """A word for the loads about each mailbox back end that needs no further sessions, once.

        Its users may go: what they would still meet is known, and the others get the machine for themselves.
        Where a limit counts sessions everybody stays.
        """
        if self._expect.lost:
            return []
        counts = self._counts()
        met = [
            home
            for home in self._homes
            if home not in self._told
            and all(self._met(counts, cell) for cell in self._cells() if cell[2] == home)
        ]
        self._told.update(met)
        return [{"event": "met", "home": home} for home in met]

    def _met(self, counts: Counts, cell: Cell) -> bool:
        return counts.get(KEY(cell), {}).get("sessions", 0) >= self._enough

    def _counts(self) -> Counts:
        return merged(one["counts"] for one in self._latest.values())

    def _cells(self) -> Iterator[Cell]:
        for login in self._nodes:
            for serving in self._nodes:
                for home in self._homes:
                    yield login, serving, home

    def _shown(self, limit: LostLimit, counts: Counts) -> bool:
        """Over sessions, by half of what may go wrong: a run that is not ended early is judged by the other half.

        It is asked again and again, so a bound for one moment would not do.  Over accounts only a whole run shows it.
        """
        if limit.over != "sessions" or limit.protocol not in ("", "owa"):
            return False
        sessions, lost = self._counted(limit, counts)
        return shown(lost, sessions, limit.max, (1 - limit.confidence) / 2)

    def _counted(self, limit: LostLimit, counts: Counts) -> tuple[int, int]:
        if not (limit.login or limit.serving or limit.home):
            return counts[TOTAL]["sessions"], counts[TOTAL]["lost"]
        rows = [
            row
            for key, row in counts.items()
            if key != TOTAL
            and self._matches(combination(key), (limit.login, limit.serving, limit.home))
        ]
        return sum(row["sessions"] for row in rows), sum(row["lost"] for row in rows)

    def _matches(self, cell: Sequence[str], wanted: Sequence[str]) -> bool:
        return all(
            not name or name in (place, self._versions.get(place))
            for name, place in zip(wanted, cell, strict=True)
        )
