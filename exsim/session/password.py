"""Sessions that no node lost: their account's password was refused soon after.

A front end logs on with what a cookie holds, for each request (E13).  When the password changes, a 440 looks
like any other; the next logon of the same account tells.  Only a refusal with no accepted logon between
explains a loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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

    def explain(self, sessions: Sequence[Session]) -> Iterable[Finding]:
        """End (instead of lost) each session that a refused password explains; a finding for each."""
        for session in sessions:
            incident = session.incident
            if incident is None or not self._explains(session, sessions):
                continue
            session.incident, session.state = None, "ended"
            for meeting in session.meetings:
                meeting.lost = False
            yield Finding(
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

    def _explains(self, session: Session, sessions: Sequence[Session]) -> bool:
        account = session.account.lower()
        lost = session.incident.t if session.incident is not None else 0.0
        refused = next((t for t in self._at.get(account, ()) if t >= lost), None)
        if refused is None:
            return False
        return not any(
            lost < other.began < refused
            for other in sessions
            if other is not session and other.account.lower() == account
        )
