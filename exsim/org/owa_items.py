"""Items as OWA's service.svc shows and changes them: the same store that every other protocol sees.

A request that names no folder means the inbox; one that names no item reads the newest, and changes none
(assumed; some of our dialogues send an empty body).
"""

from __future__ import annotations

from typing import Any

from exsim.org.back_request import Asked
from exsim.org.contents import Box, Item
from exsim.org.ews import identifier

Json = dict[str, Any]
ACTIONS = frozenset(("FindItem", "GetItem", "CreateItem", "UpdateItem", "DeleteItem"))
MOST_ROWS = 25  # of a list that says no number (assumed)
NOT_FOUND = {"ResponseCode": "ErrorItemNotFound", "ResponseClass": "Error"}
FIELDS = {"Subject": "subject", "IsRead": "read"}


def shown(box: Box, item: Item) -> Json:
    """One item of a list."""
    identity = {
        "__type": "ItemId:#Exchange",
        "Id": identifier.item_id(box, item.number),
        "ChangeKey": identifier.change_key(item.change),
    }
    return {
        "__type": "Message:#Exchange",
        "ItemId": identity,
        "Subject": item.subject,
        "IsRead": item.read,
    }


def operate(action: str, asked: Asked, request: Json) -> list[Json]:
    """What is particular to each response message of the answer."""
    body = request.get("Body")
    body = body if isinstance(body, dict) else {}
    if action == "FindItem":
        return [_find(asked.box, body)]
    if action == "CreateItem":
        return [_create(asked, body)]
    if action == "UpdateItem":
        changes = [change for change in _listed(body, "ItemChanges") if isinstance(change, dict)]
        return [_update(asked, change) for change in changes] or [{}]
    return [_one(action, asked, named) for named in _listed(body, "ItemIds") or [None]]


def _find(box: Box, body: Json) -> Json:
    rows = box.items_in(_folder(box, _listed(body, "ParentFolderIds")))
    paging = body.get("Paging")
    paging = paging if isinstance(paging, dict) else {}
    offset, most = _number(paging, "Offset", 0), _number(paging, "MaxEntriesReturned", MOST_ROWS)
    items = [shown(box, item) for item in rows[offset : offset + most]]
    last = offset + len(items) >= len(rows)
    return {
        "RootFolder": {
            "TotalItemsInView": len(rows),
            "IncludesLastItemInRange": last,
            "Items": items,
        }
    }


def _one(action: str, asked: Asked, named: Any) -> Json:
    item = _item(asked.box, named)
    if action == "GetItem" and named is None:
        item = next(iter(asked.box.items_in("inbox")), None)
    if item is None:
        return {} if named is None else NOT_FOUND
    if action == "DeleteItem":
        asked.box.delete(item.number, asked.when)
        return {}
    return {"Items": [{**shown(asked.box, item), "Body": {"Value": item.text}}]}


def _create(asked: Asked, body: Json) -> Json:
    """A draft, or an item in the folder that is named; OWA's sending of mail is not played here."""
    wanted = [one for one in _listed(body, "Items") if isinstance(one, dict)]
    target = body.get("SavedItemFolderId")
    target = target.get("BaseFolderId", target) if isinstance(target, dict) else None
    folder = _folder(asked.box, [target] if target else [], "drafts")
    made = [
        asked.box.create(
            folder, str(one.get("Subject") or ""), asked.when, sender=asked.box.address, draft=True
        )
        for one in wanted or [{}]
    ]
    return {"Items": [shown(asked.box, item) for item in made]}


def _update(asked: Asked, change: Json) -> Json:
    item = _item(asked.box, change.get("ItemId"))
    if item is None:
        return NOT_FOUND
    fields: Json = {}
    for update in _listed(change, "Updates"):
        values = update.get("Item") if isinstance(update, dict) else None
        for name, field in FIELDS.items():
            if isinstance(values, dict) and name in values:
                value = values[name]
                fields[field] = value is True if field == "read" else str(value)
    asked.box.update(item.number, asked.when, **fields)
    return {"Items": [shown(asked.box, item)]}


def _listed(body: Json, name: str) -> list[Any]:
    found = body.get(name)
    return found if isinstance(found, list) else []


def _number(body: Json, name: str, default: int) -> int:
    value = body.get(name)
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default
    )


def _folder(box: Box, named: list[Any], usual: str = "inbox") -> str:
    """The key of the first folder that is named, by its well-known name or its id."""
    first = named[0] if named and isinstance(named[0], dict) else {}
    text = str(first.get("Id") or "")
    if text.lower() in box.folders:
        return text.lower()
    found = identifier.read(text)
    if found is not None and found.guid == box.guid and found.folder in box.folders:
        return found.folder
    return usual


def _item(box: Box, named: Any) -> Item | None:
    text = str(named.get("Id") or "") if isinstance(named, dict) else ""
    found = identifier.read(text)
    return box.items.get(found.item) if found is not None and found.guid == box.guid else None
