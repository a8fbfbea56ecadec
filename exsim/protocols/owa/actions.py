"""The operations of service.svc that a browser asks for, with what stays the same in each request of one.

Names are those of Exchange's own contracts (E13); small requests travel in a header (EP=1, CAP16).
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import quote

from exsim.protocols.owa import headers
from exsim.wire import names

_REQUEST_HEADER = {
    "__type": "JsonRequestHeaders:#Exchange",
    "RequestServerVersion": "Exchange2013",  # also against later versions: CAPSE
    "TimeZoneContext": {
        "__type": "TimeZoneContext:#Exchange",
        "TimeZoneDefinition": {
            "__type": "TimeZoneDefinitionType:#Exchange",
            "Id": "GMT Standard Time",
        },
    },
}
_INBOX = {"__type": "DistinguishedFolderId:#Exchange", "Id": "inbox"}
_SHAPE = {"__type": "ItemResponseShape:#Exchange", "BaseShape": "IdOnly"}
_PAGE = {
    "__type": "IndexedPageView:#Exchange",
    "BasePoint": "Beginning",
    "Offset": 0,
    "MaxEntriesReturned": 25,
}


@dataclass(frozen=True, slots=True)
class Action:
    """One operation.  `small`: its JSON goes percent-encoded into X-OWA-UrlPostData, and the body is empty."""

    name: str
    body: bytes
    small: bool
    content: bytes  # of its request
    target: str  # path and query, up to the call's own number
    user: tuple[tuple[str, str], ...]  # headers of a call that the user caused
    background: tuple[tuple[str, str], ...]


def make(name: str, data: Any, small: bool = True) -> Action:
    """An action with its constant headers; `data` must give `__type` first where it has one."""
    body = json.dumps(data, separators=(",", ":"))
    constant = [
        headers.JSON,
        (names.ACTION, name),
        (names.ACTION_NAME, f"{name}Action"),
        (names.ATTEMPT, "1"),
    ]
    if small:
        constant.append((names.URL_POST_DATA, quote(body, safe="")))
    return Action(
        name,
        body.encode(),
        small,
        b"" if small else body.encode(),
        f"{names.SERVICE}?action={name}{'&EP=1' if small else ''}&ID=",
        (*headers.SCRIPT_CALL, *constant),
        (*headers.BACKGROUND_CALL, *constant),
    )


def call(name: str, small: bool = True, **body: Any) -> Action:
    """An operation of Exchange's own contracts: its request, with `body` as its content."""
    return make(
        name,
        {
            "__type": f"{name}JsonRequest:#Exchange",
            "Header": _REQUEST_HEADER,
            "Body": {"__type": f"{name}Request:#Exchange", **body},
        },
        small,
    )


FOLDERS = ("inbox", "drafts", "sentitems", "deleteditems", "calendar", "contacts", "tasks")
ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        make("GetOwaUserConfiguration", {}),
        make("GetFolderMruConfiguration", {}),
        make("GetDaysUntilPasswordExpiration", {}),
        make("GetRegionalConfiguration", {}),
        make("PingOwa", {}),
        call("GetReminders", MaxItems=20, ReminderType=0),
        call("GetMailTips", MailTipsRequested="All"),
        call("GetPersona", PersonaId=None),
        call("GetTimeZoneOffsets"),
        call(
            "GetFolder",
            small=False,
            FolderShape={"__type": "FolderResponseShape:#Exchange", "BaseShape": "IdOnly"},
            FolderIds=[
                {"__type": "DistinguishedFolderId:#Exchange", "Id": name} for name in FOLDERS
            ],
        ),
        call(
            "FindFolder",
            small=False,
            FolderShape={"__type": "FolderResponseShape:#Exchange", "BaseShape": "Default"},
            ParentFolderIds=[{"__type": "DistinguishedFolderId:#Exchange", "Id": "msgfolderroot"}],
            Traversal="Deep",
        ),
        call(
            "FindConversation",
            small=False,
            ParentFolderId={"__type": "TargetFolderId:#Exchange", "BaseFolderId": _INBOX},
            Paging=_PAGE,
        ),
        call(
            "FindItem",
            small=False,
            ItemShape=_SHAPE,
            ParentFolderIds=[_INBOX],
            Traversal="Shallow",
            Paging=_PAGE,
        ),
        call("GetItem", ItemShape=_SHAPE, ItemIds=[]),
        call(
            "GetConversationItems",
            small=False,
            Conversations=[],
            ItemShape=_SHAPE,
            MaxItemsToReturn=20,
        ),
    )
}
# The calls of a start, about as many as are in flight within its first second (CAPSE; the list: *assumed*)
BOOT = (
    "GetOwaUserConfiguration",
    "GetFolderMruConfiguration",
    "FindFolder",
    "FindConversation",
    "GetReminders",
    "GetDaysUntilPasswordExpiration",
    "GetRegionalConfiguration",
    "GetTimeZoneOffsets",
    "GetFolder",
    "GetMailTips",
)
# What a page asks by itself, and what a user's click asks; shares are *assumed*
BACKGROUND = (("GetReminders", 3), ("FindConversation", 4), ("GetFolder", 2), ("PingOwa", 1))
CLICKS = (("GetConversationItems", 4), ("GetItem", 3), ("FindItem", 2), ("GetPersona", 1))


class Mix:
    """A weighted choice among actions."""

    def __init__(self, shares: Sequence[tuple[str, int]]) -> None:
        self._actions = [ACTIONS[name] for name, _ in shares]
        self._bounds = list(accumulate(share for _, share in shares))

    def pick(self, share: float) -> Action:
        """The action at `share` (0 to 1, exclusive) of the whole."""
        return self._actions[bisect_right(self._bounds, share * self._bounds[-1])]


BACKGROUND_MIX = Mix(BACKGROUND)
CLICK_MIX = Mix(CLICKS)


def subscribe(channel: str) -> Action:
    """SubscribeToNotification for the inbox's rows, folders, reminders and new mail (CAPSE)."""

    def subscription(kind: str, **parameters: Any) -> dict[str, Any]:
        return {
            "__type": "SubscriptionData:#Exchange",
            "SubscriptionId": kind,
            "Parameters": {
                "__type": "SubscriptionParameters:#Exchange",
                "NotificationType": kind,
                **parameters,
            },
        }

    return make(
        "SubscribeToNotification",
        {
            "request": {
                "__type": "NotificationSubscribeJsonRequest:#Exchange",
                "Header": _REQUEST_HEADER,
            },
            "subscriptionData": [
                subscription("HierarchyNotification"),
                subscription("RowNotification", FolderId="inbox", ChannelId=channel),
                subscription("ReminderNotification"),
                subscription("NewMailNotification"),
            ],
        },
        small=False,
    )
