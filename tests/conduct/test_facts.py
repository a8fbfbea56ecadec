"""What a run is said to have left behind, from its own history.

Falls if: an item that may still be there is not named, or one that never was is counted.
"""

import pytest

from exsim.conduct.facts import Generator, left_behind
from exsim.session.hop import Mark
from exsim.session.records import Findings

NONE = Findings([], [], 0, 0, 0)


@pytest.mark.parametrize(
    ("marks", "items", "things"),
    [
        ([], 0, ()),
        (["creating", "removed"], 1, ()),
        (["creating", "not_created"], 0, ()),
        (["creating", "creating", "removed"], 2, ("1 draft in Drafts, at most",)),
        (["creating"] * 3, 3, ("3 drafts in Drafts, at most",)),
        (["hang", "logon"], 0, ()),
    ],
)
def test_what_was_made_and_not_removed_is_named(marks, items, things):
    load = Generator()
    for what in marks:
        load.add(Mark("", 0.0, what, 1))
    left = left_behind(NONE, load.items)
    assert (left.items, left.things) == (items, things)
