"""One of two runs as a comparison takes it: how it was judged, how it was set up, and its accounts' losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exsim.judgement.compare.difference import Counts
from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import counted, home_of, lost_by_itself
from exsim.session.records import Session

Step = tuple[str, str]  # protocol, step
Pair = tuple[str | None, str, str | None]  # login front end, serving front end, mailbox back end


@dataclass(frozen=True, slots=True)
class Side:
    """`letter`: A or B.  `scenario`: as resolved.  `versions`: what ran, by program.

    `medians`: for each step, each user's own median time in seconds.
    """

    letter: str
    judgement: Judgement
    scenario: Mapping[str, Any]
    versions: Mapping[str, str] = field(default_factory=dict)
    medians: Mapping[Step, list[float]] = field(default_factory=dict)

    @property
    def sessions(self) -> list[Session]:
        """The load's own: no control and nothing steered."""
        return [one for one in self.judgement.findings.sessions if counted(one)]

    @property
    def config(self) -> str:
        balancer = self.judgement.facts.balancer
        return balancer.config if balancer else ""

    @property
    def balancer(self) -> str:
        """The name of the balancer's file, or "" where there was none."""
        balancer = self.judgement.facts.balancer
        return balancer.name if balancer else ""

    def protocols(self) -> list[str]:
        return list(dict.fromkeys(one.protocol for one in self.sessions))

    def by_account(self, protocol: str) -> dict[str, Counts]:
        """Account -> sessions lost and sessions in all."""
        mine = (one for one in self.sessions if one.protocol == protocol)
        return _sums((one, lost_by_itself(one)) for one in mine)

    def by_pair(self, protocol: str, with_home: bool) -> dict[Pair, dict[str, Counts]]:
        """Combination -> account -> meetings that lost the session, and first meetings in all."""
        home = home_of(self.judgement.findings.sessions, self.judgement.facts)
        found: dict[Pair, list[tuple[Session, bool]]] = {}
        for session in self.sessions:
            if session.protocol == protocol:
                where = home(session) if with_home else None
                for meeting in session.meetings:
                    if meeting.natural:
                        key = (session.login_front_end, meeting.front_end, where)
                        found.setdefault(key, []).append((session, meeting.lost))
        return {key: _sums(members) for key, members in found.items()}


def _sums(members: Iterable[tuple[Session, bool]]) -> dict[str, Counts]:
    sums: dict[str, Counts] = {}
    for session, lost in members:
        name = session.account or f"user {session.user}"
        before = sums.get(name, (0, 0))
        sums[name] = (before[0] + lost, before[1] + 1)
    return sums
