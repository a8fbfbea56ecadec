"""The operations of service.svc: which there are, and what their answers carry (E13, CAP16, CAPSE).

Items carry the mailbox's marker as subject.
"""

from __future__ import annotations

import json
from typing import Any

from exsim.org.attribution import build_of, ows_version
from exsim.org.settings import Mailbox, Node
from exsim.wire import names

READING = frozenset(
    [
        "FindFolder",
        "FindItem",
        "FindConversation",
        "FindPeople",
        "GetFolder",
        "GetItem",
        "GetConversationItems",
        "GetThreadedConversationItems",
        "GetPersona",
        "GetMailTips",
        "GetAttachment",
        "GetUserAvailability",
        "GetReminders",
        "GetUserConfiguration",
        "GetOwaUserConfiguration",
        "GetFolderMruConfiguration",
        "GetOptionSummary",
        "GetTimeZone",
        "GetTimeZoneOffsets",
        "GetServerTimeZones",
        "GetRegionalConfiguration",
        "GetThemes",
        "GetBposNavBarData",
        "GetBposShellInfoNavBarData",
        "GetDaysUntilPasswordExpiration",
        "GetOwaUserOofSettings",
        "GetUserOofSettings",
        "GetInboxRules",
        "GetUserRetentionPolicyTags",
        "GetWellKnownShapes",
        "GetOtherMailboxConfiguration",
        "GetUcwaUserConfiguration",
        "GetLinkPreview",
        "GetModernAttachments",
        "GetRoomLists",
        "GetWacAttachmentInfo",
        "SyncConversation",
        "SyncFolderItems",
        "SyncFolderHierarchy",
        "PerformInstantSearch",
        "EndInstantSearchSession",
    ]
)
WRITING = frozenset(
    [
        "CreateItem",
        "UpdateItem",
        "SendItem",
        "MoveItem",
        "CopyItem",
        "DeleteItem",
        "MarkAllItemsAsRead",
        "MarkAsJunk",
        "ApplyConversationAction",
        "CreateAttachment",
        "CreateAttachmentFromLocalFile",
        "DeleteAttachment",
        "CreateFolder",
        "DeleteFolder",
        "MoveFolder",
        "EmptyFolder",
        "SetUserOofSettings",
        "SetOwaUserOofSettings",
        "UpdateUserConfiguration",
        "SetLayoutSettings",
        "SetNotificationSettings",
        "PerformReminderAction",
        "AddFavorite",
        "RemoveFavorite",
        "AddSharedFolders",
    ]
)
SESSION = frozenset(
    [
        "PingOwa",
        "SubscribeToNotification",
        "InstantMessageSignIn",
        "InstantMessageSignOut",
        "LogDatapoint",
    ]
)
KNOWN = {name.lower(): name for name in READING | WRITING | SESSION}
ROWS = 5  # items in a list: enough to be one
Json = dict[str, Any]


def marker(mailbox: Mailbox) -> str:
    """The subject that says whose mailbox an answer came from."""
    return names.MARKER + mailbox.address


def version_info(node: Node) -> Json:
    """Header.ServerVersionInfo: the back end's build, in every answer (CAP16)."""
    major, minor, build, revision = (*build_of(node), 0, 0, 0)[:4]
    return {
        "MajorVersion": major,
        "MinorVersion": minor,
        "MajorBuildNumber": build,
        "MinorBuildNumber": revision,
        "Version": ows_version(node),
    }


def _item(mailbox: Mailbox, row: int) -> Json:
    identity = {"__type": "ItemId:#Exchange", "Id": f"{mailbox.sid}-{row}", "ChangeKey": "CQAA"}
    return {"__type": "Message:#Exchange", "ItemId": identity, "Subject": marker(mailbox)}


def _folder(mailbox: Mailbox) -> Json:
    return {
        "__type": "Folder:#Exchange",
        "FolderId": {"__type": "FolderId:#Exchange", "Id": f"{mailbox.sid}-inbox"},
        "DisplayName": marker(mailbox),
        "UnreadCount": ROWS,
    }


def _conversation(mailbox: Mailbox) -> Json:
    return {
        "__type": "ConversationType:#Exchange",
        "ConversationTopic": "",
        "Subject": marker(mailbox),
    }


def _contents(action: str, mailbox: Mailbox) -> Json:
    """What is particular to an action's answer; nothing, for those that carry no name."""
    items = [_item(mailbox, row) for row in range(ROWS)]
    made: dict[str, Json] = {
        "FindConversation": {"Conversations": [_conversation(mailbox)]},
        "GetConversationItems": {"Conversation": {"ConversationNodes": [{"Items": items[:1]}]}},
        "FindFolder": {"RootFolder": {"Folders": [_folder(mailbox)]}},
        "GetFolder": {"Folders": [_folder(mailbox)]},
        "GetFolderMruConfiguration": {"FolderMruEntries": [_folder(mailbox)]},
        "GetReminders": {"Reminders": [{"Subject": marker(mailbox)}]},
        "GetMailTips": {"MailTips": {"DisplayName": marker(mailbox)}},
        "GetPersona": {"Persona": {"DisplayName": marker(mailbox)}},
        "FindPeople": {"ResultSet": [{"DisplayName": marker(mailbox)}]},
        "SyncFolderItems": {"Changes": {"Create": items[:1]}},
        "SyncFolderHierarchy": {"Changes": {"Create": [_folder(mailbox)]}},
        "GetOwaUserConfiguration": {"UserConfiguration": session_settings(mailbox)},
    }
    return made.get(action, {})


def session_settings(mailbox: Mailbox) -> Json:
    return {
        "SessionSettings": {
            "DisplayName": marker(mailbox),
            "UserDisplayName": mailbox.name or mailbox.logon,
            "UserEmailAddress": mailbox.address,
        }
    }


def envelope(action: str, mailbox: Mailbox, node: Node) -> Json:
    """One operation's answer, where it is the same each time."""
    return messages(action, [_contents(action, mailbox)], node)


def messages(action: str, contents: list[Json], node: Node) -> Json:
    """An answer of as many response messages as there are `contents`."""
    done = {
        "__type": f"{action}ResponseMessage:#Exchange",
        "ResponseCode": "NoError",
        "ResponseClass": "Success",
    }
    return {
        "Header": {"ServerVersionInfo": version_info(node)},
        "Body": {"ResponseMessages": {"Items": [done | one for one in contents]}},
    }


def packed(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def subscribed(request: Json) -> bytes:
    """SubscribeToNotification's answer: one line for each subscription (CAPSE)."""
    wanted = request.get("subscriptionData")
    lines = [
        {
            "SubscriptionId": str(subscription.get("SubscriptionId", "")),
            "SuccessfullyCreated": subscription.get("SubscriptionId") != "SuiteNotification",
            "SubscriptionExists": False,
            "ErrorInfo": None,
        }
        for subscription in (wanted if isinstance(wanted, list) else [])
        if isinstance(subscription, dict)
    ]
    return packed(lines)


def session_data(mailbox: Mailbox, node: Node) -> Json:
    """sessiondata.ashx: what the page starts with, in one answer (CAP16)."""
    return {
        "owaUserConfig": {"Header": {"ServerVersionInfo": version_info(node)}}
        | session_settings(mailbox),
        "findFolders": envelope("FindFolder", mailbox, node),
        "findConversation": envelope("FindConversation", mailbox, node),
        "getConversationItems": envelope("GetConversationItems", mailbox, node),
    }
