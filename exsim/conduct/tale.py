"""One session of a run with its hops, found by reading the run's history twice.

The first reading finds the session as every judgement does, the second keeps the hops that belong to it:
nobody else's are held.  Front ends are named by the same witnesses as in judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import msgspec

from exsim.conduct.judging import found
from exsim.conduct.lb_log import read_log
from exsim.judgement.proof import replayed
from exsim.runs.directory import RunDirectory
from exsim.runs.errors import RunError
from exsim.runs.runfile import RunFile
from exsim.session.attribution import Attribution
from exsim.session.hop import Hop
from exsim.session.records import Incident, Session

AGAIN = re.compile(rb'"again":true')  # hops that stand in brief, too
NAMED = 6  # sessions that a complaint names
SAME_MOMENT = 0.001  # seconds: a hop and its incident are written from the same clock


@dataclass(frozen=True, slots=True)
class ToldHop:
    """One hop, who answered ("" when no witness says), and its mark: a key of `story.MARKS`."""

    hop: Hop
    front_end: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Tale:
    """A session, the run that it was seen in, and its hops in the order in which answers arrived."""

    session: Session
    run: RunFile
    hops: tuple[ToldHop, ...]


def tell(directory: RunDirectory, name: str) -> Tale:
    """The tale of the session called `name`.  Raises RunError when the run has no such session."""
    log = read_log(directory)
    findings = found(directory, log)
    session = next((one for one in findings.sessions if one.id == name), None)
    if session is None:
        raise RunError(_unknown(directory, name, findings.sessions))
    run = directory.read_run()
    witnesses = Attribution(run.lb_servers, log.served, [run.lb_cookie] if run.lb_cookie else [])
    chosen = Chosen(session, findings.sessions)
    full = {
        line.seq: msgspec.structs.replace(line, again=False)
        for line in directory.history().matching(AGAIN)
        if isinstance(line, Hop) and line.again and line.user == session.user
    }
    hops = []
    for line in directory.history():
        if isinstance(line, Hop):
            front_end, _ = witnesses.front_end(
                line
            )  # of every hop: it learns from what it is shown
            mark = chosen.mark(line) if line.user == session.user else None
            if mark is not None:
                hops.append(ToldHop(full.get(line.seq, line), front_end or "", mark))
    return Tale(session, run, tuple(hops))


class Chosen:
    """Which of a user's hops belong to a session, and how each is marked; asked in order of arrival."""

    def __init__(self, session: Session, sessions: Sequence[Session]) -> None:
        self.session = session
        self.name = base_of(session)
        self.until = min(_later(session, sessions), default=inf)
        self.culprit: Hop | None = None

    def mark(self, hop: Hop) -> str | None:
        """The mark of a hop, or None when it belongs to another."""
        session = self.session
        if not session.began - SAME_MOMENT <= hop.arrived < self.until:
            return None
        incident = session.incident
        if hop.control and not session.control:
            told = incident and self.culprit and replayed(hop, incident, self.culprit)
            return "control" if told else None
        if incident is not None and is_culprit(hop, incident):
            self.culprit = hop
            return "culprit"
        if incident is not None and hop.seq in incident.aftermath:
            return "aftermath"
        return "" if hop.session == self.name else None


def is_culprit(hop: Hop, incident: Incident) -> bool:
    """Whether `hop` is the one that took the session of `incident`."""
    return hop.seq == incident.seq and abs(hop.arrived - incident.t) <= SAME_MOMENT


def base_of(session: Session) -> str:
    """The session as its own hops name it: a second one of the same name ends in a plus sign."""
    return session.id.rstrip("+")


def _later(session: Session, sessions: Sequence[Session]) -> Iterator[float]:
    """When sessions of the same name began after this one."""
    for other in sessions:
        if base_of(other) == base_of(session) and other.began > session.began:
            yield other.began - SAME_MOMENT


def _unknown(directory: RunDirectory, name: str, sessions: Sequence[Session]) -> str:
    where = directory.path.name
    lost = [one.id for one in sessions if one.incident is not None]
    others = [one.id for one in sorted(sessions, key=lambda s: s.control) if one.incident is None]
    if not sessions:
        return f"{name}: run {where} has no session at all"
    known = [
        f"{word} {', '.join(ids[:NAMED])}{', …' if len(ids) > NAMED else ''}"
        for word, ids in (("lost:", lost), ("not lost:", others))
        if ids
    ]
    return f"{name}: run {where} has no such session; {'; '.join(known)}"
