"""Which folder or item of a mailbox a request means, and the error codes where it means none."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from exsim.org.contents import Box, Folder, Item
from exsim.org.ews import identifier
from exsim.org.ews.soap import local, text_of


class NotThere(Exception):
    """Nothing of that kind: `code` is the response code, the text what is said with it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def folder_of(box: Box, element: Element) -> Folder:
    """The folder that a FolderId or DistinguishedFolderId names.  NotThere otherwise.

    Somebody else's mailbox is not opened: nobody is anybody's delegate here.
    """
    if local(element) == "DistinguishedFolderId":
        whose = text_of(element, "t:Mailbox/t:EmailAddress")
        if whose and whose.lower() != box.address.lower():
            raise NotThere("ErrorAccessDenied", "That mailbox is not yours.")
        key = element.get("Id", "").lower()
    else:
        named = identifier.read(element.get("Id", ""))
        if named is None or not named.folder:
            raise NotThere("ErrorInvalidIdMalformed", "That is not the id of a folder.")
        if named.guid != box.guid:
            raise NotThere("ErrorAccessDenied", "That mailbox is not yours.")
        key = named.folder
    folder = box.folders.get(key)
    if folder is None:
        raise NotThere("ErrorFolderNotFound", "There is no such folder in this mailbox.")
    return folder


def item_of(box: Box, element: Element) -> Item:
    """The item that an ItemId names.  NotThere otherwise."""
    named = identifier.read(element.get("Id", ""))
    if named is None or not named.item:
        raise NotThere("ErrorInvalidIdMalformed", "That is not the id of an item.")
    if named.guid != box.guid:
        raise NotThere("ErrorAccessDenied", "That mailbox is not yours.")
    item = box.items.get(named.item)
    if item is None:
        raise NotThere("ErrorItemNotFound", "There is no such item in this mailbox.")
    return item
