"""One lost session, hop by hop: the logon, what was answered, the culprit, and what came after it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exsim.judgement.proof import answer_of, is_culprit, node_of, replayed
from exsim.session.hop import Hop
from exsim.session.records import Session

BEFORE, AFTER = 40, 20  # lines kept around the culprit; how many were left out is said

MARKS = {
    "culprit": "took the session",
    "aftermath": "came after",
    "control": "evidence, not counted",
    "": "",
}


class StoryLine(msgspec.Struct, frozen=True):
    """One hop.  `since`: seconds from the first hop of the story.  `mark`: one of MARKS."""

    seq: int
    utc: str
    since: float
    took: float
    step: str
    request: str
    node: str
    answer: str
    connection: int
    mark: str
    request_id: str = ""
    client_request_id: str = ""


class Story(msgspec.Struct, frozen=True):
    """`omitted`: hops left out, before and after the lines that are shown."""

    session: str
    account: str
    login_front_end: str
    culprit: str
    age: float
    sign: str
    lines: list[StoryLine]
    omitted: int


def story(session: Session, hops: Sequence[Hop]) -> Story | None:
    """The story of a lost session from the hops of its user, in order of arrival; None if it was not lost."""
    incident = session.incident
    if incident is None:
        return None
    at = next((i for i, hop in enumerate(hops) if is_culprit(hop, incident)), None)
    if at is None:
        return None
    culprit, after = hops[at], set(incident.aftermath)
    chosen: list[tuple[Hop, str]] = []
    for hop in hops:
        if hop is culprit:
            chosen.append((hop, "culprit"))
        elif replayed(hop, incident, culprit):
            chosen.append((hop, "control"))
        elif hop.control:
            continue
        elif hop.seq in after:
            chosen.append((hop, "aftermath"))
        elif hop.session == session.id and hop.arrived <= culprit.arrived:
            chosen.append((hop, ""))
    kept = _around(chosen)
    start = chosen[0][0].t
    return Story(
        session=session.id,
        account=session.account,
        login_front_end=session.login_front_end or "",
        culprit=incident.front_end or node_of(culprit),
        age=incident.age,
        sign=incident.sign,
        lines=[_line(hop, mark, start) for hop, mark in kept],
        omitted=len(chosen) - len(kept),
    )


def _around(chosen: list[tuple[Hop, str]]) -> list[tuple[Hop, str]]:
    """The logon, the culprit, all evidence, and the hops nearest to them."""
    at = next(i for i, (_, mark) in enumerate(chosen) if mark == "culprit")
    head = 2  # the logon itself
    return [
        pair
        for i, pair in enumerate(chosen)
        if i < head or pair[1] == "control" or at - BEFORE <= i <= at + AFTER
    ]


def _line(hop: Hop, mark: str, start: float) -> StoryLine:
    return StoryLine(
        seq=hop.seq,
        utc=hop.utc,
        since=hop.t - start,
        took=hop.took,
        step=hop.step,
        request=hop.request,
        node=node_of(hop),
        answer=answer_of(hop),
        connection=hop.conn,
        mark=mark,
        request_id=hop.request_id,
        client_request_id=hop.client_request_id,
    )
