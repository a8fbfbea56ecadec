"""Falls if: a duration is read as another one, or something that is none is taken for one."""

from __future__ import annotations

import pytest

from exsim.runs.duration import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2s", 2.0),
        ("1.5m", 90.0),
        ("90", 90.0),
        ("320 s", 320.0),
        ("250ms", 0.25),
        (".5s", 0.5),
        ("8h", 28800.0),
        ("1d", 86400.0),
        (7, 7.0),
        (0.25, 0.25),
        (" 3s ", 3.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str | float, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["", "s", "-1s", "1w", "1 2s", "1h30m", "1e3", "inf", True, None, "²s"]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a duration"):
        seconds(text)  # type: ignore[arg-type]
