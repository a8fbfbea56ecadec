"""Folders as a device knows them: their numbers and types, FolderSync, and making and removing one."""

from __future__ import annotations

from exsim.org.activesync.call import Call, Refused
from exsim.org.activesync.device import NO_KEY
from exsim.org.contents import NOTE, WELL_KNOWN, Box, Folder
from exsim.wire.wbxml import Element, tags

page = tags("FolderHierarchy")
BAD_KEY, MALFORMED = "9", "10"  # statuses of the commands on folders (MS-ASCMD)
EXISTS, IS_SPECIAL, NOT_THERE, NO_PARENT = "2", "3", "4", "5"
TOP = "msgfolderroot"
# Well-known folder -> its type; junk mail is one of the user's own (assumed)
TYPES = {
    "inbox": 2, "drafts": 3, "deleteditems": 4, "sentitems": 5, "outbox": 6, "tasks": 7,
    "calendar": 8, "contacts": 9, "notes": 10, "journal": 11,
}  # fmt: skip
# Class of a folder that a user made -> its type
OWN_TYPES = {NOTE: 12, "IPF.Appointment": 13, "IPF.Contact": 14, "IPF.Task": 15}
KINDS = {str(number): kind for kind, number in OWN_TYPES.items()} | {"1": NOTE}
CLASSES = {
    "IPF.Appointment": "Calendar",
    "IPF.Contact": "Contacts",
    "IPF.Task": "Tasks",
    "IPF.StickyNote": "Notes",
}
_NUMBERS = {row[0]: str(number) for number, row in enumerate(WELL_KNOWN, 1)}
_KEYS = {number: key for key, number in _NUMBERS.items()}


def number_of(key: str) -> str:
    """The number by which a device knows a folder; the top is 0."""
    if key == TOP:
        return "0"
    return _NUMBERS.get(key) or str(len(WELL_KNOWN) + int(key.removeprefix("folder")))


def folder_of(box: Box, number: str) -> Folder | None:
    """The folder that a device calls `number`; None when the mailbox has none."""
    if number == "0":
        return box.folders[TOP]
    if number in _KEYS:
        return box.folders.get(_KEYS[number])
    if not number.isascii() or not number.isdigit():
        return None
    return box.folders.get(f"folder{int(number) - len(WELL_KNOWN)}")


def class_of(folder: Folder) -> str:
    """The class of what lies in a folder, as Ping and GetItemEstimate name it."""
    return CLASSES.get(folder.kind, "Email")


def visible(box: Box) -> dict[str, Folder]:
    """The folders that a device is told of, by number."""
    return {number_of(folder.key): folder for folder in box.below(TOP, deep=True)}


def folder_sync(call: Call) -> Element:
    """The whole hierarchy to who has nothing, the differences to who has a key (MS-ASCMD)."""
    key = call.body.text("SyncKey")
    if key is None:
        return page("FolderSync", page("Status", MALFORMED))
    hierarchy = call.device.hierarchy
    before = {} if key == NO_KEY else hierarchy.state(key)
    if before is None:
        return page("FolderSync", page("Status", BAD_KEY))
    now = visible(call.box)
    changes = _differences(before, now)
    after = key
    if key == NO_KEY or changes:
        after = call.new_key()
        names = {number: folder.name for number, folder in now.items()}
        if key == NO_KEY:
            hierarchy.begin(after, names)
        else:
            hierarchy.follow(key, after, names)
    count = page("Count", str(len(changes)))
    return page(
        "FolderSync", page("Status", "1"), page("SyncKey", after), page("Changes", count, *changes)
    )


def _differences(before: dict[str, str], now: dict[str, Folder]) -> list[Element]:
    found = [
        _described("Update" if number in before else "Add", number, folder)
        for number, folder in now.items()
        if before.get(number) != folder.name
    ]
    found += [page("Delete", page("ServerId", number)) for number in before if number not in now]
    return found


def _described(what: str, number: str, folder: Folder) -> Element:
    kind = TYPES.get(folder.key) or OWN_TYPES.get(folder.kind, 12)
    return page(
        what,
        page("ServerId", number),
        page("ParentId", number_of(folder.parent)),
        page("DisplayName", folder.name),
        page("Type", str(kind)),
    )


# Making and removing -------------------------------------------------------------------------------


def folder_create(call: Call) -> Element:
    """A new folder, and the next key."""
    parent = folder_of(call.box, call.body.text("ParentId") or "")
    name = call.body.text("DisplayName") or ""
    kind = KINDS.get(call.body.text("Type") or "")
    status = _objection(call, parent, name)
    if not name or kind is None:
        status = MALFORMED
    if status or parent is None or kind is None:
        return page("FolderCreate", page("Status", status or NO_PARENT))
    made = call.box.add_folder(parent.key, name, kind)
    key = page("SyncKey", _next_key(call))
    number = page("ServerId", number_of(made.key))
    return page("FolderCreate", page("Status", "1"), key, number)


def folder_update(call: Call) -> Element:
    """Another name, or another place."""
    parent = folder_of(call.box, call.body.text("ParentId") or "")
    name = call.body.text("DisplayName") or ""
    folder = _own(call)
    status = _objection(call, parent, name, folder)
    if isinstance(folder, str) or parent is None or status:
        return page("FolderUpdate", page("Status", status or NO_PARENT))
    moved = Folder(folder.key, parent.key, name, folder.kind)
    call.box.folders[folder.key] = moved
    return page("FolderUpdate", page("Status", "1"), page("SyncKey", _next_key(call)))


def folder_delete(call: Call) -> Element:
    """Gone, with all that lies in it."""
    folder = _own(call)
    if _bad_key(call) or isinstance(folder, str):
        status = BAD_KEY if _bad_key(call) else str(folder)
        return page("FolderDelete", page("Status", status))
    for gone in [folder, *call.box.below(folder.key, deep=True)]:
        for item in call.box.items_in(gone.key):
            call.box.delete(item.number, call.when)
        del call.box.folders[gone.key]
    return page("FolderDelete", page("Status", "1"), page("SyncKey", _next_key(call)))


def _bad_key(call: Call) -> bool:
    key = call.body.text("SyncKey")
    if key is None:
        raise Refused(400)
    return call.device.hierarchy.state(key) is None


def _own(call: Call) -> Folder | str:
    """The folder that the request names; the status that says why it cannot be changed."""
    folder = folder_of(call.box, call.body.text("ServerId") or "")
    if folder is None:
        return NOT_THERE
    return IS_SPECIAL if folder.key in _NUMBERS else folder


def _objection(
    call: Call, parent: Folder | None, name: str, folder: Folder | str | None = None
) -> str:
    if _bad_key(call):
        return BAD_KEY
    if isinstance(folder, str):
        return folder
    if parent is None:
        return NO_PARENT
    taken = any(other.name == name and other != folder for other in call.box.below(parent.key))
    return EXISTS if taken else ""


def _next_key(call: Call) -> str:
    """The key after a change of the device's own, which it is not told of again."""
    used, key = call.body.text("SyncKey") or "", call.new_key()
    names = {number: folder.name for number, folder in visible(call.box).items()}
    call.device.hierarchy.follow(used, key, names)
    return key
