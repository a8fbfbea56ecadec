"""What holds for all tests: found examples are the same in every pipeline, and no example has a stop-watch;
what is printed is as wide as into a file, whatever terminal the tests run in.

A property that fails now and then on a busy machine says nothing about a change; who looks for new examples
runs the tests by hand, where they are drawn anew.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from exsim.conduct import screen

settings.register_profile("exsim", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("exsim")


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(screen.WIDEST + 1))
