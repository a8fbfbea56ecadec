"""One criterion and what became of it: values, as they stand in the gate's JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from exsim.judgement.words import counted_noun

Outcome = Literal["pass", "fail", "inconclusive"]


class Count(msgspec.Struct, frozen=True):
    """`bad` of `of`, and the one-sided upper bound on the share (from 0 to 1) that this leaves possible."""

    bad: int
    of: int
    bound: float


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """What was demanded, and whether it was shown.

    `key`: where it stands ("expect.lost[0]").  `counts`: what was counted ("sessions", "accounts",
    "answers") -> the numbers; `decided_by` names the one that decides.  `limit`: the share, or for a
    latency the seconds, that was allowed.  `steered`: over meetings that the run made happen, which are
    hazards and no share of users.  `file` and `line`: where in a balancer's file it can be put right.
    """

    key: str
    name: str
    outcome: Outcome
    sentence: str
    limit: float | None = None
    confidence: float | None = None
    counts: dict[str, Count] = {}
    decided_by: str = ""
    steered: bool = False
    file: str = ""
    line: int = 0


def share(value: float) -> str:
    """A share with three digits, as bounds are quoted: "13.9 %", "0.997 %"."""
    return f"{value * 100:.3g} %"


def counted(count: Count, noun: str) -> str:
    """ "0 of 299 sessions (fewer than 0.997 %)"; the noun is given in the singular."""
    if not count.of:
        return f"no {noun}"
    said = f"{count.bad} of {counted_noun(count.of, noun)}"
    return f"{said} (fewer than {share(count.bound)})" if count.bound < 1 else said
