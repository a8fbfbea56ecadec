"""Requests that wait for a change: the back end looks at the mailbox again and again."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

from exsim.org.activesync.call import Call
from exsim.org.activesync.changes import has_changed
from exsim.org.activesync.folder import folder_of
from exsim.org.work import Ask, Wait

LOOK = 5.0  # a device's seconds between two looks (assumed)


class Watch:
    """The collections that a device waits for, and what it has of each."""

    def __init__(self, call: Call, collections: Iterable[str]) -> None:
        self._box = call.box
        self._version = -1
        self._watched = {}
        for number in collections:
            folder = folder_of(call.box, number)
            if folder is None:
                continue
            keys = call.device.collections.get(number)
            snapshot = keys.state(keys.newest) if keys is not None else None
            # Of a collection that the device never fetched, what is there now counts as known.
            items = {item.number: item.change for item in call.box.items_in(folder.key)}
            self._watched[number] = (folder, items if snapshot is None else snapshot.items)

    def changed(self) -> list[str]:
        """The collections in which something happened."""
        if self._box.version == self._version:
            return []
        self._version = self._box.version
        watched = self._watched.items()
        return [
            number for number, (folder, items) in watched if has_changed(self._box, folder, items)
        ]


def wait(call: Call, watch: Watch, seconds: float) -> Generator[Ask, Any, list[str]]:
    """The collections that changed within `seconds` of the device's time; none when it passed."""
    passed = 0.0
    while True:
        changed = watch.changed()
        if changed or passed >= seconds:
            return changed
        step = min(LOOK, seconds - passed)
        yield Wait(step * call.scale)
        passed += step
