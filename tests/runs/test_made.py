"""Falls if: something is made on a farm that does not stand in the ledger whole, because the disk had room for a part of the entry."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exsim.runs import made
from exsim.runs.made import Entry, Ledger, entries

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
