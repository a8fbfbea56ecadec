"""The diagnosis of a finished run: which cause explains its losses by combination, and its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from exsim.judgement.diagnosis.likelihood import BUSY, weigh
from exsim.judgement.diagnosis.rules import NOT_KNOWN, NOTHING_WRONG
from exsim.judgement.diagnosis.signed_in import diagnose_signed_in
from exsim.judgement.diagnosis.strand import logons, seen_at, sent_away, unreached
from exsim.judgement.diagnosis.trial import Pool, Seen, Trial
from exsim.judgement.diagnosis.verdicts import named, not_known
from exsim.judgement.diagnosis.wording import ROWS, diagnosis_of
from exsim.judgement.evidence import Diagnosis
from exsim.judgement.facts import RunFacts
from exsim.judgement.matrix import HomeOf, front_ends, home_of
from exsim.judgement.words import counted_noun, listed, seconds
from exsim.session.identified import COOKIE_PROTOCOLS
from exsim.session.meaning import Sign
from exsim.session.records import Findings, Incident, Session

# A public time-out is a minute at the least, and a logon lives one and a half of it: E13.
SHORTEST_LIFE = 90.0
START = 3.0  # seconds in which a page starts; assumed
SLACK = 1.0  # seconds by which an age may be read too small
OUTCOME_OF = {"0": "unreadable", "2": "credentials", "3": "expired"}

# Kind of finding -> the rule that it names, and how it is told.
TELLING = (
    ("canary_refused", "canary_epoch_change", "449, the canary refused, for mailboxes on"),
    ("version_mismatch", "build_skew", "412, a page of another build, for mailboxes on"),
    ("hang", "boot_stall", "A request of the start got no answer, for mailboxes on"),
    ("throttled", "throttling", "The account was limited, at"),
    ("lb_error", "lb_error", "The balancer's own answer, to the step"),
)
BY_HOME = ("canary_refused", "version_mismatch", "hang")


def diagnose_run(findings: Findings, facts: RunFacts) -> list[Diagnosis]:
    """What a run's losses and findings speak for, best first; empty when there is nothing to explain.

    `not_known` comes first when sessions were lost and no rule explains them.
    """
    cookies = _cookies(findings, facts)
    late = [*_late(findings), *_passed_on(findings)]
    elsewhere = list(_led_away(findings))
    found = list(_findings(findings, facts))
    if cookies and cookies[0].rule == NOT_KNOWN and (late or elsewhere):
        cookies, last = [], cookies
    else:
        last = []
    signed_in = list(diagnose_signed_in(findings, facts))
    return [*_wrong_mailbox(findings), *signed_in, *cookies, *late, *elsewhere, *found, *last]


def _cookies(findings: Findings, facts: RunFacts) -> list[Diagnosis]:
    seen = seen_in(findings.sessions, facts)
    if not seen.refused:
        return []
    found = named(weigh(seen, BUSY), seen, True)
    if found[0].rule == NOTHING_WRONG:  # a stray loss among very many meetings
        return [not_known(seen, 1 - found[0].score, [])]
    return found


def seen_in(sessions: Sequence[Session], facts: RunFacts) -> Seen:
    """Every first meeting of a session with a front end; steered and control sessions tell as much."""
    over = _over(filter(_tells, sessions), facts)
    trials: Counter[Trial] = Counter()
    for session in filter(_tells, sessions):
        trials.update(_trials(session, over))
    pool = Pool(
        tuple(front_ends(sessions, facts)), {node.name: node.version for node in facts.nodes}
    )
    return Seen(pool, trials)


def _tells(session: Session) -> bool:
    return session.login_front_end is not None and session.protocol in COOKIE_PROTOCOLS


def _over(sessions: Iterable[Session], facts: RunFacts) -> float:
    """The age in seconds from which on sessions of this run may have expired."""
    shortest = SHORTEST_LIFE * facts.time_scale - SLACK
    ages = [
        session.incident.age - SLACK
        for session in sessions
        if session.incident
        and session.incident.age >= shortest
        and _is_late(session, session.incident)
    ]
    return max(shortest, min(ages, default=shortest))


def _is_late(session: Session, incident: Incident) -> bool:
    """Refused by a node that had served the session, or held for expired."""
    return incident.reason == "3" or any(m.lost and m.seq != incident.seq for m in session.meetings)


def _trials(session: Session, over: float) -> Iterator[Trial]:
    login, public, incident = session.login_front_end or "", not session.private, session.incident
    for meeting in session.meetings:
        if not meeting.front_end:
            continue
        served_before = incident is not None and meeting.seq != incident.seq
        if not meeting.lost or served_before:
            old = meeting.t - session.began >= over
            yield Trial(login, meeting.front_end, "readable", public, old)
        if meeting.lost and incident is not None and incident.sign != Sign.AUTHORITY_REDIRECT:
            outcome = _outcome(incident, served_before)
            yield Trial(login, meeting.front_end, outcome, public, incident.age >= over)


def _outcome(incident: Incident, served_before: bool) -> str:
    if incident.passed_on:
        return "readable"  # its cookies were read; what refused came after
    if incident.sign == Sign.COOKIES_TAKEN:
        return "odd"
    if served_before and incident.reason in (None, "3"):
        return "outlived"
    return OUTCOME_OF.get(incident.reason or "", "refused")


def _late(findings: Findings) -> Iterator[Diagnosis]:
    """Incidents whose culprit answered a request of an earlier session."""
    losses, late = 0, []
    for incident in _incidents(findings):
        losses += 1
        if incident.of_session is not None:
            late.append(incident.age)
    if late:
        rows = [
            f"{len(late)} of {counted_noun(losses, 'lost session')}: the culprit "
            "answered a request of an earlier session of the same browser.",
            f"Half of them within {seconds(median(late))} of logging on again.",
        ]
        yield diagnosis_of("late_wipe", len(late) / losses, evidence=rows, lost=len(late))


def _passed_on(findings: Findings) -> Iterator[Diagnosis]:
    """Incidents whose refusal names the back end that the request had been passed on to."""
    ones = [one for one in _incidents(findings) if one.passed_on and one.of_session is None]
    if ones:
        asked = Counter((one.passed_on, one.request.partition("?")[0]) for one in ones)
        rows = [
            f"{back_end}, through {listed(sorted(_through(ones, back_end)))}: {request}, "
            f"{counted_noun(count, 'session')}."
            for (back_end, request), count in asked.most_common(ROWS)
        ]
        found = diagnosis_of("back_end_refused", 0.9, evidence=rows)
        found.lost = len(ones)
        yield found


def _through(ones: Sequence[Incident], back_end: str) -> set[str]:
    return {one.front_end or "an unknown node" for one in ones if one.passed_on == back_end}


def _incidents(findings: Findings) -> Iterator[Incident]:
    return (s.incident for s in findings.sessions if s.incident is not None and not s.control)


def _led_away(findings: Findings) -> Iterator[Diagnosis]:
    away = Counter(
        (one.login_front_end or "", one.front_end or "")
        for one in _incidents(findings)
        if one.sign == Sign.AUTHORITY_REDIRECT
    )
    if away:
        kept = Counter(
            meeting.front_end
            for session in findings.sessions
            for meeting in session.meetings
            if meeting.front_end == session.login_front_end and not meeting.lost
        )
        found = sent_away(away, kept)
        found.lost = away.total()
        yield found


def _wrong_mailbox(findings: Findings) -> Iterator[Diagnosis]:
    ones = [one for one in findings.wrong_mailbox if one.protocol in COOKIE_PROTOCOLS]
    if ones:
        places = Counter(one.front_end or "" for one in ones)
        yield seen_at("wrong_mailbox", "Answers from another user's mailbox, through", places)


def _findings(findings: Findings, facts: RunFacts) -> Iterator[Diagnosis]:
    """What went wrong without costing a session, the most frequent first."""
    if not findings.findings:
        return
    home, named = home_of(findings.sessions, facts), {one.session for one in findings.findings}
    homes = {s.id: home(s) or "" for s in findings.sessions if s.id in named}
    failed, refused = Counter[tuple[str, str]](), dict[str, str]()
    for one in findings.findings:
        front_end = one.front_end or ""
        if one.kind == "front_end_503":
            failed[front_end, homes.get(one.session, "")] += 1
        elif one.kind == "server_error" and one.step.startswith("logon"):
            refused[front_end or "a node"] = one.detail or "with an error"
    if refused:
        accepted = {s.login_front_end for s in findings.sessions if s.login_front_end}
        yield from logons(refused, sorted(accepted))
    if failed:
        yield from unreached(failed, _served(findings, home))
    fresh = _without_canary(findings)
    kinds = Counter(one.kind for one in findings.findings)
    for kind, rule, what in sorted(TELLING, key=lambda row: -kinds[row[0]]):
        ones = [one for one in findings.findings if one.kind == kind]
        if kind == "canary_refused":
            ones = [one for one in ones if one.session not in fresh]
        if ones:
            yield seen_at(
                rule,
                what,
                Counter(
                    homes.get(one.session, "") if kind in BY_HOME else one.front_end or one.step
                    for one in ones
                ),
            )


def _without_canary(findings: Findings) -> set[str]:
    """Sessions refused by their canary from the first moment: a page that the browser kept brings none."""
    refused = [one for one in findings.findings if one.kind == "canary_refused"]
    named = {one.session for one in refused}
    if not named:
        return named
    began = {s.id: s.began for s in findings.sessions if s.id in named}
    return {one.session for one in refused if one.t - began.get(one.session, one.t) < START}


def _served(findings: Findings, home: HomeOf) -> Counter[tuple[str, str]]:
    """(front end, back end) -> meetings in which the front end served a mailbox of that back end."""
    return Counter(
        (meeting.front_end, home(session) or "")
        for session in findings.sessions
        for meeting in session.meetings
        if not meeting.lost
    )
