"""Drafts that a page saves: all in one folder of the user's own, each with the run's id in its subject.

Every request that makes something says so (`Request.makes`), and the driver enters it in the run's ledger
before it is sent.  Nothing is ever addressed or sent.  The shapes of these calls are *assumed* from those of
CAP16 and the names of Exchange's own contracts (E13).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from exsim.protocols.flow import OWN_MAILBOX, Flow, Response
from exsim.protocols.owa.actions import Action, call
from exsim.protocols.owa.page import Page

FOLDER = "exsim"
STEP = "draft"
ROWS = 1000  # of one page of a list
PAGES = 20  # of one list; who has more of them in this folder is asked no further
Json = dict[str, Any]


class Untold(Exception):
    """An answer does not say what lies in a mailbox: nothing can be concluded from what it does not show."""


def subject(signed: str, session: int, number: int) -> str:
    """What a draft is found again by."""
    return f"{FOLDER} {signed} {session}.{number}"


def save(page: Page, number: int) -> Flow[bool]:
    """Save one draft; whether it was."""
    try:
        folder = yield from find_folder(page)
    except Untold:
        return False
    if folder is None:
        folder = yield from _make_folder(page)
    if folder is None:
        return False
    name = subject(page.settings.signed, page.number, number)
    response = yield from _write(page, _draft(folder, name), f"draft {name}")
    return _succeeded(response)


def find_folder(page: Page) -> Flow[str | None]:
    """The id of the folder, or None where there is none.  Raises Untold."""
    for folder in (yield from _folders_in(page, _ROOT)):
        if folder.get("DisplayName") == FOLDER:
            return _id_of(folder, "FolderId")
    return None


def folders_in(page: Page, folder: str) -> Flow[int]:
    """How many folders somebody has made in a folder.  Raises Untold."""
    return len((yield from _folders_in(page, _folder_id(folder))))


def _folders_in(page: Page, parent: Json) -> Flow[list[Json]]:
    response = yield from page.ask(page.service(_find_folders(parent), STEP))
    if not _succeeded(response) or _is_last(response) is False:
        raise Untold("its folders could not be listed")
    return list(_objects(response, "Folders"))


def items_in(page: Page, folder: str) -> Flow[list[tuple[str, str]]]:
    """Id and subject of each item in a folder; "" for what an item does not say.  Raises Untold."""
    found: list[tuple[str, str]] = []
    for _ in range(PAGES):
        response = yield from page.ask(page.service(_find_items(folder, len(found)), STEP))
        if not _succeeded(response):
            raise Untold("the folder's items could not be listed")
        rows = list(_objects(response, "Items"))
        found += [(_id_of(row, "ItemId") or "", str(row.get("Subject") or "")) for row in rows]
        if not rows or _is_last(response):
            return found
    raise Untold(f"the folder has more than {len(found)} items")


def delete_item(page: Page, identity: str) -> Flow[bool]:
    """Remove one item for good."""
    action = call(
        "DeleteItem",
        small=False,
        ItemIds=[{"__type": "ItemId:#Exchange", "Id": identity}],
        DeleteType="HardDelete",
    )
    return _succeeded((yield from _write(page, action)))


def delete_folder(page: Page, identity: str) -> Flow[bool]:
    """Remove the folder for good."""
    action = call(
        "DeleteFolder", small=False, FolderIds=[_folder_id(identity)], DeleteType="HardDelete"
    )
    return _succeeded((yield from _write(page, action)))


def _make_folder(page: Page) -> Flow[str | None]:
    response = yield from _write(page, _MAKE_FOLDER, f"folder {FOLDER}")
    for folder in _objects(response, "Folders"):
        return _id_of(folder, "FolderId")
    return None


def _write(page: Page, action: Action, makes: str = "") -> Flow[Response]:
    request = page.service(action, STEP)
    request.writes, request.makes = OWN_MAILBOX, makes
    return (yield from page.ask(request))


def _folder_id(identity: str) -> Json:
    return {"__type": "FolderId:#Exchange", "Id": identity}


_ROOT = {"__type": "DistinguishedFolderId:#Exchange", "Id": "msgfolderroot"}
_MAKE_FOLDER = call(
    "CreateFolder",
    small=False,
    ParentFolderId={"__type": "TargetFolderId:#Exchange", "BaseFolderId": _ROOT},
    Folders=[{"__type": "Folder:#Exchange", "DisplayName": FOLDER, "FolderClass": "IPF.Note"}],
)


def _find_folders(parent: Json) -> Action:
    return call(
        "FindFolder",
        small=False,
        FolderShape={"__type": "FolderResponseShape:#Exchange", "BaseShape": "Default"},
        ParentFolderIds=[parent],
        Traversal="Shallow",
    )


def _find_items(folder: str, offset: int) -> Action:
    return call(
        "FindItem",
        small=False,
        ItemShape={"__type": "ItemResponseShape:#Exchange", "BaseShape": "Default"},
        ParentFolderIds=[_folder_id(folder)],
        Traversal="Shallow",
        Paging={
            "__type": "IndexedPageView:#Exchange",
            "BasePoint": "Beginning",
            "Offset": offset,
            "MaxEntriesReturned": ROWS,
        },
    )


def _draft(folder: str, name: str) -> Action:
    return call(
        "CreateItem",
        small=False,
        Items=[{"__type": "Message:#Exchange", "Subject": name, "IsDraft": True}],
        SavedItemFolderId={
            "__type": "TargetFolderId:#Exchange",
            "BaseFolderId": _folder_id(folder),
        },
        MessageDisposition="SaveOnly",
    )


def _messages(response: Response) -> list[Json]:
    """The messages of an answer; none where it is not one."""
    try:
        body = json.loads(response.body or b"{}")
        items = body["Body"]["ResponseMessages"]["Items"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return []
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _succeeded(response: Response) -> bool:
    said = [message.get("ResponseCode") for message in _messages(response)]
    return bool(said) and set(said) == {"NoError"}


def _is_last(response: Response) -> bool | None:
    """Whether a list ends with what is shown; None where it does not say."""
    for message in _messages(response):
        root = message.get("RootFolder")
        last = root.get("IncludesLastItemInRange") if isinstance(root, dict) else None
        if isinstance(last, bool):
            return last
    return None


def _objects(response: Response, name: str) -> Iterator[Json]:
    """What the messages carry under `name`, directly or below their root folder."""
    for message in _messages(response):
        root = message.get("RootFolder")
        for holder in (message, root if isinstance(root, dict) else {}):
            found = holder.get(name)
            if isinstance(found, list):
                yield from (one for one in found if isinstance(one, dict))


def _id_of(thing: Json, name: str) -> str | None:
    identity = thing.get(name)
    found = identity.get("Id") if isinstance(identity, dict) else None
    return found if isinstance(found, str) else None
