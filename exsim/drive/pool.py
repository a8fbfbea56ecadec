"""A client's connections: how many there may be, which idle one is taken, who waits for one.

The last used idle connection is taken first, as Chromium does (assumed); `oldest_first` runs the other
order.  How many connections a client opens decides whether a fault is seen at all, so nothing here opens
more than the flow's own requests, in flight at the same time, make necessary.
"""

from __future__ import annotations

from collections.abc import Callable

from exsim.drive.world import Line

Use = Callable[[Line], None]


class Pool:
    """The connections of one client to one origin, at most `limit` of them at a time."""

    __slots__ = ("idle", "limit", "make", "oldest_first", "open", "queue")

    def __init__(self, make: Callable[[], Line], limit: int, oldest_first: bool = False) -> None:
        self.make = make
        self.limit = limit
        self.oldest_first = oldest_first
        self.idle: list[Line] = []  # short; and an empty deque is 700 bytes, of each parked user
        self.open = 0
        self.queue: list[tuple[Use, bool]] = []

    def take(self, use: Use, fresh: bool = False) -> None:
        """Call `use` with a connection: at once when there is one, else in turn."""
        line = self.next(fresh)
        if line is None:
            self.queue.append((use, fresh))
        else:
            use(line)

    def next(self, fresh: bool = False) -> Line | None:
        """A connection for whoever has it now; None: there are as many as there may be, and all are busy."""
        if not fresh:
            while self.idle:
                line = self.idle.pop(0) if self.oldest_first else self.idle.pop()
                if line.alive:
                    return line
        elif self.open >= self.limit and self.idle:
            self.idle.pop(0).drop()  # make room: a browser closes its oldest idle connection
            self.open -= 1
        if self.open >= self.limit:
            return None
        self.open += 1
        line = self.make()
        line.pool = self
        return line

    def give(self, line: Line) -> None:
        """A connection is free again."""
        if line.alive:
            self.idle.append(line)
        if self.queue:
            self._pump()

    def forget(self, line: Line) -> None:
        """A connection is gone.  Whoever tells it once more tells nobody."""
        line.pool = GONE
        self.open -= 1
        if line in self.idle:
            self.idle.remove(line)
        self._pump()

    def _pump(self) -> None:
        while self.queue:
            use, fresh = self.queue[0]
            line = self.next(fresh)
            if line is None:
                return
            self.queue.pop(0)
            use(line)

    def close(self) -> None:
        """Drop every idle connection; nobody waits any more."""
        self.queue.clear()
        while self.idle:
            self.idle.pop().drop()


def _nothing() -> Line:
    raise AssertionError("nobody takes a connection from here")


GONE = Pool(_nothing, 0)  # where connections are that their own pool has forgotten
