"""A rule: one known cause of lost sessions or wrong answers, as a person may read it in full."""

from __future__ import annotations

from dataclasses import dataclass, field

EXCHANGE, BALANCER, NEITHER = "Exchange", "balancer", ""


@dataclass(frozen=True, slots=True)
class Rule:
    """`speaks_for` and `against`: what one would see.  `decides`: neighbour -> the step that tells them
    apart.  `settle`: the step where no neighbour is named.  `source`: keys of `wire.standing.SOURCES`, or
    "assumed".  `fault`: EXCHANGE, BALANCER or NEITHER.  `support`: whether such a pool is supported.
    `weight`: how common it is held to be against the others (assumed); it decides only between equals.
    `persists`: persistence at the balancer hides it.
    """

    id: str
    name: str
    sentence: str
    speaks_for: tuple[str, ...]
    against: tuple[str, ...]
    settle: str
    advice: str
    source: str
    fault: str = EXCHANGE
    support: str = ""
    weight: float = 1.0
    persists: bool = False
    decides: dict[str, str] = field(default_factory=dict)
