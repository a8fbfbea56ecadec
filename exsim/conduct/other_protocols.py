"""What the person of the incident saw of other protocols, O15 and O16, as questions that a run answers.

The same contract as `observations`, where OWA's are.
"""

from __future__ import annotations

from exsim.conduct.observations import Seen, Watched, of
from exsim.judgement.words import listed, protocol_name
from exsim.session.records import Session

BALANCED = ("ews", "outlook_anywhere")
OLD = "2013"


def balanced(run: Watched) -> Seen:
    """EWS and Outlook Anywhere are served by every node, and nobody is lost or shut out."""
    words, good = [], True
    for protocol in BALANCED:
        mine = [one for one in run.sessions if one.protocol == protocol]
        met = _served_by(mine) & set(run.versions)
        lost = sum(one.state == "lost" for one in mine)
        words.append(
            f"{protocol_name(protocol)}: {of(lost, len(mine))} lost, served by {len(met)} of "
            f"{len(run.versions)} nodes"
        )
        good = good and bool(mine) and not lost and met == set(run.versions)
    out = len({one.user for one in run.findings.shut_out})
    return Seen(good and not out, "; ".join([*words, f"{out} clients never let in"]))


def only_new(run: Watched) -> Seen:
    """ActiveSync works, and no node of 2013 serves it."""
    mine = [one for one in run.sessions if one.protocol == "activesync"]
    met = _served_by(mine)
    lost = sum(one.state == "lost" for one in mine)
    old = {name for name, version in run.versions.items() if version == OLD}
    words = f"{of(lost, len(mine))} lost; served by {listed(sorted(met)) or 'nobody'}"
    new = set(run.versions) - old
    return Seen(bool(mine) and not lost and bool(old) and met == new, words)


def _served_by(sessions: list[Session]) -> set[str]:
    return {meeting.front_end for one in sessions for meeting in one.meetings}
