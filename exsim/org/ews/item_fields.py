"""The fields of an item: how each is written, and how a client's are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from exsim.org.contents import Box, Item
from exsim.org.ews import identifier
from exsim.org.ews.soap import SPACES, find, local, text_of
from exsim.org.moment import iso_second

# Element of a request or an answer -> class of the item
CLASSES = {
    "Message": "IPM.Note",
    "CalendarItem": "IPM.Appointment",
    "Contact": "IPM.Contact",
    "Task": "IPM.Task",
    "PostItem": "IPM.Post",
    "Item": "IPM.Note",
}
ELEMENTS = {kind: name for name, kind in CLASSES.items() if name != "Item"}
TRUE = ("1", "true")  # EXLIB writes 0 and 1, others the words


def moment(seconds: float) -> str:
    return iso_second(int(seconds)) + "Z"


def flag(value: bool) -> str:
    return "true" if value else "false"


def _mailbox(address: str) -> str:
    if not address:
        return ""
    address = escape(address)
    return (
        f"<t:Mailbox><t:Name>{address}</t:Name><t:EmailAddress>{address}</t:EmailAddress>"
        "<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>"
    )


def _tag(name: str, value: str) -> str:
    return f"<t:{name}>{escape(value)}</t:{name}>" if value else ""


def _people(name: str, addresses: Iterable[str]) -> str:
    inside = "".join(map(_mailbox, addresses))
    return f"<t:{name}>{inside}</t:{name}>" if inside else ""


# What can be asked of a value: by a restriction, and by a sort order.  Texts, comparable as texts.
VALUES: dict[str, Callable[[Item], str]] = {
    "item:Subject": lambda item: item.subject,
    "item:ItemClass": lambda item: item.kind,
    "item:Body": lambda item: item.text,
    "item:TextBody": lambda item: item.text,
    "item:DateTimeReceived": lambda item: moment(item.received),
    "item:DateTimeCreated": lambda item: moment(item.received),
    "item:DateTimeSent": lambda item: moment(item.received),
    "item:Size": lambda item: f"{item.size:09}",
    "item:IsDraft": lambda item: flag(item.draft),
    "item:DisplayTo": lambda item: "; ".join(item.to),
    "message:IsRead": lambda item: flag(item.read),
    "message:From": lambda item: item.sender,
    "message:Sender": lambda item: item.sender,
    "message:InternetMessageId": lambda item: item.more.get("message_id", ""),
    "calendar:Start": lambda item: item.more.get("start", ""),
    "calendar:End": lambda item: item.more.get("end", ""),
}


def _calendar(name: str, key: str) -> Callable[[Box, Item], str]:
    return lambda box, item: _tag(name, item.more.get(key, ""))


# In the order of the schema.
FIELDS: dict[str, Callable[[Box, Item], str]] = {
    "item:ParentFolderId": lambda box, item: identifier.folder_element(
        box, item.folder, "ParentFolderId"
    ),
    "item:ItemClass": lambda box, item: _tag("ItemClass", item.kind),
    "item:Subject": lambda box, item: _tag("Subject", item.subject),
    "item:Sensitivity": lambda box, item: _tag("Sensitivity", "Normal"),
    "item:Body": lambda box, item: f'<t:Body BodyType="Text">{escape(item.text)}</t:Body>',
    "item:DateTimeReceived": lambda box, item: _tag("DateTimeReceived", moment(item.received)),
    "item:Size": lambda box, item: _tag("Size", str(item.size)),
    "item:Importance": lambda box, item: _tag("Importance", "Normal"),
    "item:IsDraft": lambda box, item: _tag("IsDraft", flag(item.draft)),
    "item:DateTimeSent": lambda box, item: _tag("DateTimeSent", moment(item.received)),
    "item:DateTimeCreated": lambda box, item: _tag("DateTimeCreated", moment(item.received)),
    "item:DisplayTo": lambda box, item: _tag("DisplayTo", "; ".join(item.to)),
    "item:HasAttachments": lambda box, item: _tag("HasAttachments", "false"),
    "calendar:Start": _calendar("Start", "start"),
    "calendar:End": _calendar("End", "end"),
    "message:Sender": lambda box, item: _people("Sender", filter(None, [item.sender])),
    "message:ToRecipients": lambda box, item: _people("ToRecipients", item.to),
    "message:From": lambda box, item: _people("From", filter(None, [item.sender])),
    "message:InternetMessageId": _calendar("InternetMessageId", "message_id"),
    "message:IsRead": lambda box, item: _tag("IsRead", flag(item.read)),
}
DEFAULT = tuple(field for field in FIELDS if field not in ("item:ParentFolderId", "item:ItemClass"))
NOT_IN_LISTS = frozenset(("item:Body",))  # FindItem gives no bodies


def wanted(shape: Element | None) -> frozenset[str]:
    """The fields that a shape asks for; unknown ones are passed over, as a client expects."""
    if shape is None:
        return frozenset(DEFAULT)
    base = text_of(shape, "t:BaseShape", "IdOnly")
    fields = shape.iterfind("t:AdditionalProperties/t:FieldURI", SPACES)
    asked = [field.get("FieldURI", "") for field in fields]
    if base == "AllProperties":
        return frozenset(FIELDS)
    return frozenset((*asked, *(DEFAULT if base == "Default" else ())))


def written(box: Box, item: Item, fields: frozenset[str]) -> str:
    """One item as XML."""
    name = ELEMENTS.get(item.kind, "Item")
    foreign = "message:" if name != "Message" else "calendar:"  # fields of another class of item
    inside = "".join(
        write(box, item)
        for field, write in FIELDS.items()
        if field in fields and not field.startswith(foreign)
    )
    return f"<t:{name}>{identifier.item_element(box, item)}{inside}</t:{name}>"


def recipients(element: Element) -> tuple[str, ...]:
    """The addresses of To, Cc and Bcc."""
    found = []
    for name in ("ToRecipients", "CcRecipients", "BccRecipients"):
        for mailbox in element.iterfind(f"t:{name}/t:Mailbox", SPACES):
            address = text_of(mailbox, "t:EmailAddress")
            if address:
                found.append(address)
    return tuple(found)


def fields_of(element: Element) -> dict[str, Any]:
    """What a client says of an item, as the store's fields; only what is there."""
    fields: dict[str, Any] = {}
    for name, field in (("Subject", "subject"), ("Body", "text")):
        found = find(element, f"t:{name}")
        if found is not None:
            fields[field] = found.text or ""
    read = find(element, "t:IsRead")
    if read is not None:
        fields["read"] = (read.text or "").strip().lower() in TRUE
    if find(element, "t:ToRecipients") is not None:
        fields["to"] = recipients(element)
    return fields


def more_of(element: Element) -> dict[str, str]:
    """What only EWS keeps of an item."""
    names = (("Start", "start"), ("End", "end"), ("InternetMessageId", "message_id"))
    found = ((key, text_of(element, f"t:{name}")) for name, key in names)
    return {key: value[:100] for key, value in found if value}


def class_of(element: Element) -> str:
    """The class of the item that a client creates."""
    return text_of(element, "t:ItemClass") or CLASSES.get(local(element), "IPM.Note")
