"""The matrix: login front end x serving front end x mailbox back end, counted in sessions at first meeting.

A control session is evidence and never counts.  What the run steered stands in a matrix of its own: it
gives the hazard of a combination, not the share of users who meet it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from exsim.judgement.expectations import telling
from exsim.judgement.facts import RunFacts
from exsim.judgement.statistics import interval
from exsim.session.identified import COOKIE_PROTOCOLS, WITHOUT_LOGIN
from exsim.session.records import Session

STATES = {
    "lost": "at least one session was lost there",
    "kept": "enough sessions met it, and none was lost",
    "prevented": "the balancer allowed it to none of enough sessions that would have met it",
    "not_exercised": "no session met it; nothing is known",
    "too_few": "fewer sessions than demanded met it, and none was lost",
}

Key = tuple[str, str | None, str, str | None]
Pair = tuple[str, str | None]  # protocol, login front end


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
    if not facts.simulated:
        return None  # a farm may have more nodes of that version than the run was told of
    of_version = [
        node.name for node in facts.nodes if node.version and node.version == session.home
    ]
    return of_version[0] if len(of_version) == 1 else None


def matrices(sessions: Sequence[Session], facts: RunFacts) -> tuple[list[Cell], list[Cell]]:
    """The matrix, and that of steered sessions."""
    home, met = home_of(sessions, facts), _Met()
    for session in sessions:
        met.add(session, home(session), facts)
    nodes = _in_order(met.nodes, facts)
    barred = met.barred(facts.expect.enough)
    keys = [*_all_keys(nodes, met.homes, facts), *sorted(met.natural, key=str)]
    natural = [_cell(key, met.natural[key], facts, barred) for key in dict.fromkeys(keys)]
    order = {name: i for i, name in enumerate(nodes)}
    keys = sorted(met.steered, key=lambda key: [(order.get(part or "", -1), str(part)) for part in key])  # fmt: skip
    return natural, [_cell(key, met.steered[key], facts, {}) for key in keys]


class _Met:
    """What is counted for the matrices.  `natural`, `steered`: combination -> sessions that met it, and lost.

    `nodes`: that were seen at all.  `homes`: protocol -> where its sessions' mailboxes were.
    """

    def __init__(self) -> None:
        self.natural: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0])
        self.steered: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0])
        self.nodes: set[str | None] = set()
        self.homes: dict[str, set[str | None]] = {}
        self._telling: Counter[Pair] = Counter()
        self._seen: dict[Pair, set[str]] = {}

    def add(self, session: Session, home: str | None, facts: RunFacts) -> None:
        """Count one session, whose mailbox is on `home`."""
        met = {meeting.front_end for meeting in session.meetings}
        self.nodes |= met | {session.login_front_end}
        if session.control:
            return
        for meeting in session.meetings:
            steered = session.forced or not meeting.natural
            key = session.protocol, session.login_front_end, meeting.front_end, home
            count = (self.steered if steered else self.natural)[key]
            count[0] += 1
            count[1] += meeting.lost
        if session.forced:
            return
        self.homes.setdefault(session.protocol, set()).add(home)
        pair = (session.protocol, session.login_front_end)
        self._seen.setdefault(pair, set()).update(met)
        opened = facts.opens(session.protocol)
        self._telling[pair] += telling(session.requests, session.connections, opened)

    def barred(self, enough: int) -> dict[Pair, set[str]]:
        """(protocol, login front end) -> the nodes that its sessions met, where enough of them could tell.

        A balancer does not know where a mailbox lives, so this is asked of the pair, not of each home.
        """
        return {pair: seen for pair, seen in self._seen.items() if self._telling[pair] >= enough}


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
    seen: set[str | None] = set()
    for session in sessions:
        seen.add(session.login_front_end)
        seen.update(meeting.front_end for meeting in session.meetings)
    return _in_order(seen, facts)


def _in_order(seen: set[str | None], facts: RunFacts) -> list[str]:
    named = sorted(name for name in seen if name)
    return list(dict.fromkeys([*(node.name for node in facts.nodes), *named]))


def _all_keys(
    nodes: Sequence[str], homes: Mapping[str, set[str | None]], facts: RunFacts
) -> Iterator[Key]:
    for protocol, all_homes in homes.items():
        used = all_homes - {None}
        places: list[str | None] = [node for node in nodes if node in used]
        places += sorted(used - set(nodes), key=str)
        logins: list[str | None] = [*nodes] if login_known(protocol, facts.brought) else [None]
        for login in logins:
            for serving in nodes:
                yield from ((protocol, login, serving, place) for place in places or [None])


def _cell(key: Key, count: Sequence[int], facts: RunFacts, barred: Mapping[Pair, set[str]]) -> Cell:
    protocol, login, serving, place = key
    sessions, lost = count
    met = barred.get((protocol, login))
    is_barred = met is not None and serving not in met
    low, high = interval(lost, sessions)
    word = state(sessions, lost, facts.expect.enough, is_barred)
    return Cell(protocol, login, serving, place, sessions, lost, low, high, word)
