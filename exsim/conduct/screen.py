"""How many columns there are for what a verb prints: those of the operator's terminal, and never more than are read well.

What goes into a file or a pipe is as wide as it may be: there nobody breaks lines again.
"""

from __future__ import annotations

import shutil
import textwrap

WIDEST = 98  # columns
NARROWEST = 60  # below it nothing is made to fit


def width() -> int:
    """Columns of a line; one less than the terminal has, which else begins another one."""
    found = shutil.get_terminal_size((WIDEST + 1, 24)).columns - 1
    return max(NARROWEST, min(WIDEST, found))


def columns() -> int | None:
    """Columns that a table may take: all that the terminal has but the last; None in a file or a pipe."""
    found = shutil.get_terminal_size((0, 24)).columns
    return max(NARROWEST, found - 1) if found else None


def fitted(line: str, hanging: int) -> str:
    """`line`, in as many as the screen needs, all but the first from column `hanging` on; several are left alone."""
    if "\n" in line or len(line) <= width():
        return line
    first = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line.lstrip(), width(), initial_indent=first, subsequent_indent=" " * hanging,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
