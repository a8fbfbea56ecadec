"""`[load] history = "incidents"`: hops in full only where something happened, in brief everywhere else.

In full: every answer that is not ordinary, all of every `SAMPLE`th session as a contrast, and the last hops of
each session that was lost, written once more when it is.  In brief: all the others, one line each, so that
nothing is missing from what is counted.  Bounded in memory by `EACH` and `MOST`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path
from zlib import crc32

import msgspec

from exsim.runs import parts
from exsim.runs.history import HistoryWriter
from exsim.session.brief import Shorthand, Written
from exsim.session.hop import Hop

SAMPLE = 20  # one session of so many stands in full, lost or not
EACH = 200  # hops of a session that are held for the case that it is lost
MOST = 20_000  # hops of all sessions together: some 40 MB
SESSIONS = 2  # of one user: a late answer may take the next one's cookies


class IncidentHistory(HistoryWriter):
    """A worker's history in this form.  `clear`: names of the balancer's own cookies."""

    def __init__(
        self,
        path: Path,
        limit: int = parts.FULL,
        full: Callable[[Path], object] = lambda part: None,
        clear: Collection[str] = (),
        failed: Callable[[OSError], object] | None = None,
    ) -> None:
        super().__init__(path, limit, full, failed)
        self._shorthand = Shorthand(clear)
        self._held: dict[str, deque[Hop]] = {}  # session -> its hops that stand in brief
        self._sessions: dict[int, deque[str]] = {}  # user -> those of his sessions
        self._lost: dict[int, str] = {}  # user -> his session that was lost last
        self.holding = 0  # hops

    def append(self, line: Written) -> None:
        """Write `line` in full or in brief."""
        if type(line) is not Hop or sampled(line.session):
            super().append(line)
            return
        short = None if self._lost.get(line.user) == line.session else self._shorthand.of(line)
        if short is None:
            super().append(line)
            return
        template, brief = short
        if template is not None:
            super().append(template)
        super().append(brief)
        self._hold(line)

    def lost(self, session: str) -> None:
        """A session was lost: what was held of it is written in full, beside its briefs."""
        held = self._let_go(session)
        for hop in held:
            super().append(msgspec.structs.replace(hop, again=True))
        self._lost[int(session.partition(".")[0])] = session

    def _hold(self, hop: Hop) -> None:
        held = self._held.get(hop.session)
        if held is None:
            held = self._held[hop.session] = deque(maxlen=EACH)
            own = self._sessions.setdefault(hop.user, deque())
            if hop.session not in own:  # it is, where it had to be let go for others
                own.append(hop.session)
            if len(own) > SESSIONS:
                self._let_go(own.popleft())
        self.holding += len(held) < EACH
        held.append(hop)
        while self.holding > MOST:
            self._let_go(next(iter(self._held)))

    def _let_go(self, session: str) -> deque[Hop]:
        held = self._held.pop(session, deque())
        self.holding -= len(held)
        return held


def sampled(session: str) -> bool:
    """Whether a session is one of those that stand in full; the same ones whoever asks."""
    return crc32(session.encode()) % SAMPLE == 0
