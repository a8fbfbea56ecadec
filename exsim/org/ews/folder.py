"""GetFolder and FindFolder."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from exsim.org import contents
from exsim.org.contents import Box, Folder
from exsim.org.ews import identifier, paging
from exsim.org.ews.place import NotThere, folder_of
from exsim.org.ews.soap import SPACES, failure, find, success, text_of

ELEMENTS = {
    contents.APPOINTMENT: "CalendarFolder",
    contents.CONTACT: "ContactsFolder",
    contents.TASK: "TasksFolder",
}
RIGHTS = "".join(
    f"<t:{name}>true</t:{name}>"
    for name in (
        "CreateAssociated",
        "CreateContents",
        "CreateHierarchy",
        "Delete",
        "Modify",
        "Read",
    )
)


def _distinguished(box: Box, folder: Folder) -> str:
    if folder.key.startswith("folder"):
        return ""
    return f"<t:DistinguishedFolderId>{folder.key}</t:DistinguishedFolderId>"


def _unread(box: Box, folder: Folder) -> str:
    if folder.kind in (contents.APPOINTMENT, contents.CONTACT):
        return ""  # their elements have none in the schema
    return f"<t:UnreadCount>{box.unread_in(folder.key)}</t:UnreadCount>"


# In the order of the schema; that real clients insist on it is *assumed*.
FIELDS: dict[str, Callable[[Box, Folder], str]] = {
    "folder:ParentFolderId": lambda box, folder: (
        identifier.folder_element(box, folder.parent, "ParentFolderId") if folder.parent else ""
    ),
    "folder:FolderClass": lambda box, folder: (
        f"<t:FolderClass>{escape(folder.kind)}</t:FolderClass>" if folder.kind else ""
    ),
    "folder:DisplayName": lambda box, folder: (
        f"<t:DisplayName>{escape(folder.name)}</t:DisplayName>"
    ),
    "folder:TotalCount": lambda box, folder: (
        f"<t:TotalCount>{len(box.items_in(folder.key))}</t:TotalCount>"
    ),
    "folder:ChildFolderCount": lambda box, folder: (
        f"<t:ChildFolderCount>{len(list(box.below(folder.key)))}</t:ChildFolderCount>"
    ),
    "folder:EffectiveRights": lambda box, folder: (
        f"<t:EffectiveRights>{RIGHTS}</t:EffectiveRights>"
    ),
    "folder:DistinguishedFolderId": _distinguished,
    "folder:UnreadCount": _unread,
}
DEFAULT = (
    "folder:DisplayName",
    "folder:TotalCount",
    "folder:ChildFolderCount",
    "folder:UnreadCount",
)


def wanted(shape: Element | None) -> frozenset[str]:
    """The fields that a shape asks for; unknown ones are passed over."""
    if shape is None:
        return frozenset(DEFAULT)
    base = text_of(shape, "t:BaseShape", "IdOnly")
    asked = [
        field.get("FieldURI", "")
        for field in shape.iterfind("t:AdditionalProperties/t:FieldURI", SPACES)
    ]
    if base == "AllProperties":
        return frozenset(FIELDS)
    return frozenset((*asked, *(DEFAULT if base == "Default" else ())))


def written(box: Box, folder: Folder, fields: frozenset[str]) -> str:
    """One folder as XML."""
    name = ELEMENTS.get(folder.kind, "Folder")
    inside = "".join(write(box, folder) for field, write in FIELDS.items() if field in fields)
    return f"<t:{name}>{identifier.folder_element(box, folder)}{inside}</t:{name}>"


def get(box: Box, body: Element) -> str:
    """One message for each id, in their order."""
    fields, messages = wanted(find(body, "m:FolderShape")), []
    for element in body.iterfind("m:FolderIds/*", SPACES):
        try:
            found = written(box, folder_of(box, element), fields)
        except NotThere as error:
            messages.append(failure("GetFolder", error.code, error.text, "<m:Folders/>"))
            continue
        messages.append(success("GetFolder", f"<m:Folders>{found}</m:Folders>"))
    return "".join(messages)


def search(box: Box, body: Element) -> str:
    """FindFolder: what lies below each parent, a page of it."""
    fields, messages = wanted(find(body, "m:FolderShape")), []
    deep = body.get("Traversal") == "Deep"
    for element in body.iterfind("m:ParentFolderIds/*", SPACES):
        try:
            parent = folder_of(box, element)
        except NotThere as error:
            messages.append(failure("FindFolder", error.code, error.text))
            continue
        page = paging.page(list(box.below(parent.key, deep)), find(body, "m:IndexedPageFolderView"))
        inside = "".join(written(box, folder, fields) for folder in page.rows)
        folders = f"<t:Folders>{inside}</t:Folders>"
        messages.append(success("FindFolder", page.root(folders)))
    return "".join(messages)
