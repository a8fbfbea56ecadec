"""What a telephone reads in an answer: its document, its statuses, the keys in it.  Never raises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from exsim.protocols.flow import Response
from exsim.wire.errors import WireError
from exsim.wire.wbxml import Element, decode

OK = "1"
LONGEST_TEXT = 200  # characters of a key or a number: a server may be hostile
MOST_FOLDERS = 500
SHORT = 64  # bytes of an answer that is remembered: thousands of telephones are told the same
# Types of folders that hold mail, in the order in which a telephone wants them (MS-ASCMD)
MAIL_FOLDERS = ("2", "5", "3", "4", "6", "12", "1")


def told(body: bytes) -> tuple[Element, str]:
    """The root of a document, and its `status_of`; of a short one without reading it anew.  Raises WireError."""
    return _short(body) if len(body) <= SHORT else _told(body)


def _told(body: bytes) -> tuple[Element, str]:
    root = decode(body)
    return root, status_of(root)


_short = lru_cache(maxsize=64)(_told)


def document_of(response: Response) -> tuple[Element | None, str]:
    """The document of a whole answer and its status; (None, "") where there is none that can be read."""
    body = response.body
    if response.status != 200 or response.error is not None or not body:
        return None, ""
    try:
        return _short(body) if len(body) <= SHORT else _told(body)
    except WireError:
        return None, ""


def text(element: Element | None, *path: str) -> str:
    """A short text at the end of `path`, or an empty one."""
    return "" if element is None else (element.text(*path) or "")[:LONGEST_TEXT]


def status_of(root: Element | None) -> str:
    """What a document says on the whole: the first status that is not 1, the outermost first; or 1.

    Empty for a document without any.  Statuses of single items do not count.
    """
    if root is None:
        return ""
    found = [text(element, "Status") for element in _deciding(root)]
    given = [status for status in found if status]
    return next((status for status in given if status != OK), given[0] if given else "")


def _deciding(root: Element) -> Iterator[Element]:
    """The elements whose status says how the command went: the root, and what it asked for one by one."""
    yield root
    for element in root:
        name = element.tag.partition(":")[2]
        if name in ("Collections", "Policies"):
            yield from element
        elif name in ("Response", "UserInformation", "DeviceInformation"):
            yield element


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection in the answer to a Sync."""

    number: str
    key: str
    status: str
    more: bool
    items: int


def collections_in(root: Element | None) -> list[Collection]:
    """The collections that a Sync's answer speaks of."""
    where = None if root is None else root.find("Collections")
    return [
        _collection(element) for element in (where or ()) if element.tag == "AirSync:Collection"
    ]


def _collection(element: Element) -> Collection:
    commands = element.find("Commands")
    return Collection(
        text(element, "CollectionId"),
        text(element, "SyncKey"),
        text(element, "Status"),
        element.find("MoreAvailable") is not None,
        sum(1 for _ in commands or ()),
    )


def mail_folders_in(root: Element | None) -> list[str]:
    """The numbers of the folders with mail that a FolderSync tells of, the inbox first."""
    changes = None if root is None else root.find("Changes")
    told = [] if changes is None else changes.all("Add")[:MOST_FOLDERS]
    known = [(text(each, "Type"), text(each, "ServerId")) for each in told]
    wanted = [(MAIL_FOLDERS.index(kind), number) for kind, number in known if kind in MAIL_FOLDERS]
    return [number for _, number in sorted(wanted, key=lambda pair: pair[0])]


def policy_key_in(root: Element | None) -> int:
    """The key that a Provision gave; 0 for none."""
    found = text(root, "Policies", "Policy", "PolicyKey")
    good = text(root, "Policies", "Policy", "Status") == OK
    return int(found) if good and found.isascii() and found.isdigit() and len(found) < 11 else 0


def changed_in(root: Element | None) -> list[str]:
    """The folders that a Ping says have changed."""
    folders = None if root is None else root.find("Folders")
    if folders is None:
        return []
    return [(each.text() or "")[:LONGEST_TEXT] for each in folders.all("Folder")[:MOST_FOLDERS]]


def seconds_in(root: Element | None, *path: str) -> float | None:
    """A number of seconds, as a server names its limits."""
    found = text(root, *path)
    return float(found) if found.isascii() and found.isdigit() and len(found) < 6 else None
