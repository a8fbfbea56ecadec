"""Falls if: a number reads as more, or less, than it is."""

from __future__ import annotations

import pytest

from exsim.judgement.words import (
    below,
    between,
    clock,
    counted_noun,
    latency,
    listed,
    pause,
    percent,
    seconds,
    shortened,
)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "0 %"), (1.0, "100 %"), (0.683, "68 %"), (0.0124, "1.2 %"), (0.02, "2 %"),
        (0.9999, "99.9 %"), (0.9951, "99.5 %"), (0.0004, "0.04 %"), (0.0996, "10 %"), (0.139, "14 %"),
    ],
)  # fmt: skip
def test_a_share_never_reads_as_all_or_nothing_unless_it_is(share: float, expected: str) -> None:
    assert percent(share) == expected


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(1.0, ""), (0.139, " (fewer than 14 %)"), (0.9999, " (fewer than 99.9 %)")],
)
def test_nothing_is_said_to_be_fewer_than_all_where_all_may_be(bound: float, expected: str) -> None:
    assert below(bound) == expected


def test_an_interval_names_its_unit_once() -> None:
    assert between(0.683, 0.988) == "68 to 99 %"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(41.2, "41 s"), (600, "10 min"), (3900, "65 min"), (7500, "2 h 5 min"), (14400, "4 h")],
)
def test_spans(value: float, expected: str) -> None:
    assert seconds(value) == expected


def test_short_times() -> None:
    assert (latency(0.0312), latency(4.2)) == ("31 ms", "4.2 s")


def test_counts_and_lists() -> None:
    assert (counted_noun(1, "session"), counted_noun(0, "session")) == ("1 session", "0 sessions")
    assert [counted_noun(n, "address") for n in (1, 2)] == ["1 address", "2 addresses"]
    assert [counted_noun(n, "criterion") for n in (1, 2)] == ["1 criterion", "2 criteria"]
    assert [listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip


def test_the_time_of_day_keeps_a_tenth() -> None:
    assert clock("2026-11-23T20:15:31.248Z") == "20:15:31.2"
    assert clock("2026-11-23T20:15:31Z") == "20:15:31"


def test_a_pause_is_never_called_none() -> None:
    assert (pause(0.4), pause(0.1), pause(0.04)) == ("0.4 s", "0.1 s", "40 ms")


@pytest.mark.parametrize("width", [20, 26, 40, 200])
def test_a_long_request_keeps_its_method_and_its_end(width: int) -> None:
    request = "GET /owa/prem/15.1.669.32/scripts/boot.worldwide.0.mouse.js"
    short = shortened(request, width)
    assert len(short) <= width
    assert short.startswith("GET /owa/")
    assert short.endswith(".js")
