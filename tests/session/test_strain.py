"""Falls if: one bad answer stops a run, a server that suffers does not, a slow start or a long poll is taken
for suffering, or a latency that nobody would call slow is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from exsim.session.meaning import Sign
from exsim.session.strain import Strain
from tests.session.test_signs import BE, FE, OWA, hop

Answer = tuple[float, Sign, int]  # what it took, what it says, its status
FINE: Answer = (0.05, Sign.SERVED, 200)
GONE: Answer = (0.05, Sign.FRONT_END_503, 503)
BUSY: Answer = (0.05, Sign.THROTTLED, 200)


def stopped_at(
    answers: Callable[[int], Iterator[Answer]], until: int = 200, step: str = ""
) -> int | None:
    """The second in which a run of such answers is stopped; None: it never is."""
    strain = Strain()
    for second in range(until):
        for took, sign, status in answers(second):
            one = hop(OWA, status, BE if status < 500 else FE)
            one.t, one.took, one.step = second + 0.5 - took, took, step
            strain.feed(one, sign)
        if strain.judge(second + 0.99):
            return second
    return None


def each(*answers: Answer) -> Callable[[int], Iterator[Answer]]:
    return lambda second: iter(answers)


def test_a_farm_that_answers_is_left_alone() -> None:
    assert stopped_at(each(*[FINE] * 20)) is None


@pytest.mark.parametrize("bad", [GONE, BUSY, (0.05, Sign.LB_ERROR, 503)])
def test_one_bad_answer_in_fifty_stops_it_after_ten_seconds(bad: Answer) -> None:
    assert stopped_at(each(*[FINE] * 49, bad)) == 10


def test_one_bad_answer_alone_does_not() -> None:
    assert stopped_at(lambda second: iter([GONE] if second == 20 else [FINE])) is None


def test_one_in_two_hundred_does_not_either() -> None:
    assert stopped_at(each(*[FINE] * 199, GONE)) is None


def test_a_balancers_redirect_or_400_is_no_strain() -> None:
    assert stopped_at(each((0.05, Sign.LB_ERROR, 400))) is None


def slower(factor: float, since: int = 70, took: float = 0.05) -> Callable[[int], Iterator[Answer]]:
    return lambda second: iter([(took * (factor if second >= since else 1), Sign.SERVED, 200)] * 5)


def test_a_median_above_three_times_the_first_minutes_stops_it_after_thirty_seconds() -> None:
    found = stopped_at(slower(3.5))
    assert found is not None and 100 <= found <= 110


@pytest.mark.parametrize(
    "answers",
    [slower(2.9), slower(10, took=0.005), slower(5, since=10), lambda s: slower(4 if 80 < s < 105 else 1)(s)],
    ids=["not three times", "below what anybody feels", "in the first minute", "not for thirty seconds"],
)  # fmt: skip
def test_what_is_not_slow(answers: Callable[[int], Iterator[Answer]]) -> None:
    assert stopped_at(answers) is None


def test_long_polls_do_not_count() -> None:
    assert stopped_at(slower(100), step="channel_wait") is None
