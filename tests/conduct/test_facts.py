"""What a run is said to have left behind, from its own history.

Falls if: an item that may still be there is not named, one that never was is counted, or what the load
processes said of their own state is not added up.
"""

from collections import Counter

import pytest

from exsim.conduct.facts import Generator, change_line, left_behind
from exsim.runs.made import Entry
from exsim.runs.runfile import BalancerChange
from exsim.session.hop import Mark
from exsim.session.records import Findings, Session

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


@pytest.mark.parametrize("real", [True, False])
def test_telephones_leave_a_partnership_on_a_real_farm(real):
    phone = Session("1.1", 1, "activesync", 0.0, account="a@isp.com.au")
    found = Findings([phone, phone], [], 0, 0, 0)
    things = left_behind(found, Counter(), (), real=real).things
    assert [one[:32] for one in things] == (["a device partnership in 1 mailbo"] if real else [])


@pytest.mark.parametrize(
    ("entered", "items", "things"),
    [
        ([], 0, ()),
        (["a folder", "b folder"], 0, ("a folder exsim in 2 mailboxes, at most (exsim cleanup removes it)",)),
        (
            ["a folder", "a draft 1", "a draft 2"], 2,
            ("2 drafts, at most, in the folder exsim of 1 mailbox (exsim cleanup removes them)",),
        ),
        (["a folder", "a draft 1", "-a folder", "-a draft 1"], 1, ()),
    ],
)  # fmt: skip
def test_what_stands_in_the_ledger_is_left_until_it_is_gone(entered, items, things):
    ledger = []
    for text in entered:
        account, what, *name = text.removeprefix("-").split()
        ledger.append(Entry(account, what, "".join(name), gone=text.startswith("-")))
    left = left_behind(NONE, Counter(), ledger, real=True)
    assert (left.items, left.things) == (items, things)


def test_what_the_load_processes_say_of_themselves_is_added_up():
    load = Generator()
    first = {"phase": "main", "lag": 0.2, "looks": 100, "late_looks": 3, "busy": 0.5}
    load.add(Mark("", 0.0, "phase_ended", facts=first))
    load.add(Mark("", 0.0, "phase_ended", facts={**first, "lag": 0.1, "busy": 0.9}))
    load.add(
        Mark("", 0.0, "phase_ended", facts={**first, "phase": "unmask", "lag": 0.3, "busy": 1.0})
    )
    load.add(Mark("", 0.0, "phase_ended", facts={"phase": "main", "lag": 0.1}))  # of an older exsim
    assert (load.lateness, load.looks, load.late_looks, load.busy) == (0.3, 200, 6, 0.9)
    assert load.stood_still == 0.2, "while there were users"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("bind :80", "bind 127.0.0.1:1", "line 7, harmless: bind :80 → bind 127.0.0.1:1: why"),
        ("daemon", "", "line 7, harmless: daemon → (dropped): why"),
        ("", "nbthread 1", "added, harmless: nbthread 1: why"),
    ],
)
def test_a_change_of_the_balancers_file_is_told_by_its_line_where_it_has_one(
    before, after, expected
):
    change = BalancerChange(0 if not before else 7, before, after, "harmless", "why")
    assert change_line(change, ", harmless") == expected
