"""One browser: its jar as its own history shows it, and the sessions whose cookies were ever in it.

A session is told by the hash of its `cadata` (2010 may have `sessionid` alone): it stays the same for
the session's life, because a renewal changes only `cadataTTL` (E13).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exsim.session.hop import Evidence, Hop
from exsim.session.machine import State
from exsim.session.meaning import Sign
from exsim.session.records import Meeting, Session
from exsim.wire import names

# Sessions of a browser that are kept in mind; an answer still later than that is nobody's.  A browser that
# runs for days must not grow.
REMEMBERED = 16
MOST_LOGONS = 2 * REMEMBERED  # of a client that is never let in no more are

Facts = dict[str, str | int | float | bool | None]


class Followed:
    """A session as the detector follows it: its record, and what only the detector needs."""

    __slots__ = (
        "body", "connections", "early", "headers", "met", "record", "rescued", "sealed", "state",
    )  # fmt: skip

    def __init__(self, record: Session, sealed: float) -> None:
        self.record = record
        self.state = State.LIVE
        self.sealed = sealed  # when the request was sent that brought its newest expiry
        self.met: dict[str, Meeting] = {}
        self.connections: set[int] = set()
        self.early: list[
            tuple[Hop, str | None]
        ] = []  # bare refusals that arrived while it was live
        self.rescued = False
        # Beside OWA: those of its last answer, where they alone say who gave it, and nothing was new in them
        self.headers: dict[str, str] | None = None
        self.body: Evidence | None = None  # its last usual one's, where that and a 200 say: served

    def move(self, state: State, t: float) -> None:
        """Enter `state`, which ends the session, at `t` seconds since the run began."""
        self.state = state
        self.record.state = state.value
        self.record.over = t


class Usual:
    """An answer in which nothing was new, whose headers alone say who gave it, and how many were like it since."""

    __slots__ = ("asked", "count", "like", "sender")

    def __init__(self, sender: Followed, like: Hop, asked: str) -> None:
        self.sender = sender
        self.like = like
        self.asked = asked  # what asks of the same place begins so: method, path and "?"
        self.count = 0


class Browser:
    """The jar of one client, and whose cookies are in it.

    `settle` is told of each session that is not kept in mind any more.
    """

    __slots__ = (
        "challengers",
        "control",
        "expected",
        "forgotten",
        "jar",
        "keys",
        "logons",
        "seals",
        "sessions",
        "settle",
        "unkeyed",
        "user",
        "usual",
    )

    def __init__(
        self,
        user: int,
        control: bool = False,
        settle: Callable[[Session], object] = lambda record: None,
    ) -> None:
        self.user = user
        self.settle = settle
        self.control = control
        self.jar: Followed | None = None  # the session whose logon cookies are in the jar now
        self.keys: dict[str, Followed] = {}  # hash of a telling cookie -> its session
        self.seals: dict[
            str, tuple[Followed, float]
        ] = {}  # hash of a cadataTTL -> whose, since when
        self.sessions: dict[str, Followed] = {}
        self.expected = ""  # session that begins with the first answer that serves it
        self.unkeyed: dict[str, Followed] = {}  # of such: without a logon cookie to tell it by
        self.forgotten = 0  # number of the newest session that was
        self.challengers: dict[int, str] = {}  # connection -> who challenged there
        self.usual: Usual | None = None  # the last answer, where the next may be like it
        self.logons: dict[str, Facts] = {}  # session id -> facts of the mark before the logon

    def sender(self, hop: Hop) -> Followed | None:
        """The session whose logon cookies this request carried."""
        cookies = hop.cookies
        key = cookies.get(names.CADATA) or cookies.get(names.E14_SESSION)
        return self.keys.get(key) if key is not None else self.unkeyed.get(hop.session)

    def before(self, name: str, facts: Facts) -> None:
        """What a flow says before the logon by which the session called `name` is to begin."""
        self.logons[name] = facts
        if len(self.logons) > MOST_LOGONS:
            del self.logons[next(iter(self.logons))]

    def begin(self, record: Session, hop: Hop) -> Followed:
        """A logon was accepted: its cookies replace what was in the jar."""
        while record.id in self.sessions:  # a form posted twice, and accepted twice
            record.id += "+"
        session = self.sessions[record.id] = self.jar = Followed(record, hop.t)
        self.keep(session, hop)
        self.forget()
        return session

    def expect(self, name: str) -> None:
        """The cookies of a logon that was made elsewhere are in the jar; an earlier session may have had the same."""
        self.expected, self.jar = name, None
        self.keys, self.seals, self.unkeyed = {}, {}, {}

    def begin_brought(self, record: Session, hop: Hop) -> None:
        """The first answer under a logon that was made elsewhere: told by the request's own cookies."""
        self.expected = ""
        session = self.begin(record, hop)
        held = [hop.cookies[name] for name in names.E14_LOGON_COOKIES if name in hop.cookies]
        self.keys |= dict.fromkeys(held, session)
        if not held:
            self.unkeyed[hop.session] = session

    def forget(self) -> str | None:
        """Let go of the oldest session but for its record, if there are more than are kept in mind; which it was."""
        if len(self.sessions) <= REMEMBERED:
            return None
        name = next(iter(self.sessions))
        old = self.sessions.pop(name)
        self.forgotten = max(self.forgotten, _number(name))
        self.logons.pop(name, None)
        for key in [key for key, one in self.keys.items() if one is old]:
            del self.keys[key]
        for key in [key for key, (one, _) in self.seals.items() if one is old]:
            del self.seals[key]
        for key in [key for key, one in self.unkeyed.items() if one is old]:
            del self.unkeyed[key]
        self.settle(old.record)
        return name

    def is_forgotten(self, name: str) -> bool:
        """Whether the session called `name` was let go of: an answer as late as that is nobody's."""
        return name not in self.sessions and 0 < _number(name) <= self.forgotten

    def keep(self, session: Followed, hop: Hop) -> None:
        """Remember the telling cookies that this answer sets, as `session`'s."""
        for name in names.E14_LOGON_COOKIES:
            key = hop.set_cookies.get(name)
            if key:
                self.keys[key] = session
                session.sealed = max(session.sealed, hop.t)  # 2010 renews by a new cadata: E14KEYS
        seal = hop.set_cookies.get(names.CADATA_TTL)
        if seal:
            self.seals[seal] = (session, hop.t)
            session.sealed = max(session.sealed, hop.t)

    def sealed(self, session: Followed, hop: Hop) -> float:
        """When the expiry was sealed that this request carried (seconds since the run began)."""
        owner, since = self.seals.get(hop.cookies.get(names.CADATA_TTL, ""), (None, 0.0))
        return since if owner is session else session.sealed

    def mixed_with(self, session: Followed, hop: Hop) -> Followed | None:
        """The other session whose cadataTTL stood among the cookies of `session` in this request.

        A late answer to its page had renewed it.  No front end can open such a mixture (E13).
        """
        owner, _ = self.seals.get(hop.cookies.get(names.CADATA_TTL, ""), (None, 0.0))
        return owner if owner is not session else None


def _number(name: str) -> int:
    """Of the logon by which a session began: 2 of "17.2", and of "17.2+" that was accepted twice; 0 of no session's name."""
    number = name.rpartition(".")[2].rstrip("+")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else 0


@dataclass(slots=True)
class Reading:
    """One answer with all that was read from it alone, and the session whose cookies its request carried."""

    browser: Browser
    sender: Followed | None
    hop: Hop
    sign: Sign
    front_end: str | None
    evidence: str
