"""What a device changes by a Sync: Add, Change, Delete and Fetch (MS-ASCMD)."""

from __future__ import annotations

from dataclasses import dataclass, field

from exsim.org.activesync.call import Call
from exsim.org.activesync.device import Snapshot, Wish
from exsim.org.activesync.folder import class_of
from exsim.org.activesync.item import fields, item_of, server_id
from exsim.org.activesync.message import parsed
from exsim.org.contents import Folder
from exsim.wire.wbxml import Element, tags

air = tags("AirSync")
OK, NOT_CONVERTED, NOT_FOUND = "1", "6", "8"
MAIL_CAN_BE_MADE = 160  # protocol 16.0: drafts; before it a device adds no mail


@dataclass(slots=True)
class Done:
    """What the device has after its own commands, and what it is told of them."""

    snapshot: Snapshot
    commanded: bool = False
    responses: list[Element] = field(default_factory=list)


def carry_out(
    call: Call, folder: Folder, wish: Wish, snapshot: Snapshot, commands: Element | None
) -> Done:
    """The device's commands on `folder`, in their order."""
    done = Done(Snapshot(dict(snapshot.items), dict(snapshot.added)))
    for command in commands or ():
        done.commanded = True
        name = command.tag.partition(":")[2]
        if name == "Add":
            done.responses.append(_add(call, folder, done.snapshot, command))
        elif name in ("Change", "Delete", "Fetch"):
            done.responses += _on_item(call, folder, wish, done.snapshot, command, name)
    return done


def _add(call: Call, folder: Folder, snapshot: Snapshot, command: Element) -> Element:
    client_id = command.text("ClientId") or ""
    number = snapshot.added.get(client_id)
    if number is None or number not in call.box.items:
        made = _created(call, folder, command.find("ApplicationData"))
        if made is None:
            return air("Add", air("ClientId", client_id), air("Status", NOT_CONVERTED))
        number = snapshot.added[client_id] = made
    item = call.box.items[number]
    snapshot.items[number] = item.change
    told = (air("ClientId", client_id), air("ServerId", server_id(item)), air("Status", OK))
    return air("Add", *told)


def _created(call: Call, folder: Folder, data: Element | None) -> int | None:
    """The number of what was made; None for what cannot be made there."""
    if data is None:
        return None
    class_ = class_of(folder)
    if class_ == "Email":
        if folder.key != "drafts" or call.version < MAIL_CAN_BE_MADE:
            return None
        message = parsed(data.data("AirSyncBase:Body", "AirSyncBase:Data") or b"")
        subject = data.text("Email:Subject") or message.subject
        made = call.box.create(
            folder.key,
            subject,
            call.when,
            sender=call.asked.mailbox.address,
            to=message.to,
            text=message.text,
            draft=True,
        )
        return made.number
    subject = data.text("Contacts:FileAs") or data.text(f"{class_}:Subject") or ""
    return call.box.create(folder.key, subject, call.when, kind=f"IPM.{class_}").number


def _on_item(
    call: Call, folder: Folder, wish: Wish, snapshot: Snapshot, command: Element, name: str
) -> list[Element]:
    """The response to a command on one item; none to a change that went well."""
    wanted = command.text("ServerId") or ""
    item = item_of(call.box, folder, wanted)
    if item is None:
        return [air(name, air("ServerId", wanted), air("Status", NOT_FOUND))]
    if name == "Fetch":
        data = air("ApplicationData", *fields(item, folder, wish.body_type))
        return [air(name, air("ServerId", wanted), air("Status", OK), data)]
    if name == "Delete":
        if wish.deletes_move and folder.key != "deleteditems":
            call.box.move(item.number, "deleteditems", call.when)
        else:
            call.box.delete(item.number, call.when)
        snapshot.items.pop(item.number, None)
        return []
    read = command.text("ApplicationData", "Email:Read")
    changed = {} if read is None else {"read": read == "1"}
    snapshot.items[item.number] = call.box.update(item.number, call.when, **changed).change
    return []
