"""A trial: logon cookies issued at one node met another, and this came of it.  Counted, not listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

OUTCOMES = {
    "readable": "served",
    "unreadable": "refused, reason=0 (not readable)",
    "credentials": "refused, reason=2 (the password in them)",
    "expired": "refused, reason=3 (held for expired)",
    "refused": "refused (440, which tells no reason)",
    "outlived": "refused by a node that had served the session before",
    "unreached": "503 by the front end (no back end)",
    "odd": "answered in another way",
}
REFUSALS = frozenset({"unreadable", "credentials", "expired", "refused", "outlived"})


class Trial(NamedTuple):  # counted by the million: a tuple's hash is the quickest
    """Cookies issued at `login`, read at `serving`.  `public`: of a public computer.  `over`: older than
    the age from which on sessions of this run may have expired."""

    login: str
    serving: str
    outcome: str
    public: bool = False
    over: bool = False

    @property
    def cell(self) -> tuple[str, str, bool]:
        return self.login, self.serving, self.public


@dataclass(slots=True)
class Pool:
    """What is known of the nodes besides their answers to cookies.

    `versions`: node -> one of wire.names.VERSIONS, where known.  `signatures`: characters of cadataSig.
    `skews`: seconds by which a node's Date is ahead of the others'.
    """

    nodes: tuple[str, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    signatures: Mapping[str, int] = field(default_factory=dict)
    skews: Mapping[str, float] = field(default_factory=dict)

    def version(self, node: str) -> str:
        return self.versions.get(node, "")


@dataclass(slots=True)
class Seen:
    """All trials of a visit or a run, and the pool they happened in."""

    pool: Pool
    trials: Counter[Trial]

    def of_pair(self, login: str, serving: str) -> Counter[Trial]:
        """The trials of cookies issued at `login` and read at `serving`."""
        return Counter(
            {t: n for t, n in self.trials.items() if (t.login, t.serving) == (login, serving)}
        )

    @property
    def refused(self) -> int:
        return sum(n for trial, n in self.trials.items() if trial.outcome in REFUSALS)
