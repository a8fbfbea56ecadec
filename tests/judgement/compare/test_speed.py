"""Falls if: a step is called slower that nobody would notice or few users show, requests are compared and not users,
or a user's median is made of what is no answer to him.
"""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.compare.speed import Times, speeds
from exsim.judgement.latency import LatencyRow
from exsim.session.hop import Evidence
from tests.judgement.build import A, hop
from tests.judgement.compare.sides import losing, sticky

STEP = ("owa", "service")


@pytest.mark.parametrize(
    ("a", "b", "users", "slower"),
    [
        (0.020, 0.090, 12, "b"),
        (0.090, 0.020, 12, "a"),
        (0.020, 0.090, 4, "b"),  # by rank in 2 of 70 ways
        (0.020, 0.090, 3, ""),  # three users are not enough
        (0.100, 0.110, 12, ""),  # all slower, by a tenth
        (0.002, 0.004, 12, ""),  # twice as long, and two milliseconds
        (0.020, 0.026, 12, "b"),
        (0.020, 0.020, 12, ""),
    ],
)
def test_a_step_is_slower_where_its_users_show_it_and_it_can_be_noticed(
    a: float, b: float, users: int, slower: str
) -> None:
    rows = [LatencyRow(*STEP, 4000, t, 2 * t, 3 * t, 4 * t) for t in (a, b)]
    medians = [{STEP: [t + n / 1e5 for n in range(users)]} for t in (a, b)]
    sides = (make(latencies=(row,), medians=own) for make, row, own in zip((losing, sticky), rows, medians, strict=True))  # fmt: skip
    (found,) = speeds(*sides)
    assert (found.slower, found.a, found.b) == (slower, *rows)
    assert (found.chance < 0.05) == (a != b and users > 3)


def test_where_all_took_the_same_chance_explains_it() -> None:
    a, b = losing(medians={STEP: [0.02] * 9}), sticky(medians={STEP: [0.02] * 9})
    row = LatencyRow(*STEP, 9, 0.02, 0.02, 0.02, 0.02)
    a.judgement.results.latencies.append(row)
    (found,) = speeds(a, b)
    assert (found.chance, found.slower, found.b) == (1.0, "", None)


def test_each_user_has_one_median_of_the_answers_that_he_asked_for() -> None:
    times = Times()

    def add(user: int, took: float, **fields: Any) -> None:
        times.add(hop(user, 1, 0.0, "GET /", A, took=took, step="service", **fields))

    for took in (0.1, 0.2, 0.9):
        add(1, took)
    add(2, 0.5)
    add(2, 9.0, forced=True)
    add(2, 9.0, control=True)
    add(2, 9.0, status=None)
    add(3, 9.0, head=0.4, body=Evidence(pieces=2))
    add(3, 0.6, protocol="ews")
    assert times.medians() == {
        STEP: pytest.approx([0.2, 0.5, 0.4]),
        ("ews", "service"): pytest.approx([0.6]),
    }
