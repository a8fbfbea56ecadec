"""Sessions that no node lost: their account's password was refused soon after.

A front end logs on with what a cookie holds, for each request (E13).  When the password changes, a 440 looks
like any other; the next logon of the same account tells.  Only a refusal with no accepted logon between
explains a loss.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from exsim.session.packed import Packed
from exsim.session.records import Finding, Session

KIND = "password_refused"


class Refusals:
    """When which account's password was refused, in the order in which it was seen."""

    def __init__(self) -> None:
        self._at: dict[str, list[float]] = {}

    def note(self, account: str, t: float) -> None:
        """A refusal at `t` seconds since the run began."""
        if account:
            self._at.setdefault(account.lower(), []).append(t)

    def explain(self, sessions: Packed) -> list[Finding]:
        """End (instead of lost) each session that a refused password explains; a finding for each."""
        if not self._at:
            return []
        began: dict[str, list[float]] = {account: [] for account in self._at}
        for session in sessions:
            began.get(session.account.lower(), []).append(session.began)
        for times in (*self._at.values(), *began.values()):
            times.sort()
        found: list[Finding] = []

        def end(session: Session) -> bool:
            if not self._explains(session, began):
                return False
            found.append(_finding(session))
            session.incident, session.state = None, "ended"
            for meeting in session.meetings:
                meeting.lost = False
            return True

        sessions.amend(end)
        return found

    def _explains(self, session: Session, began: dict[str, list[float]]) -> bool:
        """Whether it was lost, and its password was refused before another session of its account began."""
        account, incident = session.account.lower(), session.incident
        if incident is None or account not in self._at:
            return False
        refused = _first(self._at[account], bisect_left(self._at[account], incident.t))
        again = _first(began[account], bisect_right(began[account], incident.t))
        return refused is not None and (again is None or again >= refused)


def _first(times: list[float], place: int) -> float | None:
    return times[place] if place < len(times) else None


def _finding(session: Session) -> Finding:
    incident = session.incident
    assert incident is not None
    return Finding(
        kind=KIND,
        t=incident.t,
        utc=incident.utc,
        user=session.user,
        session=session.id,
        seq=incident.seq,
        front_end=incident.front_end,
        step=incident.step,
        detail="the next logon of this account was refused: no node lost this session",
    )
