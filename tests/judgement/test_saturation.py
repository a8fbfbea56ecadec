"""Falls if: a generator without a core left, or late, is not warned of with its figure, or a healthy one is."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.judgement.facts import RunFacts
from exsim.judgement.saturation import saturation

CASES = [
    ({}, ""),
    ({"busy": 0.79}, ""),
    ({"busy": 0.93}, "used 93 % of a core (from 80 %"),
    ({"looks": 1000, "late_looks": 10, "lateness": 0.2}, ""),
    ({"looks": 1000, "late_looks": 11, "lateness": 0.2}, "11 of 1000 looks at the clock"),
    ({"looks": 20, "late_looks": 2, "lateness": 0.2}, ""),
    ({"looks": 100, "late_looks": 40, "lateness": 1.25}, "at worst 1.2 s"),
    ({"looks": 100, "late_looks": 1, "stood_still": 0.9}, ""),
    ({"looks": 100, "late_looks": 1, "stood_still": 2.0}, "a load process stood still for 2.0 s"),
    ({"looks": 9000, "late_looks": 1, "stood_still": 4.0}, ""),  # of 7.5 minutes
    ({"looks": 9000, "late_looks": 1, "stood_still": 5.0}, "stood still for 5.0 s"),
]


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_the_rule_and_the_figure_are_said(facts: dict[str, Any], expected: str) -> None:
    said = saturation(RunFacts(**facts))
    assert bool(said) == bool(expected)
    assert expected in said


def test_both_causes_stand_in_one_sentence() -> None:
    said = saturation(RunFacts(busy=0.9, looks=100, late_looks=40, lateness=0.3))
    assert "90 % of a core" in said
    assert " and 40 of 100 looks" in said
