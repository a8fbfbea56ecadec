"""The live matrix: counts by combination that grow while the run goes on, and add up over workers.

Not the judged one (`judgement.matrix`): no intervals, no states, only what a person watches filling.
"""

from __future__ import annotations

from collections.abc import Iterable

from exsim.session.records import Session

Counts = dict[str, dict[str, int]]
UNKNOWN = "?"  # a node or a back end that no witness named (yet)
SEPARATOR = "\t"  # cannot stand in a NetBIOS name
TOTAL = ""  # the key of the totals


def key_of(login: str | None, serving: str | None, back_end: str | None) -> str:
    """The combination as one plain string, so that counts travel between processes as they are."""
    return SEPARATOR.join(name or UNKNOWN for name in (login, serving, back_end))


def combination(key: str) -> tuple[str, str, str]:
    """The login front end, serving front end and mailbox back end of a key."""
    login, serving, back_end = key.split(SEPARATOR)
    return login, serving, back_end


def _row() -> dict[str, int]:
    return {"sessions": 0, "lost": 0}


class Tally:
    """Sessions that met a combination, and those lost at that meeting; forced meetings stay out.

    `counts` is plain data: key -> {"sessions", "lost"}, with all sessions together under `TOTAL`.
    """

    def __init__(self) -> None:
        self.counts: Counts = {TOTAL: _row()}
        self._entered: dict[str, list[tuple[str, int]]] = {}

    def update(self, sessions: Iterable[Session]) -> None:
        """Enter sessions that changed (`Detector.changed`); each replaces what it had entered before."""
        for session in sessions:
            if session.control:
                continue
            entries = [(TOTAL, int(session.state == "lost"))]
            entries += [
                (
                    key_of(session.login_front_end, meeting.front_end, session.back_end),
                    int(meeting.lost),
                )
                for meeting in session.meetings
                if meeting.natural
            ]
            self._enter(self._entered.get(session.id, ()), -1)
            self._enter(entries, +1)
            self._entered[session.id] = entries

    def forget(self, sessions: Iterable[str]) -> None:
        """What these (ids) entered stands for good: they do not change any more."""
        for name in sessions:
            self._entered.pop(name, None)

    def _enter(self, entries: Iterable[tuple[str, int]], sign: int) -> None:
        for key, lost in entries:
            row = self.counts.get(key)
            if row is None:
                row = self.counts[key] = _row()
            row["sessions"] += sign
            row["lost"] += sign * lost
            if not row["sessions"] and key != TOTAL:  # its back end became known meanwhile
                del self.counts[key]


def merged(parts: Iterable[Counts]) -> Counts:
    """The sum of several workers' counts."""
    total: Counts = {TOTAL: _row()}
    for counts in parts:
        for key, row in counts.items():
            into = total.setdefault(key, _row())
            into["sessions"] += row["sessions"]
            into["lost"] += row["lost"]
    return total
