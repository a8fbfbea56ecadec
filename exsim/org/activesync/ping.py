"""Ping: one request that waits until a folder changes or the heartbeat is over (MS-ASCMD)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from exsim.org.activesync.call import Call
from exsim.org.activesync.folder import folder_of
from exsim.org.activesync.waiting import Watch, wait
from exsim.org.work import Ask
from exsim.wire.wbxml import Element, tags

page = tags("Ping")
PASSED, CHANGED, MISSING, BROKEN = "1", "2", "3", "4"
BAD_INTERVAL, TOO_MANY, HIERARCHY = "5", "6", "7"


def ping(call: Call) -> Generator[Ask, Any, Element]:
    """The answer's document.  What a request leaves out is as in the last one of this device."""
    objection = _remember(call)
    if objection is not None:
        return objection
    device = call.device
    changed = yield from wait(call, Watch(call, device.folders), device.heartbeat)
    if not changed:
        return page("Ping", page("Status", PASSED))
    folders = page("Folders", *(page("Folder", number) for number in changed))
    return page("Ping", page("Status", CHANGED), folders)


def _failed(status: str, *more: Element) -> Element:
    return page("Ping", page("Status", status), *more)


def _remember(call: Call) -> Element | None:
    """The parameters become the device's; or what is wrong with them."""
    device, limits = call.device, call.settings
    heartbeat, folders = device.heartbeat, device.folders
    if call.root is not None:
        asked = call.body.text("HeartbeatInterval")
        if asked is not None:
            if not asked.isascii() or not asked.isdigit():
                return _failed(BROKEN)
            heartbeat = float(int(asked))
        named = call.body.find("Folders")
        if named is not None:
            folders = tuple(folder.text("Id") or "" for folder in named.all("Folder"))
    if not heartbeat or not folders:
        return _failed(MISSING)
    if len(set(folders)) != len(folders):
        return _failed(BROKEN)
    if not limits.least_heartbeat <= heartbeat <= limits.most_heartbeat:
        short = heartbeat < limits.least_heartbeat
        nearest = limits.least_heartbeat if short else limits.most_heartbeat
        return _failed(BAD_INTERVAL, page("HeartbeatInterval", str(int(nearest))))
    if len(folders) > limits.most_folders:
        return _failed(TOO_MANY, page("MaxFolders", str(limits.most_folders)))
    if any(folder_of(call.box, number) is None for number in folders):
        return _failed(HIERARCHY)
    device.heartbeat, device.folders = heartbeat, folders
    return None
