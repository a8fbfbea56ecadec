"""Sync: collections by their keys, in both directions, at once or when something changes (MS-ASCMD).

A key stands for what the device has.  Key 0 gets a key and nothing else.  The newest key and the one
before count; another one gets status 3, and the device begins anew.  FilterType is not looked at.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from exsim.org.activesync.call import Call
from exsim.org.activesync.changes import Found, differences, has_changed
from exsim.org.activesync.commands import Done, carry_out
from exsim.org.activesync.device import NO_KEY, Keys, Snapshot, Wish
from exsim.org.activesync.folder import folder_of
from exsim.org.activesync.waiting import Watch, wait
from exsim.org.work import Ask
from exsim.wire.wbxml import Element, tags

air = tags("AirSync")
OK, BAD_KEY, BROKEN, NO_FOLDER = "1", "3", "4", "12"
NOTHING_CACHED, BAD_INTERVAL = "13", "14"
MINUTE = 60.0
WINDOW, LARGEST_WINDOW = 100, 512


def sync(call: Call) -> Generator[Ask, Any, Element | None]:
    """The answer's document, or None: nothing has changed."""
    wishes = _wishes(call)
    if wishes is None:
        return _failed(NOTHING_CACHED)
    interval = _interval(call)
    if isinstance(interval, Element):
        return interval
    if interval and all(_is_current(call, wish) for wish, _ in wishes):
        collections = tuple(wish.collection for wish, _ in wishes)
        yield from wait(call, Watch(call, collections), interval)
    answered = [_collection(call, wish, given) for wish, given in wishes]
    spoken = [element for element in answered if element is not None]
    return air("Sync", air("Collections", *spoken)) if spoken else None


def _failed(status: str, *more: Element) -> Element:
    return air("Sync", air("Status", status), *more)


# What is asked --------------------------------------------------------------------------------------


def _wishes(call: Call) -> list[tuple[Wish, Element | None]] | None:
    """Each collection with its commands; of an empty or partial request those of the last one."""
    device = call.device
    named: list[tuple[Wish, Element | None]] = []
    if call.root is not None:
        collections = call.body.find("Collections")
        elements = [] if collections is None else collections.all("Collection")
        named = [(_wish(element, device.wishes), element) for element in elements]
    if call.root is None or call.body.find("Partial") is not None:
        if not device.wishes:
            return None
        told = {wish.collection for wish, _ in named}
        named += [
            (replace(wish, key=device.collections[wish.collection].newest), None)
            for wish in device.wishes.values()
            if wish.collection not in told and wish.collection in device.collections
        ]
    if not named:
        return None
    device.wishes = {wish.collection: wish for wish, _ in named}
    return named


def _wish(element: Element, before: dict[str, Wish]) -> Wish:
    collection, key = element.text("CollectionId") or "", element.text("SyncKey") or NO_KEY
    window = element.text("WindowSize") or ""
    number = int(window) if window.isascii() and window.isdigit() else WINDOW
    asked = element.text("GetChanges")
    # An empty GetChanges means yes; without one it is yes unless the key is 0.
    changes = key != NO_KEY if element.find("GetChanges") is None else asked != "0"
    preferred = element.text("Options", "AirSyncBase:BodyPreference", "Type")
    known = before.get(collection)
    kind = int(preferred) if preferred in ("1", "2", "4") else known.body_type if known else 1
    moves = element.text("DeletesAsMoves") != "0"
    window_size = min(number or LARGEST_WINDOW, LARGEST_WINDOW)
    return Wish(collection, key, changes, window_size, kind, moves)


def _interval(call: Call) -> float | Element:
    """How long the device would wait for a change, in its seconds; 0 not at all."""
    if call.root is None:
        return 0.0
    wait_for, heartbeat = call.body.text("Wait"), call.body.text("HeartbeatInterval")
    if wait_for is not None and heartbeat is not None:
        return _failed(BROKEN)
    asked = wait_for if heartbeat is None else heartbeat
    if asked is None:
        return 0.0
    if not asked.isascii() or not asked.isdigit():
        return _failed(BROKEN)
    unit = MINUTE if heartbeat is None else 1.0
    seconds = int(asked) * unit
    least, most = call.settings.least_heartbeat, call.settings.most_heartbeat
    if not least <= seconds <= most:
        limit = least if seconds < least else most
        return _failed(BAD_INTERVAL, air("Limit", str(int(limit // unit))))
    return seconds


def _is_current(call: Call, wish: Wish) -> bool:
    """Whether a device with this key waits: it has the newest, and nothing is there for it yet."""
    keys = call.device.collections.get(wish.collection)
    folder = folder_of(call.box, wish.collection)
    if keys is None or folder is None or wish.key != keys.newest:
        return False
    snapshot = keys.state(wish.key)
    return snapshot is not None and not has_changed(call.box, folder, snapshot.items)


# What is answered -----------------------------------------------------------------------------------


def _collection(call: Call, wish: Wish, given: Element | None) -> Element | None:
    """One collection's answer; None when there is nothing to say."""
    folder = folder_of(call.box, wish.collection)
    if folder is None or wish.collection == "0":
        return _told(wish, wish.key, NO_FOLDER)
    if wish.key == NO_KEY:
        return _begun(call, wish)
    keys = call.device.collections.get(wish.collection)
    snapshot = keys.state(wish.key) if keys is not None else None
    if keys is None or snapshot is None:
        return _told(wish, NO_KEY, BAD_KEY)
    commands = None if given is None else given.find("Commands")
    done = carry_out(call, folder, wish, snapshot, commands)
    found = Found(items=done.snapshot.items)
    if wish.changes:
        found = differences(call.box, folder, done.snapshot.items, wish)
    if not done.commanded and not found.commands:
        return None
    key = call.new_key()
    keys.follow(wish.key, key, Snapshot(found.items, done.snapshot.added))
    return _told(wish, key, OK, *_parts(done, found))


def _begun(call: Call, wish: Wish) -> Element:
    """A first key.  Changes asked for with key 0 are an error of the device's (MS-ASCMD)."""
    if wish.changes:
        return _told(wish, NO_KEY, BROKEN)
    keys: Keys[Snapshot] = Keys()
    keys.begin(call.new_key(), Snapshot())
    call.device.collections[wish.collection] = keys
    return _told(wish, keys.newest, OK)


def _parts(done: Done, found: Found) -> list[Element]:
    parts = [air("Responses", *done.responses)] if done.responses else []
    if found.more:
        parts.append(air("MoreAvailable"))
    if found.commands:
        parts.append(air("Commands", *found.commands))
    return parts


def _told(wish: Wish, key: str, status: str, *parts: Element) -> Element:
    return air(
        "Collection",
        air("SyncKey", key),
        air("CollectionId", wish.collection),
        air("Status", status),
        *parts,
    )
