"""Pairs of sessions, one behind each of two balancers, judged one pair after the other until it is decided.

A pair is two sessions of the same kind of user with the same dice, each with an account of its own that
has no other session: what is counted is independent.  Pairs count in the order in which they were to
begin, never in the order in which they ended: lost sessions end sooner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from exsim.judgement.eprocess import ALPHA, Differences, EProcess
from exsim.session.records import Session

LOST, KEPT, VOID = "lost", "kept", "void"
MARGIN = 0.05  # a difference of shares that is certainly smaller counts as none
MOST_VOID = 0.1  # of the pairs; beyond it those that count are a selection
FIRST_VOID = 10  # pairs; when so many are void and none counted, more would not help


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds after which a logon counts as never accepted, and a live session as kept."""

    logon: float
    session: float


def outcome(session: Session | None, asked: float | None, now: float, limits: Limits) -> str | None:
    """What became of one session: lost, kept, void (it never began), or None while nobody can tell.

    `asked`: when its user appeared, None while he has not; `now`: the latest moment of the history.
    """
    if session is None:
        return VOID if asked is not None and now - asked > limits.logon else None
    if session.state == "lost":
        return LOST
    if session.state != "live" or now - session.began > limits.session:
        return KEPT
    return None


@dataclass(slots=True)
class Pairs:
    """The test over pairs.  `better`: "a" or "b", once one is known to lose fewer; `equal`: both lose
    alike, to within `margin`."""

    most: int
    margin: float = MARGIN
    alpha: float = ALPHA
    test: EProcess = field(default_factory=EProcess)
    differences: Differences = field(init=False)
    void_a: int = 0  # pairs whose session behind A never began
    void_b: int = 0
    void: int = 0
    only_a: int = 0  # pairs in which only the session behind A was lost
    only_b: int = 0
    better: str = ""
    equal: bool = False

    def __post_init__(self) -> None:
        self.differences = Differences(self.alpha)

    @property
    def pairs(self) -> int:
        """Pairs that counted."""
        return self.test.pairs

    @property
    def taken(self) -> int:
        """Pairs that are over, counted or void."""
        return self.pairs + self.void

    @property
    def decided(self) -> bool:
        return bool(self.better) or self.equal

    @property
    def too_many_void(self) -> bool:
        return self.void > MOST_VOID * self.taken

    @property
    def over(self) -> bool:
        """Whether no further pair is wanted."""
        hopeless = self.void >= FIRST_VOID and not self.pairs
        return self.decided or self.taken >= self.most or hopeless

    def take(self, a: str, b: str) -> None:
        """The next pair is over: what became of its session behind A, and behind B."""
        if VOID in (a, b):
            self.void += 1
            self.void_a += a == VOID
            self.void_b += b == VOID
            return
        self.only_a += a == LOST != b
        self.only_b += b == LOST != a
        self.test.add(a == LOST, b == LOST)
        self.differences.add(a == LOST, b == LOST)
        if self.test.decided(self.alpha):
            self.better = "b" if self.test.a.lost > self.test.b.lost else "a"
            return
        low, high = self.differences.interval
        self.equal = -self.margin < low and high < self.margin


def interleaved(counts: Sequence[int]) -> list[int]:
    """The numbers of users 1, 2, … of several populations, in an order that keeps to their shares.

    Users are numbered population by population; pairs are to begin with all of them mixed.
    """
    firsts = [1 + sum(counts[:index]) for index in range(len(counts))]
    places = sorted(
        ((k + 0.5) / count, index, firsts[index] + k)
        for index, count in enumerate(counts)
        for k in range(count)
    )
    return [number for _, _, number in places]


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """`total` users dealt to populations by their weights; each has one at least."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    counts = [max(1, int(one)) for one in exact]
    order = sorted(range(len(weights)), key=lambda i: int(exact[i]) - exact[i])
    for i in order:
        if sum(counts) < total:
            counts[i] += 1
    return counts
