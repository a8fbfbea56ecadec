"""One session of a run, for a person: who, when, where, and every hop of it.

Any session: lost or kept, the load's own, a control at a node by itself, one that was steered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from exsim.conduct.curl import as_curl
from exsim.conduct.facts import shown
from exsim.conduct.har import as_har
from exsim.conduct.hop_lines import columns_for, heading, hop_line, paragraph, plain
from exsim.conduct.tale import Tale, ToldHop, tell
from exsim.judgement.proof import REASONS
from exsim.judgement.words import counted_noun
from exsim.runs.directory import RunDirectory
from exsim.runs.runfile import RunFile
from exsim.session.meaning import SIGNS, Sign
from exsim.session.records import Incident, Session

__all__ = ["as_curl", "as_har", "as_text"]

STATES = {
    "live": "It was alive when the run ended",
    "ended": "It ended as its user wished",
    "expired": "It expired by its own clock",
}


def as_text(directory: RunDirectory, session: str) -> str:
    """The session called `session`, hop by hop.  Raises RunError when there is none."""
    return "\n".join(_lines(tell(directory, session), shown(directory.path))) + "\n"


def _lines(tale: Tale, run: str) -> Iterator[str]:
    session = tale.session
    if tale.run.rig == "lab":
        presets = ", ".join(tale.run.presets) or "healthy"
        yield paragraph([f"Simulated Exchange, preset {presets}."])
    yield paragraph([_who(tale), _kind(session), *_what(session)])
    yield ""
    columns = columns_for(tale.hops)
    yield heading(columns)
    for told in tale.hops:
        yield hop_line(told, session.began, columns)
    if not tale.hops:
        yield " The history holds no hop of it."
    yield ""
    yield from _next(tale, run)


def _who(tale: Tale) -> str:
    session, run = tale.session, tale.run
    node = session.login_front_end or "a node that no witness names"
    home = ", ".join(filter(None, (session.back_end, session.home)))
    return (
        f"Session {session.id}: {session.account or 'a user'} logged on at {node}, "
        f"{_moment(run, session.began)} UTC"
        + (f"; the mailbox is on {home}." if home else ".")
        + f" {counted_noun(session.requests, 'request')} with its cookies over "
        f"{counted_noun(session.connections, 'connection')}."
    )


def _moment(run: RunFile, t: float) -> str:
    when = datetime.fromtimestamp(run.zero + t, UTC)
    return f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03d}"


def _kind(session: Session) -> str:
    if session.control:
        return f"A control at {session.origin or 'a node'} by itself: evidence, never counted."
    return (
        "It was steered by the run: it says what happens, not how often." if session.forced else ""
    )


def _what(session: Session) -> list[str]:
    """What became of it."""
    incident = session.incident
    if incident is None:
        lasted = f", {session.over - session.began:.1f} s later" if session.over else ""
        return [f"{STATES.get(session.state, session.state)}{lasted}."]
    node = incident.front_end or "a node that no witness names"
    did = "took it" if incident.took_cookies else "refused it, and left its cookies"
    late = f", with an answer to session {incident.of_session}" if incident.of_session else ""
    said = [f"LOST after {incident.age:.2f} s: {node} {did}{late} ({_sign(incident)})."]
    if incident.reason in REASONS:
        what, excluded = REASONS[incident.reason]
        said.append(f"{node} {what} (reason={incident.reason}: {excluded}).")
    return said


def _sign(incident: Incident) -> str:
    try:
        return SIGNS[Sign(incident.sign)].sentence
    except ValueError:
        return incident.sign


def _next(tale: Tale, run: str) -> Iterator[str]:
    """What joins the nodes' own logs, and what to do with it."""
    culprit = next((told for told in tale.hops if told.mark == "culprit"), None)
    if culprit is not None:
        yield from _joins(culprit)
    yield f" next:  exsim show {tale.session.id} {run} --curl     (or --har)"


def _joins(culprit: ToldHop) -> Iterator[str]:
    hop = culprit.hop
    yield plain(f" In the logs of {culprit.front_end or 'the nodes'}: {hop.utc}, from {hop.source}")
    for what, value in (
        ("client-request-id", hop.client_request_id),
        ("request-id", hop.request_id),
    ):
        if value:
            yield plain(f"   {what} {value}")
