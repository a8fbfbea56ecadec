"""The histories of two loads read while they are written, until the pairs of sessions decide.

What is read is what a later judgement reads; nothing is counted that does not stand in a history.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from exsim.judgement.paired import Limits, Pairs, outcome
from exsim.runs import parts
from exsim.runs.plan import Plan
from exsim.session.detector import Detector
from exsim.session.hop import ConnectionLine, Hop, Line, Mark
from exsim.session.records import Session


class Tail:
    """One side: the lines that its load has written since it was last asked, and the sessions in them."""

    def __init__(self, plan: Plan, worker: int = 0) -> None:
        self.now = 0.0  # the latest moment seen, seconds since the run began
        self.asked: dict[int, float] = {}  # user -> when he appeared
        self._file: Path = plan.directory / "history" / f"w{worker}.jsonl"
        self._part = self._read = 0
        self._decode = msgspec.json.Decoder(Line).decode
        self._sessions: dict[int, Session] = {}
        expect = plan.scenario.expect
        self._detector = Detector(
            public_timeout=expect.public_timeout,
            private_timeout=expect.private_timeout,
            time_scale=plan.scenario.time_scale,
            hosts=[urlsplit(plan.rig.url).netloc, *plan.rig.hosts],
        )

    def read(self) -> None:
        """Take every whole line that has been written meanwhile."""
        while parts.exists(now := parts.part(self._file, self._part)):
            full = parts.exists(parts.part(self._file, self._part + 1))  # asked before it is read
            self._read_part(now)
            if not full:
                break
            self._part, self._read = self._part + 1, 0
        for session in self._detector.changed():
            self._sessions.setdefault(session.user, session)

    def _read_part(self, part: Path) -> None:
        data = parts.read_from(part, self._read)
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for raw in whole.splitlines():
            self._take(self._decode(raw))

    def _take(self, line: Hop | Mark | ConnectionLine) -> None:
        self._detector.feed(line)
        self.now = max(self.now, line.t)
        if isinstance(line, Mark) and line.what == "user":
            self.asked.setdefault(line.user, line.t)

    def session(self, user: int) -> Session | None:
        """The user's session: his first, and there is no other."""
        return self._sessions.get(user)

    @property
    def wrong_mailbox(self) -> int:
        """Answers so far that came from another user's mailbox."""
        return len(self._detector.finish().wrong_mailbox)


class Watch:
    """Both sides, and the pairs in the order in which they were to begin."""

    def __init__(
        self, tails: Sequence[Tail], order: Sequence[int], pairs: Pairs, limits: Limits
    ) -> None:
        self.tails = tails
        self.pairs = pairs
        self._limits = limits
        self._waiting = list(order[: pairs.most])

    def look(self, final: bool = False) -> bool:
        """Read what there is and take every pair that is over; True when no more are wanted.

        `final`: both loads are over, so that nothing is left to wait for.
        """
        for tail in self.tails:
            tail.read()
        while self._waiting and not self.pairs.over:
            user = self._waiting[0]
            found = [self._outcome(tail, user, final) for tail in self.tails]
            if None in found:
                break
            self._waiting.pop(0)
            self.pairs.take(*(one for one in found if one))
        return self.pairs.over or any(self.wrong_mailbox)

    def _outcome(self, tail: Tail, user: int, final: bool) -> str | None:
        now = inf if final else tail.now
        return outcome(tail.session(user), tail.asked.get(user), now, self._limits)

    @property
    def wrong_mailbox(self) -> tuple[int, int]:
        first, second = (tail.wrong_mailbox for tail in self.tails)
        return first, second
