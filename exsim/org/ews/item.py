"""FindItem, GetItem, CreateItem, UpdateItem, MoveItem and DeleteItem."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from exsim.org.back_request import Asked
from exsim.org.contents import Folder, Item
from exsim.org.ews import item_fields, paging
from exsim.org.ews.place import NotThere, folder_of, item_of
from exsim.org.ews.restriction import restricted
from exsim.org.ews.soap import SPACES, Refused, failure, find, success

ID_ONLY: frozenset[str] = frozenset()
NO_ITEMS = "<m:Items/>"
DISPOSITIONS = ("SaveOnly", "SendOnly", "SendAndSaveCopy")
DELETIONS = ("HardDelete", "SoftDelete", "MoveToDeletedItems")


def _items(inside: str) -> str:
    return f"<m:Items>{inside}</m:Items>"


def search(asked: Asked, body: Element) -> str:
    """FindItem: a page of each folder's items."""
    box, messages = asked.box, []
    fields = item_fields.wanted(find(body, "m:ItemShape")) - item_fields.NOT_IN_LISTS
    for element in body.iterfind("m:ParentFolderIds/*", SPACES):
        try:
            folder = folder_of(box, element)
        except NotThere as error:
            messages.append(failure("FindItem", error.code, error.text))
            continue
        rows = restricted(box.items_in(folder.key), body)
        page = paging.page(rows, find(body, "m:IndexedPageItemView"))
        inside = "".join(item_fields.written(box, item, fields) for item in page.rows)
        messages.append(success("FindItem", page.root(f"<t:Items>{inside}</t:Items>")))
    return "".join(messages)


def get(asked: Asked, body: Element) -> str:
    """One message for each id, in their order."""
    fields, messages = item_fields.wanted(find(body, "m:ItemShape")), []
    for element in body.iterfind("m:ItemIds/*", SPACES):
        try:
            item = item_of(asked.box, element)
        except NotThere as error:
            messages.append(failure("GetItem", error.code, error.text, NO_ITEMS))
            continue
        inside = item_fields.written(asked.box, item, fields)
        messages.append(success("GetItem", _items(inside)))
    return "".join(messages)


def create(asked: Asked, body: Element) -> str:
    """CreateItem: saved, sent, or both."""
    disposition = body.get("MessageDisposition", "SaveOnly")
    if disposition not in DISPOSITIONS:
        raise Refused("ErrorSchemaValidation", "That disposition is not known.")
    saved, messages = find(body, "m:SavedItemFolderId/*"), []
    for element in body.iterfind("m:Items/*", SPACES):
        try:
            folder = folder_of(asked.box, saved) if saved is not None else None
        except NotThere as error:
            messages.append(failure("CreateItem", error.code, error.text, NO_ITEMS))
            continue
        messages.append(success("CreateItem", _items(_create(asked, element, disposition, folder))))
    return "".join(messages)


def _create(asked: Asked, element: Element, disposition: str, folder: Folder | None) -> str:
    """Do it; what the answer says of the item (nothing of one that was not saved)."""
    box, when, fields = asked.box, asked.when, item_fields.fields_of(element)
    kind, subject = item_fields.class_of(element), str(fields.pop("subject", ""))
    sends = disposition != "SaveOnly" and kind == "IPM.Note"
    if sends:
        to = item_fields.recipients(element)
        asked.contents.deliver(box.address, to, subject, str(fields.get("text", "")), when)
    if sends and disposition == "SendOnly":
        return ""
    usual = "calendar" if kind == "IPM.Appointment" else "sentitems" if sends else "drafts"
    key = folder.key if folder is not None else usual
    fields |= {"kind": kind, "sender": box.address, "draft": not sends and kind == "IPM.Note"}
    more = item_fields.more_of(element)
    item = box.create(key, subject, when, more=more, **fields)
    return item_fields.written(box, item, ID_ONLY)


def update(asked: Asked, body: Element) -> str:
    """UpdateItem: fields set one by one; one that is deleted becomes empty."""
    messages = []
    for change in body.iterfind("m:ItemChanges/t:ItemChange", SPACES):
        try:
            item = _named(asked, change)
        except NotThere as error:
            messages.append(failure("UpdateItem", error.code, error.text, NO_ITEMS))
            continue
        fields: dict[str, Any] = {}
        for part in change.iterfind("t:Updates/t:SetItemField/*", SPACES):
            fields |= item_fields.fields_of(part)
        for part in change.iterfind("t:Updates/t:DeleteItemField/t:FieldURI", SPACES):
            name = {"item:Subject": "subject", "item:Body": "text"}.get(part.get("FieldURI", ""))
            fields |= {name: ""} if name else {}
        asked.box.update(item.number, asked.when, **fields)
        inside = _items(item_fields.written(asked.box, item, ID_ONLY))
        count = "<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>"
        messages.append(success("UpdateItem", inside + count))
    return "".join(messages)


def _named(asked: Asked, change: Element) -> Item:
    element = find(change, "t:ItemId")
    if element is None:
        raise NotThere("ErrorInvalidIdMalformed", "A change names no item.")
    return item_of(asked.box, element)


def move(asked: Asked, body: Element) -> str:
    """MoveItem: into another folder of the same mailbox."""
    to, messages = find(body, "m:ToFolderId/*"), []
    if to is None:
        raise Refused("ErrorSchemaValidation", "There is no folder to move to.")
    for element in body.iterfind("m:ItemIds/*", SPACES):
        try:
            item = item_of(asked.box, element)
            asked.box.move(item.number, folder_of(asked.box, to).key, asked.when)
        except NotThere as error:
            messages.append(failure("MoveItem", error.code, error.text, NO_ITEMS))
            continue
        inside = item_fields.written(asked.box, item, ID_ONLY)
        messages.append(success("MoveItem", _items(inside)))
    return "".join(messages)


def delete(asked: Asked, body: Element) -> str:
    """DeleteItem: for good, or into Deleted Items."""
    how, messages = body.get("DeleteType", ""), []
    if how not in DELETIONS:
        raise Refused("ErrorSchemaValidation", "That kind of deletion is not known.")
    for element in body.iterfind("m:ItemIds/*", SPACES):
        try:
            item = item_of(asked.box, element)
        except NotThere as error:
            messages.append(failure("DeleteItem", error.code, error.text))
            continue
        if how == "MoveToDeletedItems" and item.folder != "deleteditems":
            asked.box.move(item.number, "deleteditems", asked.when)
        else:
            asked.box.delete(item.number, asked.when)
        messages.append(success("DeleteItem"))
    return "".join(messages)
