"""The requests of a client of EWS, as text.  Nothing here reads an answer."""

from __future__ import annotations

from html import escape

SPACES = (
    'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
)
OLDEST = "Exchange2010_SP2"  # what every server since 2010 SP2 understands (EXLIB)
EVENTS = ("NewMailEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent")
_SUBJECT = (
    "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    '<t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties></m:ItemShape>'
)


def schema_for(build: str | None) -> str:
    """The newest schema that a server of this build understands (EXLIB's table)."""
    parts = [int(part) for part in (build or "").split(".") if part.isdigit()]
    major, minor, number = (*parts, 0, 0, 0)[:3]
    if major < 15:
        return OLDEST
    if minor >= 1:
        return "Exchange2016"
    return "Exchange2013_SP1" if number >= 847 else "Exchange2013"


def envelope(inside: str, schema: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope {SPACES}><s:Header>'
        f'<t:RequestServerVersion Version="{schema}"/></s:Header><s:Body>{inside}</s:Body>'
        "</s:Envelope>"
    ).encode()


def get_folder(name: str = "inbox") -> str:
    """No mailbox is named: the answer is of whoever the server takes the client for."""
    return (
        "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
        f'<m:FolderIds><t:DistinguishedFolderId Id="{name}"/></m:FolderIds></m:GetFolder>'
    )


def find_item(rows: int = 10, name: str = "inbox") -> str:
    return (
        f'<m:FindItem Traversal="Shallow">{_SUBJECT}<m:IndexedPageItemView'
        f' MaxEntriesReturned="{rows}" Offset="0" BasePoint="Beginning"/><m:ParentFolderIds>'
        f'<t:DistinguishedFolderId Id="{name}"/></m:ParentFolderIds></m:FindItem>'
    )


def get_item(identity: str) -> str:
    return (
        "<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:ItemIds>"
        f'<t:ItemId Id="{escape(identity)}"/></m:ItemIds></m:GetItem>'
    )


def create_item(subject: str) -> str:
    return (
        '<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>'
        '<t:DistinguishedFolderId Id="drafts"/></m:SavedItemFolderId><m:Items><t:Message>'
        f"<t:Subject>{escape(subject)}</t:Subject></t:Message></m:Items></m:CreateItem>"
    )


def delete_item(identity: str, change_key: str) -> str:
    key = f' ChangeKey="{escape(change_key)}"' if change_key else ""
    return (
        '<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>'
        f'<t:ItemId Id="{escape(identity)}"{key}/></m:ItemIds></m:DeleteItem>'
    )


def availability(address: str, start: str, end: str) -> str:
    """`start` and `end`: ISO dates without a zone, taken as UTC."""
    time = (
        "<t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder>"
        "<t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek>"
    )
    return (
        "<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias>"
        f"<t:StandardTime>{time}</t:StandardTime><t:DaylightTime>{time}</t:DaylightTime></t:TimeZone>"
        f"<m:MailboxDataArray><t:MailboxData><t:Email><t:Address>{escape(address)}</t:Address>"
        "</t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData></m:MailboxDataArray>"
        f"<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{start}</t:StartTime>"
        f"<t:EndTime>{end}</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>30"
        "</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>Detailed</t:RequestedView>"
        "</t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>"
    )


def subscribe(name: str = "inbox") -> str:
    events = "".join(f"<t:EventType>{event}</t:EventType>" for event in EVENTS)
    return (
        "<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>"
        f'<t:DistinguishedFolderId Id="{name}"/></t:FolderIds><t:EventTypes>{events}</t:EventTypes>'
        "</m:StreamingSubscriptionRequest></m:Subscribe>"
    )


def streaming_events(subscription: str, minutes: int) -> str:
    return (
        f"<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>{escape(subscription)}"
        f"</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>{minutes}"
        "</m:ConnectionTimeout></m:GetStreamingEvents>"
    )


def unsubscribe(subscription: str) -> str:
    return f"<m:Unsubscribe><m:SubscriptionId>{escape(subscription)}</m:SubscriptionId></m:Unsubscribe>"
