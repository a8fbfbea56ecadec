"""What the person of the incident saw of other protocols, O15 to O17, as questions that a run answers.

The same contract as `observations`, where OWA's are.
"""

from __future__ import annotations

from exsim.conduct.observations import Seen, Watched, of
from exsim.judgement.words import listed, protocol_name
from exsim.session.hop import Hop
from exsim.session.records import Session
from exsim.wire import names

BALANCED = ("ews", "outlook_anywhere")
OLD = "2013"
NEAR = 0.25  # seconds between a loss and a failed request that may have to do with each other
ENOUGH = 2  # failures of each node
TIMES_CHANCE = 2.0  # more losses near a failure than this many times what chance gives, and they belong together


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


def noise(run: Watched) -> Seen:
    """Every node's own record has failed PowerShell requests, nothing counts them, and losses do not seek them."""
    lost = [incident.t for _, incident in run.losses]
    moments = sorted(moment for found in run.failures.values() for moment in found)
    near = sum(any(abs(moment - t) <= NEAR for moment in moments) for t in lost)
    chance = len(lost) * _covered(moments, run)
    counted = sum(
        isinstance(line, Hop) and names.POWERSHELL in line.path.lower() for line in run.lines
    ) + sum(names.POWERSHELL in words.lower() for words in run.flagged)
    words = (
        f"{len(moments)} failed at {sum(map(bool, run.failures.values()))} nodes, {counted} of them counted; "
        f"{of(near, len(lost))} losses came within {NEAR} s of one, {chance:.0f} by chance"
    )
    each = all(len(run.failures.get(node, ())) >= ENOUGH for node in run.versions)
    return Seen(each and bool(lost) and not counted and near <= TIMES_CHANCE * chance, words)


def _covered(moments: list[float], run: Watched) -> float:
    """Which part of the run's time is near a failure."""
    over = max((line.t for line in run.lines if isinstance(line, Hop)), default=0.0)
    covered, last = 0.0, 0.0
    for moment in moments:
        begin, end = max(moment - NEAR, last), min(moment + NEAR, over)
        covered += max(0.0, end - begin)
        last = max(last, end)
    return covered / over if over else 0.0


def _served_by(sessions: list[Session]) -> set[str]:
    return {meeting.front_end for one in sessions for meeting in one.meetings}
