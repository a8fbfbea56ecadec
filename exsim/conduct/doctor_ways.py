"""How a doctor meets a node: at its own address, or wherever the balancer happens to lead.

Through the balancer a connection is opened, a page is asked for without cookies, and the answer says who
is there (MWC does the same to establish affinity).  Where the balancer spreads the requests of one
connection, any request may meet any node: then nobody is looked for, and who answered counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from exsim.protocols.flow import (
    Connection,
    Dice,
    Flow,
    Lease,
    Release,
    Response,
)
from exsim.protocols.owa.fingerprint import TIMEOUT
from exsim.protocols.owa.way import (
    TRIES_PER_NODE,
    Farm,
    Way,
    front_end_of,
    leave_way,
    persistence_in,
    question,
)
from exsim.session.keeping import OF_EXCHANGE

LEAST_LOOKS = 4  # connections without a new node until the pool counts as known
MOST_LOOKS = 40  # in all
MOST_MISLED = 2  # times that a cookie may lead elsewhere until it is not held for the balancer's


class Ways(Protocol):
    """What a visit needs of the place that it is in."""

    farm: Farm
    versions: Mapping[str, str]
    notes: list[str]
    through: str  # "nodes" or "balancer"
    spread: bool  # the requests of one connection go to several nodes

    def names(self) -> Flow[list[str]]:
        """The nodes that there are."""

    def meet(self, wanted: set[str]) -> Flow[Way | None]:
        """A way to one of `wanted`, or None when none could be met."""

    def leave(self, way: Way) -> Flow[None]:
        """The way is not needed any more."""

    def saw(self, way: Way, front_end: str | None) -> None:
        """Who really answered on `way`."""

    def tries(self, count: int) -> int:
        """How often to try until `count` nodes were met."""


class Addresses:
    """Each node at its own address."""

    through = "nodes"
    spread = False

    def __init__(self, farm: Farm, versions: Mapping[str, str]) -> None:
        self.farm = farm
        self.versions = versions
        self.notes: list[str] = []

    def names(self) -> Flow[list[str]]:
        yield from ()
        return list(self.farm.origins)

    def meet(self, wanted: set[str]) -> Flow[Way | None]:
        yield from ()
        return next((Way(name, origin=name) for name in self.farm.origins if name in wanted), None)

    def leave(self, way: Way) -> Flow[None]:
        yield from ()

    def saw(self, way: Way, front_end: str | None) -> None:
        """An address leads nowhere else."""

    def tries(self, count: int) -> int:
        return count


class Balancer:
    """The balancer alone.  `claimed`: nodes that are known by name; more may be found."""

    through = "balancer"

    def __init__(
        self, farm: Farm, versions: Mapping[str, str], dice: Dice, claimed: Sequence[str] = ()
    ) -> None:
        self.farm = farm
        self.versions = versions
        self.dice = dice
        self.claimed = tuple(name.upper() for name in claimed)
        self.notes: list[str] = []
        self.spread = False
        self.known: dict[str, str] = dict(
            farm.lb_values
        )  # node -> value of the balancer's cookie that leads there
        self.nameless = False  # answers came, and none said who gave it
        self.misled = 0  # times that the balancer's cookie led elsewhere
        self.wanted: set[str] = set()  # who was looked for last
        self.fruitless = False  # and was not the one who answered
        self.not_lb: set[str] = set()  # cookies that were taken for the balancer's, and are not

    def names(self) -> Flow[list[str]]:
        """Look until no new node turns up."""
        found: dict[str, None] = dict.fromkeys(self.known)
        looks = fruitless = 0
        while looks < MOST_LOOKS and fruitless < max(LEAST_LOOKS, 2 * len(found)):
            looks, fruitless = looks + 1, fruitless + 1
            met = yield from self._look()
            if met is not None:
                yield from self.leave(met)
                if met.node not in found:
                    found[met.node], fruitless = None, 0
        self.farm = replace(self.farm, nodes=tuple(found))
        self.notes += self._about(list(found), looks)
        return [
            *(name for name in self.claimed if name in found),
            *sorted(name for name in found if name not in self.claimed),
        ]

    def _about(self, found: list[str], looks: int) -> Iterator[str]:
        missed = [name for name in self.claimed if name not in found]
        if missed:
            yield f"The balancer never led to {', '.join(missed)} ({looks} connections): not examined."
        if len(found) == 1:
            yield (
                f"The balancer led all of {looks} connections to {found[0]}: it may keep this machine's "
                "address on one node. Nothing can be said about others."
            )
        if self.farm.lb_cookie:
            yield f"The balancer keeps a client on a node by its cookie {self.farm.lb_cookie}."
        yield "Through the balancer no node's health pages, certificate or authentication were asked for."

    def meet(self, wanted: set[str]) -> Flow[Way | None]:
        """By the balancer's cookie, else the next connection that leads to one of them."""
        self.wanted = set(wanted)
        for name in sorted(wanted & self.known.keys()):
            return Way(name, persistence=self.known[name])
        if self.spread:
            if self.fruitless:
                yield from self._shift()
            return Way("")
        for _ in range(self.farm.tries):
            met = yield from self._look()
            if met is not None and met.node in wanted:
                return met
            if met is not None:
                yield from self.leave(met)
        return None

    def _shift(self) -> Flow[None]:
        """A few requests that mean nothing: a balancer that counts is not met at the same count again."""
        for _ in range(self.dice.randrange(0, max(2, len(self.farm.nodes)))):
            yield question(None, timeout=TIMEOUT, control=True)

    def _look(self) -> Flow[Way | None]:
        """One connection, and who is there.  It is leased until `leave`."""
        connection: Connection = yield Lease(fresh=True)
        response = yield from question(connection, timeout=TIMEOUT, control=True)
        who = front_end_of(response, self.farm)
        self.nameless = self.nameless or (who is None and response.status is not None)
        if who is None:
            yield Release(connection, keep=False)
            return None
        self._learn_cookie(response)
        value = persistence_in(response, self.farm.lb_cookie)
        if value is None:
            return Way(who, connection=connection)
        self.known[who] = value
        yield Release(connection, keep=False)
        return Way(who, persistence=value)

    def _learn_cookie(self, response: Response) -> None:
        """The name of the balancer's cookie, where nobody told us."""
        if self.farm.lb_cookie:
            return
        for line in response.headers_named(b"set-cookie"):
            name = line.partition("=")[0].strip()
            if name and name.lower() not in OF_EXCHANGE | self.not_lb:
                self.farm = replace(self.farm, lb_cookie=name)
                return

    def leave(self, way: Way) -> Flow[None]:
        yield from leave_way(way)

    def saw(self, way: Way, front_end: str | None) -> None:
        """Another than was met answered: a connection, or a cookie, leads nowhere for sure."""
        self.fruitless = front_end not in self.wanted
        if not way.node or front_end is None or front_end == way.node:
            return
        if way.persistence is None:
            self.spread = True
            return
        self.known.pop(way.node, None)
        self.misled += 1
        if self.misled >= MOST_MISLED:
            self.not_lb.add(self.farm.lb_cookie.lower())
            self.farm, self.misled = replace(self.farm, lb_cookie=""), 0
            self.known.clear()

    def tries(self, count: int) -> int:
        return TRIES_PER_NODE * max(1, count)
