"""What lies in the mailboxes of one back end: folders, items, and the order in which they changed.

One store for every protocol of a node, so that what one creates another shows.  It lives in memory and
ends with the process.  Nothing here knows a protocol: ids are numbers and names, each protocol writes
them in its own way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from exsim.org.entropy import guid_of
from exsim.org.settings import Mailbox
from exsim.wire import names

ROWS = 5  # items that a mailbox is born with: enough to be a list
BORN = 1_488_326_400.0  # 2017-03-01T00:00:00Z: when the first of them came
HOUR = 3600.0
MOST_CHANGES = 10_000  # kept for those who ask what has changed; older ones are forgotten
NOTE, APPOINTMENT, CONTACT, TASK = "IPF.Note", "IPF.Appointment", "IPF.Contact", "IPF.Task"

# Well-known name, its parent, the name on the screen, the class.  Two levels, as a new mailbox has them.
WELL_KNOWN = (
    ("root", "", "Root", ""),
    ("msgfolderroot", "root", "Top of Information Store", NOTE),
    ("inbox", "msgfolderroot", "Inbox", NOTE),
    ("drafts", "msgfolderroot", "Drafts", NOTE),
    ("sentitems", "msgfolderroot", "Sent Items", NOTE),
    ("deleteditems", "msgfolderroot", "Deleted Items", NOTE),
    ("outbox", "msgfolderroot", "Outbox", NOTE),
    ("junkemail", "msgfolderroot", "Junk Email", NOTE),
    ("calendar", "msgfolderroot", "Calendar", APPOINTMENT),
    ("contacts", "msgfolderroot", "Contacts", CONTACT),
    ("tasks", "msgfolderroot", "Tasks", TASK),
    ("notes", "msgfolderroot", "Notes", "IPF.StickyNote"),
    ("journal", "msgfolderroot", "Journal", "IPF.Journal"),
)


WELL_KNOWN_KEYS = frozenset(row[0] for row in WELL_KNOWN)


@dataclass(frozen=True, slots=True)
class Folder:
    """`key` is its well-known name, or a word that the store made; `kind` its class."""

    key: str
    parent: str
    name: str
    kind: str


@dataclass(slots=True)
class Item:
    """One item.  `number` names it for ever; `change` grows whenever it is written."""

    number: int
    folder: str
    subject: str
    received: float  # UTC seconds since 1970
    text: str = ""
    kind: str = "IPM.Note"
    sender: str = ""
    to: tuple[str, ...] = ()
    read: bool = False
    draft: bool = False
    change: int = 1
    more: dict[str, str] = field(default_factory=dict)  # what one protocol keeps and no other reads

    @property
    def size(self) -> int:
        """About what it takes, in bytes (assumed)."""
        return 100 + len(self.subject.encode()) + len(self.text.encode())


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: `what` is created, new_mail, modified, moved or deleted."""

    version: int
    what: str
    number: int
    folder: str
    came_from: str = ""  # moved: the folder before
    when: float = 0.0


def mailbox_guid(mailbox: Mailbox) -> str:
    """The GUID of a mailbox, wherever it lies."""
    return guid_of(hashlib.sha256(f"mailbox {mailbox.sid}".encode()).digest()[:16])


class Box:
    """One mailbox.  `version` is the number of its last change; 0 before any."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.address = mailbox.address
        self.guid = mailbox_guid(mailbox)
        self.folders = {row[0]: Folder(*row) for row in WELL_KNOWN}
        self.items: dict[int, Item] = {}
        self.version = 0
        self._changes: list[Change] = []
        self._last = 0
        for row in range(ROWS):
            self._last += 1
            came = BORN + row * HOUR
            item = Item(self._last, "inbox", self.marker, came, sender=self.address)
            self.items[item.number] = item

    @property
    def marker(self) -> str:
        """The subject that says whose mailbox this is."""
        return names.MARKER + self.address

    # Folders ------------------------------------------------------------------------------------
    def below(self, key: str, deep: bool = False) -> Iterator[Folder]:
        """The folders in `key`; `deep`: and those in them."""
        for folder in self.folders.values():
            if folder.parent == key:
                yield folder
                if deep:
                    yield from self.below(folder.key, deep)

    def add_folder(self, parent: str, name: str, kind: str = NOTE) -> Folder:
        """A new folder in `parent`; KeyError when there is no such parent."""
        self._last += 1
        folder = Folder(f"folder{self._last}", self.folders[parent].key, name, kind)
        self.folders[folder.key] = folder
        return folder

    def remove_folder(self, key: str, when: float) -> None:
        """A folder that the store made, with everything in it; KeyError when it is not there."""
        if key in WELL_KNOWN_KEYS:
            raise KeyError(key)
        del self.folders[key]
        for item in self.items_in(key):
            self.delete(item.number, when)

    # Items --------------------------------------------------------------------------------------
    def items_in(self, key: str) -> list[Item]:
        """The items of a folder, the newest first."""
        found = [item for item in self.items.values() if item.folder == key]
        found.sort(key=lambda item: (item.received, item.number), reverse=True)
        return found

    def unread_in(self, key: str) -> int:
        return sum(not item.read for item in self.items.values() if item.folder == key)

    def create(
        self, folder: str, subject: str, when: float, *, arrives: bool = False, **fields: object
    ) -> Item:
        """A new item; `fields` are those of Item.  `arrives`: it is mail that came, not one's own.

        KeyError when there is no such folder.
        """
        self._last += 1
        item = Item(self._last, self.folders[folder].key, subject, when, **fields)  # type: ignore[arg-type]
        self.items[item.number] = item
        self._note("new_mail" if arrives else "created", item, when)
        return item

    def update(self, number: int, when: float, **fields: object) -> Item:
        """Write some fields of an item; KeyError when it is not there."""
        item = self.items[number]
        for name, value in fields.items():
            setattr(item, name, value)
        item.change += 1
        self._note("modified", item, when)
        return item

    def move(self, number: int, folder: str, when: float) -> Item:
        """Into another folder; KeyError when one of both is not there."""
        item, there = self.items[number], self.folders[folder].key
        came_from, item.folder = item.folder, there
        item.change += 1
        self._note("moved", item, when, came_from)
        return item

    def delete(self, number: int, when: float) -> Item:
        """For good; KeyError when it is not there."""
        item = self.items.pop(number)
        self._note("deleted", item, when)
        return item

    # What has changed ---------------------------------------------------------------------------
    def since(self, version: int, folders: Iterable[str] = ()) -> list[Change]:
        """What happened after `version`, in order; in `folders` alone, where some are named."""
        wanted = frozenset(folders)
        fresh = self._changes[-max(0, self.version - version) :] if version < self.version else []
        return [
            change
            for change in fresh
            if not wanted or change.folder in wanted or change.came_from in wanted
        ]

    def _note(self, what: str, item: Item, when: float, came_from: str = "") -> None:
        self.version += 1
        change = Change(self.version, what, item.number, item.folder, came_from, when)
        self._changes.append(change)
        if len(self._changes) > MOST_CHANGES:
            del self._changes[: MOST_CHANGES // 10]


class Contents:
    """The mailboxes of one back end, each made when it is first asked for."""

    def __init__(self, mailboxes: Iterable[Mailbox]) -> None:
        self._mailboxes = {mailbox.address.lower(): mailbox for mailbox in mailboxes}
        self._boxes: dict[str, Box] = {}

    def box(self, mailbox: Mailbox) -> Box:
        """What lies in `mailbox`."""
        box = self._boxes.get(mailbox.sid)
        if box is None:
            box = self._boxes[mailbox.sid] = Box(mailbox)
        return box

    def deliver(self, sender: str, to: Iterable[str], subject: str, text: str, when: float) -> int:
        """Mail to those of `to` whose mailboxes lie here; how many.  Others are not reached (a limit)."""
        reached = 0
        for address in to:
            mailbox = self._mailboxes.get(address.lower())
            if mailbox is not None:
                fields = {"text": text, "sender": sender, "to": tuple(to)}
                self.box(mailbox).create("inbox", subject, when, arrives=True, **fields)
                reached += 1
        return reached
