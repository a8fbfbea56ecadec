"""How many columns there are for what a verb prints: those of the operator's terminal, and never more than are read well.

What goes into a file or a pipe is as wide as it may be: there nobody breaks lines again.
"""

from __future__ import annotations

import shutil

WIDEST = 98  # columns
NARROWEST = 60  # below it nothing is made to fit


def width() -> int:
    """Columns of a line; one less than the terminal has, which else begins another one."""
    found = shutil.get_terminal_size((WIDEST + 1, 24)).columns - 1
    return max(NARROWEST, min(WIDEST, found))
