"""The matrix as CSV, counted and steered apart, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from exsim.judgement.judge import Judgement
from exsim.judgement.matrix import Cell
from exsim.judgement.report.steering import STEERING

COLUMNS = ("kind", *Cell.__struct_fields__)
FORMULA = ("=", "+", "-", "@")  # a spreadsheet would run what begins so


def render(judgement: Judgement) -> str:
    """One line for each combination; `kind` is "counted" or "steered"."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows("counted", judgement.results.matrix))
    writer.writerows(_rows("steered", judgement.results.steered))
    return out.getvalue()


def _rows(kind: str, cells: list[Cell]) -> Iterator[list[str]]:
    for cell in cells:
        values = (getattr(cell, name) for name in Cell.__struct_fields__)
        yield [kind, *(_plain(value) for value in values)]


def _plain(value: str | float | int | None) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "" if value is None else str(value).translate(STEERING)
    return f"'{text}" if text.startswith(FORMULA) else text
