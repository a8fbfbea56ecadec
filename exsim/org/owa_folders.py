"""Folders of a user's own as OWA's service.svc lists, makes and deletes them.

Shapes are those of Exchange's contracts (E13); which errors it answers with is assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exsim.org.back_request import Asked
from exsim.org.contents import WELL_KNOWN_KEYS, Box, Folder
from exsim.org.ews import identifier

Json = dict[str, Any]
NOT_FOUND = {"ResponseCode": "ErrorFolderNotFound", "ResponseClass": "Error"}
ROOT = "msgfolderroot"


def operate(action: str, asked: Asked, request: Json | None) -> Json | None:
    """What is particular to the answer; None where it is the page's own list of folders at its start."""
    body = (request or {}).get("Body")
    return HANDLERS[action](asked, body) if isinstance(body, dict) else None


def _find(asked: Asked, body: Json) -> Json | None:
    if body.get("Traversal") != "Shallow":
        return None
    box = asked.box
    parents = [_named(box, one) for one in _dicts(body.get("ParentFolderIds"))]
    own = [
        _shown(box, folder)
        for folder in box.folders.values()
        if folder.key not in WELL_KNOWN_KEYS and folder.parent in (parents or [ROOT])
    ]
    return {"RootFolder": {"IncludesLastItemInRange": True, "Folders": own}}


def _create(asked: Asked, body: Json) -> Json:
    box = asked.box
    wanted = [str(one.get("DisplayName", "")) for one in _dicts(body.get("Folders"))]
    return {"Folders": [_shown(box, box.add_folder(ROOT, name)) for name in wanted]}


def _delete(asked: Asked, body: Json) -> Json:
    box = asked.box
    key = next((_named(box, one) for one in _dicts(body.get("FolderIds"))), "")
    if key not in box.folders or key in WELL_KNOWN_KEYS:
        return NOT_FOUND
    box.remove_folder(key, asked.when)
    return {}


def _named(box: Box, identity: Json) -> str:
    """The key of the folder that is named, by its well-known name or its id; "" for none of this mailbox."""
    text = str(identity.get("Id", ""))
    if text in WELL_KNOWN_KEYS:
        return text
    found = identifier.read(text)
    return found.folder if found is not None and found.guid == box.guid else ""


def _shown(box: Box, folder: Folder) -> Json:
    identity = {"__type": "FolderId:#Exchange", "Id": identifier.folder_id(box, folder.key)}
    return {"__type": "Folder:#Exchange", "FolderId": identity, "DisplayName": folder.name}


def _dicts(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


HANDLERS: dict[str, Callable[[Asked, Json], Json | None]] = {
    "FindFolder": _find,
    "CreateFolder": _create,
    "DeleteFolder": _delete,
}
