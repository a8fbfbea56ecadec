"""Durations as people write them: "2s", "1.5m", "250ms", "8h", "320" or a bare number of seconds."""

from __future__ import annotations

import re

UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
EXPECTED = 'a duration such as "90", "2s", "1.5m" or "8h"'
LONGEST = 1e9  # seconds, thirty years; a clock cannot wait much longer
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+) *(ms|s|m|h|d|)")


def seconds(text: str | int | float) -> float:
    """`text` in seconds.  Raises ValueError when it is not a duration."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"not {EXPECTED}")
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"not {EXPECTED}")
    found = float(match[1]) * UNITS[match[2]]
    if found > LONGEST:
        raise ValueError("longer than anybody can wait")
    return found
