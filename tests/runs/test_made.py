"""Falls if: something is made on a farm that does not stand in the ledger whole, because the disk had room for a part of the
entry, or because it was made elsewhere by a load process that died before it told."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from exsim.runs import made
from exsim.runs.made import Entry, Ledger, entries, foreseen, left
from exsim.runs.order import Order
from tests.runs.test_order import an_order

ENTRY = Entry("a@example.com", "draft", "exsim 2026-11-22", "2026-11-22T05:12:15.918Z")


def test_an_entry_is_whole_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    ledger = Ledger(tmp_path / "ledger.jsonl")
    monkeypatch.setattr(made.os, "write", lambda file, data: write(file, bytes(data)[:7]))
    ledger.enter(ENTRY)
    assert entries(ledger.path) == [ENTRY]
    room = [5]

    def nearly_full(file: int, data: memoryview) -> int:
        if not room:
            raise OSError("No space left on device")
        return write(file, bytes(data)[: room.pop()])

    monkeypatch.setattr(made.os, "write", nearly_full)
    with pytest.raises(OSError, match="No space left"):
        ledger.enter(ENTRY)
    ledger.close()


def test_what_comes_after_a_torn_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(msgspec.json.encode(ENTRY) + b'\n{"account":"b@exa')
    ledger = Ledger(path)
    ledger.enter(msgspec.structs.replace(ENTRY, gone=True))
    ledger.close()
    assert left(entries(path)) == []


def writing(**changes: object) -> Order:
    """An order whose first population saves drafts, and the others do not."""
    order = an_order()
    first, *others = order.population
    saving = msgspec.structs.replace(
        first, session=msgspec.structs.replace(first.session, drafts=1)
    )
    said = {"phase": "main", "population": (saving, *others), **changes}
    return msgspec.structs.replace(order, **said)


def test_where_a_load_elsewhere_may_save_drafts_is_known_before_it_begins() -> None:
    order = writing()
    wanted = {account.address for accounts in order.assignments[0] for account in accounts}
    others = {a.address for users in order.assignments[1:] for accounts in users for a in accounts}
    found = foreseen(order)
    assert {entry.account for entry in found} == wanted and not wanted & others
    assert {(entry.what, entry.name) for entry in found} == {("folder", "exsim")}
    assert left([*found, *found]) == found


@pytest.mark.parametrize(
    "order",
    [an_order(), writing(phase="control"), writing(lab=True)],
    ids=["none", "control", "lab"],
)
def test_who_makes_nothing_on_a_farm_leaves_nothing(order: Order) -> None:
    assert foreseen(order) == []
