"""Items as a device knows them: their numbers, their fields, their bodies."""

from __future__ import annotations

import html
from email.message import EmailMessage
from email.utils import formatdate

from exsim.org.activesync.folder import class_of, number_of
from exsim.org.contents import Box, Folder, Item
from exsim.org.moment import iso_millisecond
from exsim.wire.wbxml import Element, tags

email = tags("Email")
base = tags("AirSyncBase")
air = tags("AirSync")
PLAIN, HTML, MIME = 1, 2, 4  # types of a body


def server_id(item: Item) -> str:
    """The number of an item, which begins with its folder's."""
    return f"{number_of(item.folder)}:{item.number}"


def item_of(box: Box, folder: Folder, number: str) -> Item | None:
    """The item that a device calls `number`, if it lies in `folder`."""
    _, _, own = number.rpartition(":")
    if not own.isascii() or not own.isdigit():
        return None
    item = box.items.get(int(own))
    return item if item is not None and item.folder == folder.key else None


def mime_of(item: Item) -> bytes:
    """The message as it would travel."""
    message = EmailMessage()
    message["Subject"] = _one_line(item.subject)
    message["From"] = _one_line(item.sender)
    message["To"] = _one_line(", ".join(item.to))
    message["Date"] = formatdate(item.received)
    message.set_content(item.text)
    return message.as_bytes()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def body(item: Item, kind: int) -> Element:
    """The body as `kind`; whole, however short the device wants it (a limit)."""
    text = item.text
    if kind == HTML:
        text = f"<html><body><p>{html.escape(item.text)}</p></body></html>"
    elif kind == MIME:
        text = mime_of(item).decode("utf-8", "replace")
    text = text.replace("\0", "")
    size = str(len(text.encode("utf-8", "replace")))
    return base(
        "Body",
        base("Type", str(kind if kind in (HTML, MIME) else PLAIN)),
        base("EstimatedDataSize", size),
        base("Data", text),
    )


def fields(item: Item, folder: Folder, kind: int) -> list[Element]:
    """What stands in an item, by the class of its folder."""
    made = _OF_CLASS.get(class_of(folder), _of_email)(item)
    return [*made, body(item, kind)]


def _of_email(item: Item) -> list[Element]:
    return [
        email("To", ", ".join(item.to) or item.sender),
        email("From", item.sender),
        email("Subject", item.subject),
        email("DateReceived", iso_millisecond(item.received) + "Z"),
        email("Importance", "1"),
        email("Read", "1" if item.read else "0"),
        email("MessageClass", item.kind),
    ]


def _of_calendar(item: Item) -> list[Element]:
    calendar = tags("Calendar")
    stamp = iso_millisecond(item.received).translate({ord("-"): None, ord(":"): None})
    when = stamp.partition(".")[0] + "Z"
    return [
        calendar("Subject", item.subject),
        calendar("StartTime", when),
        calendar("EndTime", when),
        calendar("DtStamp", when),
        calendar("UID", str(item.number)),
    ]


def _of_contact(item: Item) -> list[Element]:
    return [tags("Contacts")("FileAs", item.subject)]


def _of_task(item: Item) -> list[Element]:
    return [tags("Tasks")("Subject", item.subject), tags("Tasks")("Complete", "0")]


def _of_note(item: Item) -> list[Element]:
    return [tags("Notes")("Subject", item.subject)]


_OF_CLASS = {
    "Calendar": _of_calendar,
    "Contacts": _of_contact,
    "Tasks": _of_task,
    "Notes": _of_note,
}
