"""Subscriptions to what changes in a mailbox: Subscribe, Unsubscribe, and GetEvents for those who pull.

They live in the memory of the node that answered Subscribe, and end with it (EWS13).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from exsim.org.back_request import Asked
from exsim.org.contents import Box, Change
from exsim.org.entropy import Entropy
from exsim.org.ews import affinity, identifier
from exsim.org.ews.item_fields import moment
from exsim.org.ews.place import NotThere, folder_of
from exsim.org.ews.soap import SPACES, Refused, failure, find, success, text_of
from exsim.org.settings import Node

EVENTS = frozenset(
    ("CopiedEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent", "NewMailEvent",
     "FreeBusyChangedEvent")
)  # fmt: skip
# What happened in the store -> the events that tell of it; mail that comes is created as well.
TOLD = {
    "created": ("CreatedEvent",),
    "new_mail": ("CreatedEvent", "NewMailEvent"),
    "modified": ("ModifiedEvent",),
    "moved": ("MovedEvent",),
    "deleted": ("DeletedEvent",),
}
STREAM_LIFE = 30 * 60.0  # seconds without a connection (EWS13), before the time scale
MOST = {
    "2010": 5000,
    "2013": 5000,
}  # EWSMaxSubscriptions of a mailbox; later 20 as in EXO (assumed)
MOST_EVENTS = 100  # of one GetEvents (assumed)


@dataclass(slots=True)
class Subscription:
    """`seen` is the store's version that was told last; `until` when it ends if nobody asks."""

    name: str
    sid: str
    folders: tuple[str, ...]  # none: all
    events: frozenset[str]
    seen: int
    life: float
    until: float
    pull: bool = False

    def news(self, box: Box, after: int) -> list[Change]:
        """The changes after `after` that this subscription is to hear of."""
        return [
            change
            for change in box.since(after, self.folders)
            if self.events.intersection(TOLD[change.what])
        ]


@dataclass(slots=True)
class Subscriptions:
    """Those of one node.  `scale` multiplies their lives."""

    node: Node
    scale: float
    entropy: Entropy
    held: dict[str, Subscription] = field(default_factory=dict)

    def find(self, name: str, sid: str, when: float) -> Subscription | None:
        """The subscription called `name` of user `sid`, its life begun anew."""
        found = self.held.get(name)
        if found is None or found.sid != sid:
            return None
        if when > found.until:
            self.drop(name)
            return None
        found.until = when + found.life
        return found

    def drop(self, name: str) -> None:
        self.held.pop(name, None)

    def is_full(self, sid: str, limit: int) -> bool:
        return sum(one.sid == sid for one in self.held.values()) >= limit

    def add(self, asked: Asked, request: Element, folders: tuple[str, ...]) -> Subscription:
        """A new one for the mailbox that asks.  Refused when its time-out is none."""
        pull = request.tag.endswith("}PullSubscriptionRequest")
        life = STREAM_LIFE
        if pull:
            minutes = text_of(request, "t:Timeout", "30")
            if not minutes.isascii() or not minutes.isdigit() or not 1 <= int(minutes[:6]) <= 1440:
                raise Refused("ErrorSchemaValidation", "A time-out is 1 to 1440 minutes.")
            life = int(minutes) * 60.0
        wanted = {
            (element.text or "").strip()
            for element in request.iterfind("t:EventTypes/t:EventType", SPACES)
        }
        if not wanted or not wanted <= EVENTS:
            raise Refused("ErrorSchemaValidation", "Those are not types of events.")
        self._sweep(asked.when)
        made = Subscription(
            name=affinity.subscription_id(self.node, self.entropy),
            sid=asked.mailbox.sid,
            folders=folders,
            events=frozenset(wanted),
            seen=asked.box.version,
            life=life * self.scale,
            until=asked.when + life * self.scale,
            pull=pull,
        )
        self.held[made.name] = made
        return made

    def _sweep(self, when: float) -> None:
        for name in [name for name, one in self.held.items() if when > one.until]:
            self.drop(name)


def subscribe(asked: Asked, body: Element, known: Subscriptions, limit: int) -> str:
    """Subscribe to folders (or to all of them), to be told by a stream or to pull."""
    request = find(body, "m:StreamingSubscriptionRequest")
    if request is None:
        request = find(body, "m:PullSubscriptionRequest")
    if request is None:
        raise Refused("ErrorSchemaValidation", "Only streaming and pull subscriptions are known.")
    if known.is_full(asked.mailbox.sid, limit):
        return failure("Subscribe", "ErrorExceededSubscriptionCount", "You have too many of them.")
    every = request.get("SubscribeToAllFolders") in ("1", "true")
    elements = () if every else request.iterfind("t:FolderIds/*", SPACES)
    try:
        folders = tuple(folder_of(asked.box, element).key for element in elements)
    except NotThere as error:
        return failure("Subscribe", error.code, error.text)
    if not folders and not every:
        raise Refused("ErrorSchemaValidation", "A subscription names no folder.")
    made = known.add(asked, request, folders)
    mark = f"<m:Watermark>{watermark(made.seen)}</m:Watermark>" if made.pull else ""
    return success("Subscribe", f"<m:SubscriptionId>{made.name}</m:SubscriptionId>{mark}")


def unsubscribe(asked: Asked, body: Element, known: Subscriptions) -> str:
    """End a subscription; one that is not there is an error."""
    name = text_of(body, "m:SubscriptionId")
    if known.find(name, asked.mailbox.sid, asked.when) is None:
        return unknown("Unsubscribe")
    known.drop(name)
    return success("Unsubscribe")


def pull(asked: Asked, body: Element, known: Subscriptions) -> str:
    """GetEvents: what happened after the client's watermark."""
    found = known.find(text_of(body, "m:SubscriptionId"), asked.mailbox.sid, asked.when)
    if found is None or not found.pull:
        return unknown("GetEvents")
    after = read_watermark(text_of(body, "m:Watermark"))
    if after is None or after > asked.box.version:
        return failure("GetEvents", "ErrorInvalidWatermark", "That watermark cannot be read.")
    news = found.news(asked.box, after)
    some = news[:MOST_EVENTS]
    found.seen = some[-1].version if some else asked.box.version
    status = f"<t:StatusEvent><t:Watermark>{watermark(found.seen)}</t:Watermark></t:StatusEvent>"
    inside = "".join(event(asked.box, found, change) for change in some) or status
    more = "true" if len(news) > len(some) else "false"
    return success(
        "GetEvents",
        f"<m:Notification><t:SubscriptionId>{found.name}</t:SubscriptionId>"
        f"<t:PreviousWatermark>{watermark(after)}</t:PreviousWatermark>"
        f"<t:MoreEvents>{more}</t:MoreEvents>{inside}</m:Notification>",
    )


def unknown(operation: str, names: Iterable[str] = ()) -> str:
    """The subscription is not here: it ended, or another server holds it."""
    listed = "".join(f"<m:SubscriptionId>{name}</m:SubscriptionId>" for name in names)
    inside = f"<m:ErrorSubscriptionIds>{listed}</m:ErrorSubscriptionIds>" if listed else ""
    text = "This server holds no such subscription."
    return failure(operation, "ErrorSubscriptionNotFound", text, inside)


def event(box: Box, subscription: Subscription, change: Change) -> str:
    """The events of one change, as XML; with a watermark for those who pull."""
    mark = f"<t:Watermark>{watermark(change.version)}</t:Watermark>" if subscription.pull else ""
    found = box.items.get(change.number)
    key = identifier.change_key(found.change if found is not None else 1)
    named = f'Id="{identifier.item_id(box, change.number)}" ChangeKey="{key}"'
    old = ""
    if change.what == "moved":
        came_from = identifier.folder_element(box, change.came_from, "OldParentFolderId")
        old = f"<t:OldItemId {named}/>{came_from}"
    inside = (
        f"{mark}<t:TimeStamp>{moment(change.when)}</t:TimeStamp><t:ItemId {named}/>"
        f"{identifier.folder_element(box, change.folder, 'ParentFolderId')}{old}"
    )
    return "".join(
        f"<t:{name}>{inside}</t:{name}>"
        for name in TOLD[change.what]
        if name in subscription.events
    )


def watermark(version: int) -> str:
    return base64.b64encode(version.to_bytes(8, "big")).decode()


def read_watermark(text: str) -> int | None:
    """The version in a watermark, or None when it is none."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return int.from_bytes(data, "big") if len(data) == 8 else None
