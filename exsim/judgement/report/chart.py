"""Losses over time as bars: numbers for an inline SVG, no drawing here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exsim.judgement.matrix import counted
from exsim.session.records import Session

BARS = 48
WIDTH, HEIGHT = 960.0, 120.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One span of the run; lengths in the drawing's units, upwards from its floor."""

    x: float
    width: float
    begun: int
    lost: int
    begun_height: float
    lost_height: float
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`most` is the count at full height; `span` the seconds from left to right."""

    bars: tuple[Bar, ...]
    most: int
    span: float


def chart(sessions: Sequence[Session], lasted: float) -> Chart | None:
    """Sessions begun and lost in each span of the run, or None when there was none."""
    load = [session for session in sessions if counted(session)]
    if not load:
        return None
    ends = [s.incident.t for s in load if s.incident] + [s.began for s in load]
    span = max(lasted, *ends, 1.0)
    begun, lost = [0] * BARS, [0] * BARS
    for session in load:
        begun[_place(session.began, span)] += 1
        if session.incident:
            lost[_place(session.incident.t, span)] += 1
    most = max(*begun, *lost)
    width, seconds = WIDTH / BARS, span / BARS
    bars = tuple(
        Bar(
            i * width,
            width,
            b,
            k,
            HEIGHT * b / most,
            HEIGHT * k / most,
            i * seconds,
            (i + 1) * seconds,
        )
        for i, (b, k) in enumerate(zip(begun, lost, strict=True))
    )
    return Chart(bars, most, span)


def _place(t: float, span: float) -> int:
    return min(BARS - 1, max(0, int(t / span * BARS)))
