"""What a scenario demands of a run, and which sessions are enough to say that a balancer allows nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.runs.sections import LatencyLimit, LostLimit

# A session that sent so many requests over so many connections would have met another node if the
# balancer let it (assumed: round robin over six connections meets all nodes in the first dozen).
TELLING_REQUESTS = 10
TELLING_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class Expectations:
    """The `[expect]` of a scenario.

    `persistence`: "none" asks that every combination which is not prevented be met by at least
    `min_sessions_per_combination` sessions; "held" asks instead that no session changes front end.
    `max_unattributed`: share of a node's answers whose front end may stay unknown.  `lost`, `latency` and
    `wrong_mailbox` are criteria of their own; `no_worse_by` is the margin to a baseline.
    """

    max_lost_sessions: int = 0
    persistence: str = "none"
    min_sessions_per_combination: int = 10
    max_unattributed: float = 0.02
    lost: tuple[LostLimit, ...] = ()
    latency: tuple[LatencyLimit, ...] = ()
    wrong_mailbox: int | None = None
    no_worse_by: float = 0.05

    @property
    def enough(self) -> int:
        """Sessions from which on a combination counts as met: at least one."""
        return max(1, self.min_sessions_per_combination)


def telling(requests: int, connections: int, opened: int) -> bool:
    """Whether a session of so many requests and connections would have met another node.

    `opened`: connections that the client opens at all; one that opens a single one can show no more.
    """
    return requests >= TELLING_REQUESTS and connections >= min(TELLING_CONNECTIONS, max(1, opened))
