"""The detector's findings held against the nodes' own confession, hop by hop and session by session.

Joined by `client_request_id`.  Totals would not do: with the detector blinded to redirects they still match.
"""

from __future__ import annotations

from collections.abc import Iterator

from exsim.org.confession import Confession
from exsim.session.hop import Hop
from exsim.session.records import Session
from exsim.session.signs import Sign, hop_class, host_of, read, reason_of
from tests.rig.slice import Slice

# What a culprit's node must have confessed, by the incident's sign; "refused" for all others.
CULPRITS = {
    "unbound": ("challenged",),
    "context_lost": ("lost_context",),
    "wrong_mailbox": ("served",),
}
REASONS = {
    "absent": "0",
    "incomplete": "0",
    "unreadable": "0",
    "credentials": "2",
    "expired": "3",
    "not_found": None,
    "second_factor": None,
}


def joined(result: Slice) -> Iterator[tuple[Hop, Confession | None]]:
    by_id = {one.client_request_id: one for one in result.confessions}
    assert len(by_id) == len(result.confessions), "each request is confessed once"
    for hop in result.hops:
        yield hop, by_id.get(hop.client_request_id)


def differences(result: Slice) -> list[str]:
    """Every hop whose class or reason is not what its front end confessed; empty when all agree."""
    found = []
    hosts = {host_of(hop.location) for hop in result.hops if read(hop) is Sign.ACCEPTED}
    for hop, confession in joined(result):
        if hop.status is None:
            continue  # nobody heard the answer
        said = confession.class_ if confession else "none"
        ours = hop_class(hop, hosts)
        if ours != said:
            found.append(f"{hop.session} {hop.request} {hop.status}: {ours}, not {said}")
        reason = reason_of(hop)
        if confession and confession.cause and reason and reason != REASONS[confession.cause]:
            found.append(f"{hop.session} {hop.request}: reason {reason}, not {confession.cause}")
        node = hop.headers.get("x-feserver") or hop.headers.get("x-diaginfo")
        if confession and node != confession.node:
            found.append(f"{hop.session} {hop.request}: answered by {node}, not {confession.node}")
    return found


def session_differences(result: Slice) -> list[str]:
    """Sessions lost that no node refused, and the reverse; culprits and refusers that are not confessed."""
    hops = list(joined(result))
    by_seq = {(hop.user, hop.seq): confession for hop, confession in hops}
    found = []
    for session in result.findings.sessions:
        other = session.protocol != "owa"
        refusals = _refusals_of_calls(session, hops) if other else _refusals(session, hops)
        if session.state == "lost":
            found += _against(session, by_seq, refusals)
        elif session.state == "live" and refusals:
            found.append(f"{session.id} is not lost, though refused by {refusals[0][1].node}")
    return found


def _against(
    session: Session,
    by_seq: dict[tuple[int, int], Confession | None],
    refusals: list[tuple[Hop, Confession]],
) -> list[str]:
    incident = session.incident
    assert incident is not None
    found = []
    culprit = by_seq[session.user, incident.seq]
    classes = CULPRITS.get(incident.sign, ("refused",))
    if culprit is None or culprit.class_ not in classes:
        found.append(f"{session.id}: its culprit confesses {culprit and culprit.class_}")
    elif culprit.node != incident.front_end:
        found.append(f"{session.id}: culprit {incident.front_end}, confessed by {culprit.node}")
    if refusals and refusals[0][0].seq != incident.seq and incident.of_session is None:
        found.append(f"{session.id}: the first refusal was hop {refusals[0][0].seq}")
    confessed = {confession.node for _, confession in refusals}
    if incident.of_session is None and set(incident.refusers) != confessed:
        found.append(f"{session.id}: refusers {incident.refusers}, confessed {sorted(confessed)}")
    return found


def _refusals_of_calls(
    session: Session, hops: list[tuple[Hop, Confession | None]]
) -> list[tuple[Hop, Confession]]:
    """What was refused to a session of a protocol that signs in by HTTP, after its first accepted answer.

    A 401 to nothing at all, or to NTLM's first leg, is no refusal; on a connection that had been accepted it
    is one, though the node knows of no credentials and confesses a challenge.
    """
    found: list[tuple[Hop, Confession]] = []
    for hop, confession in hops:
        if hop.session != session.id or hop.status is None or confession is None:
            continue
        if hop.arrived < session.began or (session.state == "ended" and hop.arrived > session.over):
            continue
        if (
            confession.class_ in ("refused", "lost_context")
            or (confession.class_ == "challenged" and hop.auth == "bound")
            or hop.body.owner in ("other", "stranger")
        ):
            found.append((hop, confession))
    return found


def _refusals(
    session: Session, hops: list[tuple[Hop, Confession | None]]
) -> list[tuple[Hop, Confession]]:
    """What this session's own page was refused, in order of arrival, until it was logged off.

    The requests by which a browser that was led away comes back to the logon page belong to it too.
    """
    found = []
    for hop, confession in hops:
        if hop.session != session.id or hop.status is None or confession is None:
            continue
        if hop.step == "logoff":
            break
        if confession.class_ in ("refused", "refused_bare") and hop.step not in (
            "logon",
            "logon_again",
        ):
            found.append((hop, confession))
    return found
