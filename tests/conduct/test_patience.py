"""Falls if: a load process that may still go on is ended, one that stands still holds a run for ever, or a slow end is cut."""

from __future__ import annotations

import pytest

from exsim.conduct.patience import ENDING, GRACE, OVERTIME, SILENCE, Patience

LENGTH = 100.0
STARTED, LIVE, OTHER = {"event": "load_started"}, {"event": "live", "t": 12.4}, {"event": "rests"}
ON = "stood still from 12 s on, and was ended"
FIRST = "stood still from the beginning on, and was ended"
LATE = "was still at it 10 min past its planned end, and was ended"

# what is heard and when, then the moment of the look -> why it is to be ended
LOOKS = [
    # a phase with no planned end, or a load that has not started
    ([], SILENCE + GRACE - 1, ""),
    ([], SILENCE + GRACE, FIRST),
    ([(LIVE, 50)], 50 + SILENCE + GRACE - 1, ""),
    ([(LIVE, 50)], 50 + SILENCE + GRACE, ON),
    ([(LIVE, 50), (OTHER, 70)], 70 + SILENCE + GRACE, ON),
    # a load that has: it may go on until its end, however long it was silent
    ([(LIVE, 1), (STARTED, 10)], 10 + LENGTH + GRACE - 1, ""),
    ([(LIVE, 1), (STARTED, 10)], 10 + LENGTH + GRACE, ON),
    ([(STARTED, 10), (LIVE, 10 + LENGTH)], 10 + LENGTH + SILENCE, ON),
    ([(STARTED, 10), (LIVE, 20 + LENGTH)], 20 + LENGTH + SILENCE - 1, ""),
    ([(STARTED, 10), (LIVE, 10 + LENGTH + GRACE)], 10 + LENGTH + GRACE + 1, ""),
    # one that goes on telling its news may take its time, but not for ever
    ([(STARTED, 0), (LIVE, LENGTH + OVERTIME - 1)], LENGTH + OVERTIME - 1, ""),
    ([(STARTED, 0), (LIVE, LENGTH + OVERTIME - 1)], LENGTH + OVERTIME, LATE),
]  # fmt: skip


@pytest.mark.parametrize(("heard", "now", "why"), LOOKS)
def test_who_is_to_be_ended_and_why(
    heard: list[tuple[dict[str, object], float]], now: float, why: str
) -> None:
    one = Patience(LENGTH, 0.0)
    for event, when in heard:
        one.hear(event, when)
    assert (one.gone(now), one.why) == (bool(why), why)


def test_an_end_that_comes_earlier_than_planned_counts_from_then() -> None:
    one = Patience(LENGTH, 0.0)
    one.hear(STARTED, 0.0)
    one.due(20.0)
    one.due(90.0)
    assert not one.gone(20.0 + GRACE - 1)
    assert one.gone(20.0 + GRACE)


@pytest.mark.parametrize(
    ("heard", "now", "over"),
    [
        ([], 10 + ENDING - 1, False),
        ([], 10 + ENDING, True),
        ([15], 15 + ENDING - 1, False),
        ([15], 15 + ENDING, True),
        ([10 + 2 * ENDING - 1], 10 + 2 * ENDING - 1, False),
        ([10 + 2 * ENDING - 1], 10 + 2 * ENDING, True),
    ],
)
def test_who_was_asked_has_time_to_write_what_it_has(
    heard: list[float], now: float, over: bool
) -> None:
    one = Patience(LENGTH, 0.0)
    assert not one.over(1e6)
    one.ask(10.0)
    one.ask(10.0 + ENDING)
    for when in heard:
        one.hear(LIVE, when)
    assert one.over(now) is over
    assert not one.gone(1e6), "nobody is asked twice"
