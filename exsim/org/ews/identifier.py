"""Ids of folders and items as EWS writes them (OXWSITEMID): base64 of the mailbox's GUID and a store id.

The leading bytes are as documented: no compression, kind 3 (by mailbox GUID), the GUID as counted text,
the processing instruction 0, the counted store id.  What stands in the store id is ours.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass

from exsim.org.contents import Box, Folder, Item

PLAIN, BY_GUID, NORMAL = 0, 3, 0
FOLDER, ITEM = b"F", b"I"


@dataclass(frozen=True, slots=True)
class Named:
    """What an id names: a folder by its key, or an item by its number."""

    guid: str
    folder: str = ""
    item: int = 0


def _sealed(guid: str, store: bytes) -> str:
    moniker = guid.encode()
    head = struct.pack("<BBH", PLAIN, BY_GUID, len(moniker)) + moniker
    return base64.b64encode(head + struct.pack("<BH", NORMAL, len(store)) + store).decode()


def folder_id(box: Box, key: str) -> str:
    return _sealed(box.guid, FOLDER + key.encode())


def item_id(box: Box, number: int) -> str:
    return _sealed(box.guid, ITEM + number.to_bytes(8, "big"))


def change_key(change: int) -> str:
    return base64.b64encode(b"\x09\x00" + change.to_bytes(4, "big")).decode()


def folder_element(box: Box, folder: Folder | str, name: str = "FolderId") -> str:
    key = folder if isinstance(folder, str) else folder.key
    return f'<t:{name} Id="{folder_id(box, key)}" ChangeKey="{change_key(1)}"/>'


def item_element(box: Box, item: Item, name: str = "ItemId") -> str:
    return f'<t:{name} Id="{item_id(box, item.number)}" ChangeKey="{change_key(item.change)}"/>'


def read(text: str) -> Named | None:
    """What `text` names, or None when it is none of our ids."""
    try:
        data = base64.b64decode(text, validate=True)
        plain, kind, length = struct.unpack_from("<BBH", data)
        guid = data[4 : 4 + length].decode("ascii")
        _, size = struct.unpack_from("<BH", data, 4 + length)
        store = data[7 + length :]
    except (binascii.Error, struct.error, ValueError):
        return None
    if (plain, kind, len(store)) != (PLAIN, BY_GUID, size) or not store:
        return None
    if store[:1] == ITEM and size == 9:
        return Named(guid, item=int.from_bytes(store[1:], "big"))
    if store[:1] == FOLDER and store.isascii():
        return Named(guid, folder=store[1:].decode())
    return None
