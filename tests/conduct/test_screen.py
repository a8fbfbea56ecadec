"""Lines as wide as the screen.

Falls if: a line is longer than the terminal; one that fits, or several at once, are changed; what follows begins elsewhere
than it was told.
"""

import pytest

from exsim.conduct import screen


@pytest.mark.parametrize(("columns", "width"), [(40, 60), (80, 79), (99, 98), (200, 98)])
def test_a_line_is_as_wide_as_the_terminal_allows(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert screen.width() == width


def test_a_line_goes_on_below_what_it_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "61")
    line = " Stops      two accounts refused; wrong mailbox; a health check turning red"
    assert screen.fitted(line, 12).splitlines() == [
        " Stops      two accounts refused; wrong mailbox; a health",
        "            check turning red",
    ]
    for same in ("   short", line + "\n" + line):
        assert screen.fitted(same, 12) == same
