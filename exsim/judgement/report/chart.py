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
    last = max((_last(session) for session in sessions if counted(session)), default=None)
    if last is None:
        return None
    span = max(lasted, last, 1.0)
    begun, lost = [0] * BARS, [0] * BARS
    for session in filter(counted, sessions):
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


def _last(session: Session) -> float:
    return max(session.began, session.incident.t if session.incident else session.began)


def _place(t: float, span: float) -> int:
    return min(BARS - 1, max(0, int(t / span * BARS)))
