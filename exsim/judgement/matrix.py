"""The matrix: login front end x serving front end x mailbox back end, counted in sessions at first meeting.

A control session is evidence and never counts.  What the run steered stands in a matrix of its own: it
gives the hazard of a combination, not the share of users who meet it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from exsim.judgement.expectations import telling
from exsim.judgement.facts import RunFacts
from exsim.judgement.statistics import interval
from exsim.session.identified import COOKIE_PROTOCOLS, WITHOUT_LOGIN
from exsim.session.records import Meeting, Session

STATES = {
    "lost": "at least one session was lost there",
    "kept": "enough sessions met it, and none was lost",
    "prevented": "the balancer allowed it to none of enough sessions that would have met it",
    "not_exercised": "no session met it; nothing is known",
    "too_few": "fewer sessions than demanded met it, and none was lost",
}

Key = tuple[str, str | None, str, str | None]


class Cell(msgspec.Struct, frozen=True):
    """One combination.  `low` and `high`: exact interval of the share lost, at 95 %.

    `login_front_end` None: the protocol has none, or it is not known.  `mailbox_back_end` None: unknown.
    """

    protocol: str
    login_front_end: str | None
    serving_front_end: str
    mailbox_back_end: str | None
    sessions: int
    lost: int
    low: float
    high: float
    state: str


def counted(session: Session) -> bool:
    """Whether a session is one of the load's own: neither a control nor steered."""
    return not session.control and not session.forced


def lost_by_itself(session: Session) -> bool:
    """Whether a counted session was lost at a meeting that the run did not steer."""
    fatal = next((meeting for meeting in session.meetings if meeting.lost), None)
    return counted(session) and session.state == "lost" and (fatal is None or fatal.natural)


HomeOf = Callable[[Session], str | None]


def home_of(sessions: Sequence[Session], facts: RunFacts) -> HomeOf:
    """Tells a session's mailbox node: as seen, else as seen for its account, else as claimed, else None."""
    seen = {s.account: s.back_end for s in sessions if s.account and s.back_end}
    return lambda session: session.back_end or seen.get(session.account) or _claimed(session, facts)


def _claimed(session: Session, facts: RunFacts) -> str | None:
    if session.account in facts.homes:
        return facts.homes[session.account]
    of_version = [
        node.name for node in facts.nodes if node.version and node.version == session.home
    ]
    return of_version[0] if len(of_version) == 1 else None


def matrix(sessions: Sequence[Session], facts: RunFacts) -> list[Cell]:
    """Every combination of the nodes and homes known, for each protocol measured, in a stable order."""
    home = home_of(sessions, facts)
    met: Counter[Key] = Counter()
    lost: Counter[Key] = Counter()
    for session, meeting in _meetings(sessions, steered=False):
        key = _key(session, meeting, home)
        met[key] += 1
        lost[key] += meeting.lost
    barred = _barred(sessions, facts)
    keys = [*_all_keys(sessions, facts, home), *sorted(met, key=str)]
    return [_cell(key, met[key], lost[key], facts, barred) for key in dict.fromkeys(keys)]


def steered_matrix(sessions: Sequence[Session], facts: RunFacts) -> list[Cell]:
    """The combinations that the run steered sessions into; hazards only."""
    home = home_of(sessions, facts)
    met: Counter[Key] = Counter()
    lost: Counter[Key] = Counter()
    for session, meeting in _meetings(sessions, steered=True):
        key = _key(session, meeting, home)
        met[key] += 1
        lost[key] += meeting.lost
    order = {name: i for i, name in enumerate(front_ends(sessions, facts))}
    keys = sorted(met, key=lambda key: [(order.get(part or "", -1), str(part)) for part in key])
    return [_cell(key, met[key], lost[key], facts, {}) for key in keys]


def login_known(protocol: str, brought: bool = False) -> bool:
    """Whether a session's login front end can be known; `brought`: browsers were logged on elsewhere."""
    return protocol not in WITHOUT_LOGIN and not (brought and protocol in COOKIE_PROTOCOLS)


def state(sessions: int, lost: int, enough: int, barred: bool) -> str:
    """One of STATES."""
    if lost:
        return "lost"
    if sessions:
        return "kept" if sessions >= enough else "too_few"
    return "prevented" if barred else "not_exercised"


def front_ends(sessions: Iterable[Session], facts: RunFacts) -> list[str]:
    """The nodes that are known: the scenario's, in its order, then those that were only seen."""
    seen = {meeting.front_end for s in sessions for meeting in s.meetings}
    seen |= {s.login_front_end for s in sessions if s.login_front_end}
    return list(dict.fromkeys([*(node.name for node in facts.nodes), *sorted(seen - {""})]))


def _meetings(sessions: Iterable[Session], *, steered: bool) -> Iterator[tuple[Session, Meeting]]:
    for session in sessions:
        if session.control:
            continue
        for meeting in session.meetings:
            if (session.forced or not meeting.natural) == steered:
                yield session, meeting


def _key(session: Session, meeting: Meeting, home: HomeOf) -> Key:
    return session.protocol, session.login_front_end, meeting.front_end, home(session)


def _all_keys(sessions: Sequence[Session], facts: RunFacts, home: HomeOf) -> Iterator[Key]:
    nodes = front_ends(sessions, facts)
    load = [session for session in sessions if counted(session)]
    for protocol in dict.fromkeys(session.protocol for session in load):
        used = {home(s) for s in load if s.protocol == protocol} - {None}
        places: list[str | None] = [node for node in nodes if node in used]
        places += sorted(used - set(nodes), key=str)
        logins: list[str | None] = [*nodes] if login_known(protocol, facts.brought) else [None]
        for login in logins:
            for serving in nodes:
                yield from ((protocol, login, serving, place) for place in places or [None])


def _barred(sessions: Sequence[Session], facts: RunFacts) -> dict[tuple[str, str | None], set[str]]:
    """(protocol, login front end) -> the nodes that its sessions met, where enough of them could tell.

    A balancer does not know where a mailbox lives, so this is asked of the pair, not of each home.
    """
    telling_sessions: Counter[tuple[str, str | None]] = Counter()
    met: dict[tuple[str, str | None], set[str]] = {}
    for session in filter(counted, sessions):
        pair = (session.protocol, session.login_front_end)
        met.setdefault(pair, set()).update(m.front_end for m in session.meetings)
        telling_sessions[pair] += telling(
            session.requests, session.connections, facts.opens(session.protocol)
        )
    return {p: seen for p, seen in met.items() if telling_sessions[p] >= facts.expect.enough}


def _cell(
    key: Key,
    sessions: int,
    lost: int,
    facts: RunFacts,
    barred: dict[tuple[str, str | None], set[str]],
) -> Cell:
    protocol, login, serving, place = key
    met = barred.get((protocol, login))
    is_barred = met is not None and serving not in met
    low, high = interval(lost, sessions)
    word = state(sessions, lost, facts.expect.enough, is_barred)
    return Cell(protocol, login, serving, place, sessions, lost, low, high, word)
