"""A loss: the incident, its culprit's meeting, and the refusals that came after it."""

from __future__ import annotations

from exsim.session.attribution import BE_SERVER, CALCULATED_BE, net_bios
from exsim.session.browser import Followed, Reading
from exsim.session.hop import Hop
from exsim.session.machine import State
from exsim.session.meaning import DEFINITE, Sign
from exsim.session.records import Incident, Meeting
from exsim.session.signs import deletes_logon_cookies, reason_of

# A front end's own refusal names no back end: it asked none.  One that does is a back end's 401, or on ECP its
# 403 or 404, of which the front end makes the same (E13).
REFUSED_IN_FULL = frozenset({Sign.LOGON_REDIRECT, Sign.LOGIN_TIMEOUT})


def note_meeting(session: Followed, hop: Hop, front_end: str, evidence: str) -> Meeting:
    """The meeting of `session` with `front_end`: the first one, made now if there was none."""
    meeting = session.met.get(front_end)
    if meeting is None:
        meeting = Meeting(
            front_end=front_end,
            t=hop.arrived,
            seq=hop.seq,
            evidence=evidence,
            natural=not (hop.forced or session.record.forced),
        )
        session.met[front_end] = meeting
        session.record.meetings.append(meeting)
    return meeting


def _cause_elsewhere(session: Followed, reading: Reading) -> str | None:
    """The other session whose late answer is behind this loss: it took the cookies, or mixed them."""
    if reading.sender is not session:
        return reading.sender.record.id if reading.sender else reading.hop.session
    other = reading.browser.mixed_with(session, reading.hop)
    return other.record.id if other else None


def lose(session: Followed, reading: Reading) -> Incident:
    """The answer in `reading` is the culprit that lost `session`."""
    hop, sign = reading.hop, reading.sign
    incident = blame(
        session,
        reading,
        sign=sign if sign in DEFINITE else Sign.COOKIES_TAKEN,
        took_cookies=reading.browser.jar is session and deletes_logon_cookies(hop),
        of_session=_cause_elsewhere(session, reading),
        reason=reason_of(hop) if sign is Sign.LOGON_REDIRECT else None,
    )
    if sign in REFUSED_IN_FULL:
        told = hop.headers.get(CALCULATED_BE) or hop.headers.get(BE_SERVER) or ""
        incident.passed_on = net_bios(told)
    for refusal, refuser in session.early:
        if refusal.t >= hop.t:  # sent after the culprit, and written before it
            append(incident, refusal, refuser)
    session.early.clear()
    return incident


def blame(
    session: Followed,
    reading: Reading,
    sign: Sign | None = None,
    took_cookies: bool = False,
    of_session: str | None = None,
    reason: str | None = None,
) -> Incident:
    """The incident of `session`, whose culprit is the answer in `reading`; `sign` as read, unless given."""
    record, hop, front_end = session.record, reading.hop, reading.front_end
    incident = record.incident = Incident(
        session=record.id,
        user=record.user,
        t=hop.arrived,
        utc=hop.utc,
        seq=hop.seq,
        sign=(sign or reading.sign).value,
        step=hop.step,
        request=hop.request,
        login_front_end=record.login_front_end,
        front_end=front_end,
        back_end=record.back_end,
        evidence=reading.evidence,
        took_cookies=took_cookies,
        of_session=of_session,
        reason=reason,
        age=hop.arrived - record.began,
        request_id=hop.request_id,
        client_request_id=hop.client_request_id,
        refusers=[front_end] if front_end else [],
    )
    session.move(State.LOST, hop.arrived)
    if front_end is not None and of_session is None:
        # A late answer is no trial of this session's combination: other cookies were refused there.
        note_meeting(session, hop, front_end, reading.evidence).lost = True
    return incident


def follow(reading: Reading) -> None:
    """Keep a refusal of what is already lost; or one that is written too early to be told from such."""
    hop, front_end = reading.hop, reading.front_end
    session = reading.sender or reading.browser.sessions.get(hop.session)
    if session is None:
        return
    incident = session.record.incident
    if incident is None:
        if session.state is State.LIVE:
            session.early.append((hop, front_end))
    elif incident.seq != hop.seq:
        append(incident, hop, front_end)
        same_cookies = reading.sender is not None and front_end == incident.front_end
        if same_cookies and reading.sign is Sign.LOGON_REDIRECT:
            tell_reason(incident, hop)


def append(incident: Incident, hop: Hop, front_end: str | None) -> None:
    """One refusal more, after the culprit."""
    incident.aftermath.append(hop.seq)
    if front_end is not None and front_end not in incident.refusers:
        incident.refusers.append(front_end)


def tell_reason(incident: Incident, hop: Hop) -> None:
    """The culprit said why, in a redirect: a 440 has no room for a reason, a GET's answer has."""
    if incident.reason is None:
        incident.reason = reason_of(hop)
