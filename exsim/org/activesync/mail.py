"""SendMail, and the commands on single items: ItemOperations, MoveItems, GetItemEstimate (MS-ASCMD)."""

from __future__ import annotations

from exsim.org.activesync.call import SINCE_STATUS, Call
from exsim.org.activesync.changes import count_changes
from exsim.org.activesync.folder import class_of, folder_of
from exsim.org.activesync.item import fields, item_of, server_id
from exsim.org.activesync.message import parsed
from exsim.org.contents import Folder, Item
from exsim.wire.wbxml import Element, tags

compose = tags("ComposeMail")
operations = tags("ItemOperations")
estimate = tags("GetItemEstimate")
moves = tags("Move")
air = tags("AirSync")
NO_RECIPIENT = "119"


def send_mail(call: Call) -> Element | None:
    """None: the message was taken.  It reaches those whose mailboxes lie at this node."""
    if call.version >= SINCE_STATUS:
        mime = call.body.data("Mime") or b""
        saves = call.body.find("SaveInSentItems") is not None
    else:
        mime = call.asked.incoming.request.body
        saves = call.query.parameters.get("SaveInSent") == "T"
    message, sender = parsed(mime), call.asked.mailbox.address
    if not message.to:
        return compose("SendMail", compose("Status", NO_RECIPIENT))
    contents = call.asked.contents
    contents.deliver(sender, message.to, message.subject, message.text, call.when)
    if saves:
        call.box.create(
            "sentitems",
            message.subject,
            call.when,
            sender=sender,
            to=message.to,
            text=message.text,
            read=True,
        )
    return None


def _place(call: Call, element: Element) -> tuple[Folder, Item] | None:
    folder = folder_of(call.box, element.text("AirSync:CollectionId") or "")
    if folder is None:
        return None
    item = item_of(call.box, folder, element.text("AirSync:ServerId") or "")
    return None if item is None else (folder, item)


def item_operations(call: Call) -> Element:
    """Fetch, item by item; what else there is gets status 2."""
    answered = []
    for operation in call.body:
        name = operation.tag.partition(":")[2]
        if name != "Fetch":
            answered.append(operations(name, operations("Status", "2")))
            continue
        place = _place(call, operation)
        if place is None:
            answered.append(operations("Fetch", operations("Status", "6")))
            continue
        folder, item = place
        kind = operation.text("Options", "AirSyncBase:BodyPreference", "AirSyncBase:Type")
        number = int(kind) if kind in ("1", "2", "4") else 1
        fetched = operations("Properties", *fields(item, folder, number))
        told = (
            operations("Status", "1"),
            air("CollectionId", operation.text("AirSync:CollectionId") or ""),
            air("ServerId", server_id(item)),
            air("Class", class_of(folder)),
        )
        answered.append(operations("Fetch", *told, fetched))
    response = operations("Response", *answered)
    return operations("ItemOperations", operations("Status", "1"), response)


def move_items(call: Call) -> Element:
    """Each item into its folder, with its new number."""
    return moves("MoveItems", *(_moved(call, move) for move in call.body.all("Move")))


def _moved(call: Call, move: Element) -> Element:
    source = folder_of(call.box, move.text("SrcFldId") or "")
    target = folder_of(call.box, move.text("DstFldId") or "")
    number = move.text("SrcMsgId") or ""
    item = None if source is None else item_of(call.box, source, number)
    asked = moves("SrcMsgId", number)
    if item is None:
        return moves("Response", asked, moves("Status", "1"))  # no such source
    if target is None:
        return moves("Response", asked, moves("Status", "2"))
    if source == target:
        return moves("Response", asked, moves("Status", "4"))
    there = call.box.move(item.number, target.key, call.when)
    done = moves("Status", "3")  # which is success, of this command alone
    return moves("Response", asked, done, moves("DstMsgId", server_id(there)))


def get_item_estimate(call: Call) -> Element:
    """How many changes a Sync with the same keys would bring."""
    collections = call.body.find("Collections")
    wanted = [] if collections is None else collections.all("Collection")
    return estimate("GetItemEstimate", *(_estimated(call, each) for each in wanted))


def _estimated(call: Call, wanted: Element) -> Element:
    number = wanted.text("CollectionId") or ""
    folder = folder_of(call.box, number)
    keys = call.device.collections.get(number)
    snapshot = keys.state(wanted.text("AirSync:SyncKey") or "") if keys is not None else None
    if folder is None or number == "0":
        return estimate("Response", estimate("Status", "2"))
    if snapshot is None:
        return estimate("Response", estimate("Status", "3" if keys is None else "4"))
    count = count_changes(call.box, folder, snapshot.items)
    told = (estimate("CollectionId", number), estimate("Estimate", str(count)))
    return estimate("Response", estimate("Status", "1"), estimate("Collection", *told))
