"""What a run makes in mailboxes: one line before it is made, one more when it is gone again.

`ledger.jsonl` of a run's directory.  It holds what a clean-up needs to find a thing again, and no content.
What a load process elsewhere makes stands here a second later, and not at all if it dies in that second; so
where it may make something stands here before it begins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from exsim.protocols.owa.drafts import FOLDER
from exsim.runs.order import Order

NAME = "ledger.jsonl"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing.  `name`: its subject, or its display name.  `gone`: it was removed, or was never there."""

    account: str
    what: str  # draft, folder
    name: str
    utc: str = ""
    gone: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        return self.account.lower(), self.what, self.name


class Ledger:
    """Appends entries to one file, made with the first of them; each is on the disk before `enter` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def enter(self, *found: Entry) -> None:
        """Raises OSError when there is no room for them: then they may not be made."""
        data = memoryview(b"".join(msgspec.json.encode(entry) + b"\n" for entry in found))
        if self._file < 0:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            data = memoryview((b"\n" if _torn(self.path) else b"") + data)
        while data:  # a full disk may take a part, and says so only then
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def _torn(path: Path) -> bool:
    """Whether the last line was never ended: what comes next begins a new one."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return size > 0 and file.read(1) != b"\n"


def foreseen(order: Order) -> list[Entry]:
    """The folders that an order's load may make on a farm: one in each mailbox that it saves drafts in."""
    if order.lab or order.phase != "main":
        return []
    found = {
        account.address: Entry(account.address, "folder", FOLDER)
        for population, users in zip(order.population, order.assignments, strict=True)
        if population.session.drafts
        for accounts in users
        for account in accounts
    }
    return list(found.values())


def entries(path: Path) -> list[Entry]:
    """Everything that was ever entered; a torn last line, of a run that was killed, is left out."""
    if not path.is_file():
        return []
    found: list[Entry] = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(msgspec.json.decode(line, type=Entry))
        except (msgspec.DecodeError, ValueError):
            continue
    return found


def left(found: Iterable[Entry]) -> list[Entry]:
    """What of it may still be there, in the order in which it was entered."""
    there: dict[tuple[str, str, str], Entry] = {}
    for entry in found:
        if entry.gone:
            there.pop(entry.key, None)
        else:
            there.setdefault(entry.key, entry)
    return list(there.values())
