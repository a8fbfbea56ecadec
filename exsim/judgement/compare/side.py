"""One of two runs as a comparison takes it: how it was judged, how it was set up, and its accounts' losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exsim.judgement.census import account_of
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
    def sessions(self) -> Iterator[Session]:
        """The load's own: no control and nothing steered.  Of a long run they are read anew each time."""
        return filter(counted, self.judgement.findings.sessions)

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
        sums: dict[str, Counts] = {}
        for session in self.sessions:
            if session.protocol == protocol:
                _add(sums, session, lost_by_itself(session))
        return sums

    def by_pair(self, protocol: str, with_home: bool) -> dict[Pair, dict[str, Counts]]:
        """Combination -> account -> meetings that lost the session, and first meetings in all."""
        home = home_of(self.judgement.findings.sessions, self.judgement.facts)
        found: dict[Pair, dict[str, Counts]] = {}
        for session in self.sessions:
            if session.protocol == protocol:
                where = home(session) if with_home else None
                for meeting in session.meetings:
                    if meeting.natural:
                        key = (session.login_front_end, meeting.front_end, where)
                        _add(found.setdefault(key, {}), session, meeting.lost)
        return found


def _add(sums: dict[str, Counts], session: Session, lost: bool) -> None:
    """One more session of its account."""
    bad, of = sums.get(account_of(session), (0, 0))
    sums[account_of(session)] = bad + lost, of + 1
