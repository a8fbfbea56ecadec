"""Sessions that no node lost: their account's password was refused soon after.

A front end logs on with what a cookie holds, for each request (E13).  When the password changes, a 440 looks
like any other; the next logon of the same account tells.  A refusal explains a loss only where nothing speaks
against it: another reason that the culprit gave, a late answer, or the same password accepted afterwards.
"""

from __future__ import annotations

from exsim.session.meaning import Sign
from exsim.session.packed import Kept
from exsim.session.records import Finding, Incident, Session
from exsim.wire import names

KIND = "password_refused"
BOUNCED = frozenset({Sign.LOGIN_TIMEOUT, Sign.LOGON_REDIRECT, Sign.LOGON_PAGE_AS_DATA})


class Refusals:
    """When which account's password was refused, for the last time."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def note(self, account: str, t: float) -> None:
        """A refusal at `t` seconds since the run began."""
        if account:
            account = account.lower()
            self._at[account] = max(t, self._at.get(account, t))

    def explain(self, sessions: Kept) -> list[Finding]:
        """End (instead of lost) each session that a refused password explains; a finding for each."""
        if not self._at:
            return []
        began: dict[str, float] = {}  # account -> when its password was accepted for the last time
        for session in sessions:
            account = session.account.lower()
            if account in self._at:
                began[account] = max(session.began, began.get(account, session.began))
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

    def _explains(self, session: Session, began: dict[str, float]) -> bool:
        """Whether it was lost, its password was refused after that, and never accepted again."""
        account, incident = session.account.lower(), session.incident
        if incident is None or account not in self._at or not _may_be_password(incident):
            return False
        return began[account] <= incident.t <= self._at[account]


def _may_be_password(incident: Incident) -> bool:
    """Whether the culprit's answer may be that of a node that read the cookies, and was refused their password."""
    said = incident.reason in (None, names.REASON_CREDENTIALS)
    return said and incident.of_session is None and incident.sign in BOUNCED


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
