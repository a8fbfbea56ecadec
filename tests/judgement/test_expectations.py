"""Falls if: a balancer is said to allow nothing else after a session that could not have met another node, or no
session at all is enough.
"""

from __future__ import annotations

import pytest

from exsim.judgement.expectations import Expectations, telling


@pytest.mark.parametrize(
    ("requests", "connections", "opened", "tells"),
    [
        (10, 2, 6, True),
        (9, 6, 6, False),  # too few to meet everybody
        (50, 1, 6, False),  # one connection stays where it is
        (50, 1, 1, True),  # and is all that this client opens
        (50, 1, 0, True),
        (50, 0, 1, False),
        (50, 2, 2, True),
    ],
)
def test_a_session_tells_what_a_balancer_allows_after_requests_on_more_than_one_connection(
    requests: int, connections: int, opened: int, tells: bool
) -> None:
    assert telling(requests, connections, opened) is tells


@pytest.mark.parametrize(("wanted", "enough"), [(0, 1), (1, 1), (10, 10)])
def test_a_combination_that_nobody_met_is_never_enough(wanted: int, enough: int) -> None:
    assert Expectations(min_sessions_per_combination=wanted).enough == enough
