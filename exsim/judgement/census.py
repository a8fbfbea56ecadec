"""The census: what is counted of a run's own sessions, in one reading of them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from exsim.judgement.expectations import telling
from exsim.judgement.facts import RunFacts
from exsim.judgement.matrix import counted, lost_by_itself
from exsim.session.records import Session


@dataclass(slots=True)
class Census:
    """Of the load's own sessions: neither controls nor steered.

    `met`: of them, how many met a front end at all; `changed`: more than one; `telling`: would have, if no
    balancer had kept them.  `nodes`: where they began or whom they met.  `accounts`: account -> whether one
    of its sessions was lost.  `controls`: node that was asked directly -> sessions there, and lost.
    """

    sessions: int = 0
    lost: int = 0
    met: int = 0
    changed: int = 0
    telling: int = 0
    nodes: set[str] = field(default_factory=set)
    accounts: dict[str, bool] = field(default_factory=dict)
    controls: dict[str, list[int]] = field(default_factory=dict)

    def add(self, session: Session, facts: RunFacts) -> None:
        """Count one session."""
        if session.control and session.origin:  # an accounts check goes through the balancer
            count = self.controls.setdefault(session.origin, [0, 0])
            count[0] += 1
            count[1] += session.state == "lost"
        if not counted(session):
            return
        lost, account = lost_by_itself(session), account_of(session)
        self.sessions += 1
        self.lost += lost
        self.met += bool(session.meetings)
        self.changed += changed(session)
        self.telling += telling(
            session.requests, session.connections, facts.opens(session.protocol)
        )
        self.nodes.update(meeting.front_end for meeting in session.meetings)
        if session.login_front_end:
            self.nodes.add(session.login_front_end)
        self.accounts[account] = self.accounts.get(account, False) or lost


def census(sessions: Iterable[Session], facts: RunFacts) -> Census:
    """Count them all."""
    found = Census()
    for session in sessions:
        found.add(session, facts)
    return found


def account_of(session: Session) -> str:
    """The user's number stands in where the account is not known."""
    return session.account or f"user {session.user}"


def changed(session: Session) -> bool:
    """Whether a session was served by another front end than the one it began at, or by two."""
    met = {meeting.front_end for meeting in session.meetings if meeting.natural}
    return len(met | ({session.login_front_end} - {None})) > 1
