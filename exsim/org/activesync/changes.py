"""What a mailbox has that a device has not."""

from __future__ import annotations

from dataclasses import dataclass, field

from exsim.org.activesync.device import Wish
from exsim.org.activesync.folder import number_of
from exsim.org.activesync.item import fields, server_id
from exsim.org.contents import Box, Folder
from exsim.wire.wbxml import Element, tags

air = tags("AirSync")


@dataclass(slots=True)
class Found:
    """What the device is told, what it has then, and whether that is not all."""

    items: dict[int, int]
    commands: list[Element] = field(default_factory=list)
    more: bool = False


def has_changed(box: Box, folder: Folder, items: dict[int, int]) -> bool:
    """Whether a device that has `items` of `folder` lacks anything."""
    return items != {item.number: item.change for item in box.items_in(folder.key)}


def count_changes(box: Box, folder: Folder, items: dict[int, int]) -> int:
    """How many commands would bring such a device up to date."""
    now = {item.number: item.change for item in box.items_in(folder.key)}
    gone = sum(number not in now for number in items)
    return gone + sum(items.get(number) != change for number, change in now.items())


def differences(box: Box, folder: Folder, items: dict[int, int], wish: Wish) -> Found:
    """At most `wish.window` commands; what is gone comes first, then the newest."""
    found = Found(dict(items))
    present = {item.number: item for item in box.items_in(folder.key)}
    for number in items:
        if number not in present:
            if len(found.commands) >= wish.window:
                found.more = True
                return found
            gone = air("ServerId", f"{number_of(folder.key)}:{number}")
            found.commands.append(air("Delete", gone))
            del found.items[number]
    for item in present.values():
        had = items.get(item.number)
        if had == item.change:
            continue
        if len(found.commands) >= wish.window:
            found.more = True
            break
        told = air("ApplicationData", *fields(item, folder, wish.body_type))
        what = "Add" if had is None else "Change"
        found.commands.append(air(what, air("ServerId", server_id(item)), told))
        found.items[item.number] = item.change
    return found
