"""Falls if: percentiles drift from the exact ones, or evidence and long polls are counted as answers."""

from __future__ import annotations

import pytest

from exsim.judgement.latency import Latencies
from exsim.session.hop import Evidence
from tests.judgement.build import A, hop


def test_percentiles_are_exact_to_three_digits() -> None:
    latencies = Latencies()
    for i in range(1, 1001):
        latencies.add(hop(1, i, 0.0, "GET /", A, took=i / 1000))
    (row,) = latencies.rows()
    assert (row.protocol, row.step, row.count) == ("owa", "poll", 1000)
    assert (row.p50, row.p95, row.p99, row.max) == pytest.approx((0.5, 0.95, 0.99, 1.0), rel=2e-3)


@pytest.mark.parametrize("took", [1e308, 7200.0])
def test_a_time_beyond_an_hour_counts_as_an_hour(took: float) -> None:
    latencies = Latencies()
    latencies.add(hop(1, 1, 0.0, "GET /", A, took=took))
    (row,) = latencies.rows()
    assert row.max == pytest.approx(3600.0, rel=2e-3)


def test_a_time_below_none_counts_as_the_shortest() -> None:
    latencies = Latencies()
    latencies.add(hop(1, 1, 0.0, "GET /", A, took=-1.0))
    (row,) = latencies.rows()
    assert row.max == pytest.approx(1e-6)


def test_evidence_and_answers_that_never_came_are_not_counted() -> None:
    latencies = Latencies()
    latencies.add(hop(1, 1, 0.0, "GET /", A, control=True))
    latencies.add(hop(1, 2, 0.0, "GET /", A, status=None, error="timeout"))
    assert latencies.rows() == []


def test_of_a_stream_the_time_to_its_head_counts() -> None:
    latencies = Latencies()
    body = Evidence(pieces=8)
    latencies.add(hop(1, 1, 0.0, "GET /owa/ev.owa2", A, took=320.0, head=0.02, body=body))
    assert latencies.rows()[0].max == pytest.approx(0.02, rel=2e-3)


@pytest.mark.parametrize(
    ("ended", "head", "counted"),
    [
        ("closed", 0.02, 0.02),
        ("abandoned", 0.02, 0.02),
        ("whole", 0.02, 320.0),
        ("closed", None, 320.0),
    ],
)
def test_a_stream_that_stayed_silent_until_its_client_ended_it_took_no_longer_than_its_head(
    ended: str, head: float | None, counted: float
) -> None:
    latencies = Latencies()
    latencies.add(hop(1, 1, 0.0, "GET /owa/ev.owa2", A, took=320.0, head=head, ended=ended))
    assert latencies.rows()[0].max == pytest.approx(counted, rel=2e-3)


@pytest.mark.parametrize("took", [0.0, -0.001, 1e9])
def test_no_time_is_too_odd_to_be_counted(took: float) -> None:
    latencies = Latencies()
    latencies.add(hop(1, 1, 0.0, "GET /", A, took=took))
    assert latencies.rows()[0].count == 1


def test_steps_stand_in_the_order_in_which_they_were_met() -> None:
    latencies = Latencies()
    for step in ("open", "logon", "boot", "logon"):
        latencies.add(hop(1, 1, 0.0, "GET /", A, step=step))
    assert [row.step for row in latencies.rows()] == ["open", "logon", "boot"]
