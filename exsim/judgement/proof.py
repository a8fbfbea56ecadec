"""The same cookies, two answers: what a lost session's cookies were still worth, asked right after.

A copy of the cookies as they were before the refusal is replayed as control hops: first to the node the
session began at (200: it was alive), then to the culprit by GET (its redirect says why).  Control hops are
evidence and never counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import msgspec

from exsim.session.answers import is_channel
from exsim.session.attribution import BE_SERVER, CALCULATED_BE, net_bios
from exsim.session.hop import Hop
from exsim.session.meaning import DEFINITE, SIGNS, Sign
from exsim.session.records import Incident
from exsim.session.signs import carries_logon_cookies, node_spoke, read, serves
from exsim.wire import names

# What the `reason` of a redirect to the logon page says of the session, and what it rules out (E13).
REASONS = {
    names.REASON_NONE: ("could not read it", "not expired, not refused"),
    names.REASON_LOGOFF: ("took it for logged off", "a log-off page was asked for"),
    names.REASON_CREDENTIALS: ("read it, and its password was refused", "read, and not expired"),
    names.REASON_TIMEOUT: ("read it, and held it for expired", "read, and not refused"),
}


class ProofLine(msgspec.Struct, frozen=True):
    """One answer.  `later`: seconds after the culprit's answer (0 for the culprit's own).

    `alive`: it served the cookies; `refused`: it refused them.  An error, or no answer, is neither.
    """

    node: str
    request: str
    status: int | None
    answer: str
    later: float
    utc: str
    reason: str | None = None
    alive: bool = False
    culprit: bool = False
    request_id: str = ""
    refused: bool = False


class Proof(msgspec.Struct, frozen=True):
    """One session's proof.  `alive`: another node served the copy.  `conclusion`: sentences."""

    session: str
    utc: str
    culprit: str
    lines: list[ProofLine]
    alive: bool
    conclusion: list[str]


def proof(incident: Incident, hops: Sequence[Hop]) -> Proof | None:
    """The proof of one incident from the hops of its user, control hops included.

    None when the culprit's hop is not among them.
    """
    culprit = next((hop for hop in hops if is_culprit(hop, incident)), None)
    if culprit is None:
        return None
    replays = [hop for hop in hops if replayed(hop, incident, culprit)]
    node = incident.front_end or node_of(culprit)
    first = ProofLine(
        node, request_of(culprit), culprit.status, answer_of(culprit), 0.0, culprit.utc,
        reason_of(culprit), culprit=True, request_id=culprit.request_id, refused=True,
    )  # fmt: skip
    lines = [first, *(_line(hop, culprit, node) for hop in replays)]
    alive = any(line.alive and line.node != node for line in lines)
    after = set(incident.aftermath) if culprit.protocol == "owa" else set()  # cookies deleted: E13
    aftermath = [hop for hop in hops if hop.seq in after and not hop.control]
    conclusion = _conclusion(incident, node, lines, alive, aftermath)
    return Proof(incident.session, culprit.utc, node, lines, alive, conclusion)


def is_culprit(hop: Hop, incident: Incident) -> bool:
    """Whether a hop is the one whose answer cost the session.

    The request's id decides where there is one: two clients of one number may have used one `seq`.
    """
    same = not incident.client_request_id or hop.client_request_id == incident.client_request_id
    return hop.seq == incident.seq and same and not hop.control


def best(proofs: Sequence[Proof]) -> Proof | None:
    """The proof to show first: the earliest of those in which the session was seen alive."""
    return max(proofs, key=_weight, default=None)


def _weight(proof: Proof) -> tuple[bool, bool, int]:
    return proof.alive, proof.lines[0].status == names.LOGIN_TIMEOUT, len(proof.lines)


def replayed(hop: Hop, incident: Incident, culprit: Hop) -> bool:
    """Whether a hop replays the lost session's cookies as evidence."""
    if not hop.control or hop.user != incident.user or hop.t < incident.t - culprit.took:
        return False
    carried = hop.cookies.get(names.CADATA)
    if carried is not None and culprit.cookies.get(names.CADATA) is not None:
        return carried == culprit.cookies[names.CADATA]
    return hop.session == incident.session


def node_of(hop: Hop) -> str:
    """Who answered, by what the answer itself says, else the node that was asked; "" when unknown."""
    said = hop.headers.get(names.FE_SERVER.lower()) or hop.headers.get(names.DIAG_INFO.lower())
    return net_bios(said or hop.origin or "")


def request_of(hop: Hop) -> str:
    """Method and path; the query is evidence for machines."""
    return f"{hop.method} {hop.path}"


def reason_of(hop: Hop) -> str | None:
    """The `reason` of a redirect to the logon page, or None when the answer is not one."""
    if not hop.location or names.LOGON_PAGE not in hop.location.lower():
        return None
    return parse_qs(urlsplit(hop.location).query).get("reason", [None])[0]


def answer_of(hop: Hop) -> str:
    """An answer in words: "440, and deletes all five logon cookies"."""
    if is_channel(hop):
        return "no answer, which is well"
    if hop.body.is_ == "accepted":
        return f"{hop.status}: here the session begins"
    if hop.status is None:
        return f"no answer ({hop.error or hop.ended})"
    words = [str(hop.status)]
    if hop.location and names.LOGON_PAGE in hop.location.lower():
        reason = reason_of(hop)
        words.append(" to the logon page" + (f" (reason={reason})" if reason else ""))
    if hop.protocol != "owa":
        return f"{hop.status}: {SIGNS[read(hop)].sentence}"
    if hop.control:
        return "".join(words)  # its deletions reach no jar
    deleted = [name for name in names.LOGON_COOKIES if hop.set_cookies.get(name, "") is None]
    if len(deleted) == len(names.LOGON_COOKIES):
        words.append(", and deletes all five logon cookies")
    elif deleted:
        words.append(f", and deletes {len(deleted)} of the logon cookies")
    return "".join(words)


def _line(hop: Hop, culprit: Hop, node: str) -> ProofLine:
    asked, sign = node_of(hop) or "unknown", read(hop)
    later = max(0.0, hop.arrived - culprit.arrived)
    return ProofLine(
        asked, request_of(hop), hop.status, answer_of(hop), later, hop.utc, reason_of(hop),
        _served(hop, sign), culprit=asked == node, request_id=hop.request_id, refused=sign in DEFINITE,
    )  # fmt: skip


def _served(hop: Hop, sign: Sign) -> bool:
    """Whether an answer shows that the cookies were taken: a node's own, and of a redirect a back end's.

    A page of the balancer's, an error page and a way to another host say nothing of a session.
    """
    behind = BE_SERVER in hop.headers or CALCULATED_BE in hop.headers
    whole = sign is Sign.SERVED and node_spoke(hop) and (hop.status == 200 or behind)
    return whole or serves(hop, sign)


def _conclusion(
    incident: Incident, node: str, lines: list[ProofLine], alive: bool, aftermath: list[Hop]
) -> list[str]:
    sentences = []
    if alive:
        sentences.append("The session was alive.")
    elif others := [line for line in lines[1:] if line.node != node]:
        sentences.append(
            "No other node served a copy of the cookies either."
            if any(line.refused for line in others)
            else "Whether it was still alive is not known: no other node's answer to a copy says."
        )
    shown = (line.reason for line in lines if line.culprit and line.reason is not None)
    reason = incident.reason or next(shown, None)
    if incident.passed_on:
        sentences.append(
            f"{node} had read it and passed the request on: its refusal names the back end "
            f"{incident.passed_on}, which turned it down."
        )
    elif reason in REASONS:
        what, excluded = REASONS[reason]
        sentences.append(f"{node} {what} (reason={reason}: {excluded}).")
    return [*sentences, *_innocent(node, aftermath)]


def _innocent(node: str, aftermath: list[Hop]) -> list[str]:
    """Of those that were asked without the cookies, which the culprit had deleted: theirs is no refusal of them."""
    if not aftermath:
        return []
    innocent = sum(
        node_of(hop) not in ("", node) and not carries_logon_cookies(hop) for hop in aftermath
    )
    if innocent == len(aftermath) == 1:
        return ["The refusal after it came from a node that is innocent."]
    if innocent == len(aftermath):
        return [f"The {innocent} refusals after it came from nodes that are innocent."]
    if innocent:
        return [
            f"Of the {len(aftermath)} refusals after it {innocent} came from nodes that are innocent."
        ]
    return []
