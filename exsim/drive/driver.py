"""The driver's core: steps one client's flows, sends what they ask, and writes a hop for each request.

A client is one browser or phone: its pool, its tasks and its request ids outlive sessions and mailboxes.
Nothing here follows, repeats or repairs.  A flow is stepped from a callback of the world, never from a
greenlet of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from exsim.drive.evidence import CookieHasher, hop_of
from exsim.drive.exchange import Exchange
from exsim.drive.gate import Gate
from exsim.drive.pool import Pool
from exsim.drive.task import Task
from exsim.drive.world import Line, World
from exsim.protocols.flow import Flow, Request, Response
from exsim.session import hop as records
from exsim.session.hop import ConnectionLine, Evidence, Hop

Observe = Callable[[Request, Response], Evidence]
Sink = Callable[[records.Line], object]


@dataclass(slots=True)
class Identity:
    """Who a client is in the history, and what it may do."""

    user: int
    protocol: str
    connections: int = 6
    source: str = ""  # address to connect from; "": the system's choice
    allowed_writes: frozenset[str] = frozenset()
    oldest_first: bool = False
    control: bool = False  # all that this client does is evidence, and never counted
    facts: dict[str, Any] = field(default_factory=dict)


class Client:
    """One browser or phone: connections, tasks, request ids, and the sink of its hops."""

    def __init__(
        self,
        world: World,
        identity: Identity,
        observe: Observe,
        sink: Sink,
        ids: Iterator[str],
        hasher: CookieHasher,
        stamp: Callable[[float], str],
    ) -> None:
        self.world = world
        self.identity = identity
        self.observe = observe
        self.sink = sink
        # Of hops alone; where what it answers is true, `on_more` is told of the hop once more, with its exchange
        self.hop_sink: Callable[[Hop], object] = sink
        self.on_more: Callable[[Exchange, Hop], None] | None = None
        self.ids = ids
        self.hasher = hasher
        self.stamp = stamp  # seconds since the run began -> UTC, ISO 8601 with milliseconds
        self.tasks: set[Task] = set()
        self.pools: dict[str | None, Pool] = {}
        self.seq = 0
        self.asked = "", "", ""  # target and method that were asked last, and how a hop shows them
        self.session = (
            -1,
            "",
        )  # number of the one whose answer came last, and its name in the history
        self.stopped = False
        self.listeners: list[Callable[[Exchange, Hop], None]] = []  # to every hop
        self.enter_in_ledger: Callable[[Request], None] | None = None
        self.gate: Gate | None = None  # where nobody can be locked out there is none

    # Tasks ------------------------------------------------------------------------------------
    def run(self, flow: Flow[Any], name: str = "") -> Task:
        """Start a flow of this client."""
        task = Task(self, flow, name)
        self.tasks.add(task)
        task.step()
        return task

    def stop(self) -> None:
        """End everything, for good: what is in flight is abandoned, connections are closed.

        No flow hears that another one is over: it would go on, and send what nobody records.
        """
        self.stopped = True
        for task in list(self.tasks):
            task.stop()
        for pool in self.pools.values():
            pool.close()

    def crashed(self, task: Task, error: Exception) -> None:
        self.mark("crash", {"flow": task.name, "error": type(error).__name__})
        self.world.crashed(error)
        task.finish(None)

    # Connections ------------------------------------------------------------------------------
    def pool(self, origin: str | None) -> Pool:
        pool = self.pools.get(origin)
        if pool is None:
            identity = self.identity
            pool = Pool(
                lambda: self.world.line(self, origin), identity.connections, identity.oldest_first
            )
            self.pools[origin] = pool
        return pool

    def connected(self, line: Line, tls: str = "") -> None:
        """A connection stands: its line in the history."""
        now = self.world.now()
        self.sink(
            ConnectionLine(
                utc=self.stamp(now),
                t=round(now, 6),
                user=self.identity.user,
                conn=line.number,
                source=line.source,
                address=line.address,
                alpn=line.alpn,
                tls=tls,
                origin=line.origin,
            )
        )

    def begin(
        self, task: Task, request: Request, line: Line, piecewise: bool, length: int | None
    ) -> Exchange:
        """Put a request on a line."""
        world, number = self.world, next(self.ids)
        self.seq += 1
        now = world.now()
        deadline = now + request.timeout * world.scale
        exchange = Exchange(
            task, request, line, piecewise, deadline, self.seq, number, now, task.late, task.pause
        )
        task.late = task.pause = 0.0
        task.owned[exchange] = None
        line.exchange = exchange
        if piecewise:
            exchange.by_pieces()
        elif deadline < world.horizon:
            world.watch(exchange)
        line.begin(exchange, number, length)
        return exchange

    def release(self, exchange: Exchange, spent: bool) -> None:
        """An exchange is over: its line is free again, unless it is spent or leased."""
        line = exchange.connection
        line.exchange = None
        line.used += 1
        if spent:
            line.drop()
            line.pool.forget(line)
        elif exchange.request.on is None:
            line.pool.give(line)

    # History ------------------------------------------------------------------------------------
    def record(
        self,
        exchange: Exchange,
        response: Response,
        evidence: Evidence | None,
        how: str | None = None,
    ) -> None:
        """Write the hop of an exchange that is over, once, before its flow hears of it."""
        if not exchange.recorded:
            exchange.recorded = True
            evidence = evidence or self.observe(exchange.request, response)
            self.write(exchange, response, evidence, how)

    def write(
        self, exchange: Exchange, response: Response, evidence: Evidence, how: str | None = None
    ) -> None:
        """The hop of an exchange that can only be over once."""
        hop = hop_of(exchange, response, evidence, how)
        more = self.hop_sink(hop)
        for listener in self.listeners:
            listener(exchange, hop)
        if more and self.on_more is not None:
            self.on_more(exchange, hop)

    def mark(self, what: str, facts: dict[str, Any]) -> None:
        """A line of the history that is not a hop."""
        now = self.world.now()
        self.sink(
            records.Mark(
                utc=self.stamp(now),
                t=round(now, 6),
                what=what,
                user=self.identity.user,
                facts=facts,
            )
        )
