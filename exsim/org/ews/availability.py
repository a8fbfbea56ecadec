"""GetUserAvailability: who is free when.  The only request whose element ends in Request (EWS schema).

Busy times come from the calendar items of mailboxes on this node; others are told free (a limit: no
node asks another).
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from exsim.org.back_request import Asked
from exsim.org.contents import Box
from exsim.org.directory import Directory
from exsim.org.ews.soap import MESSAGES, SPACES, TYPES, Refused, text_of
from exsim.org.moment import iso_second

FREE, BUSY = "0", "2"
LONGEST = 62 * 86400  # seconds of a window (EWS13: 62 days by default)
DEFAULT_INTERVAL = 30  # minutes
WORKING_HOURS = (
    "<t:WorkingHours><t:TimeZone><t:Bias>0</t:Bias><t:StandardTime><t:Bias>0</t:Bias>"
    "<t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime><t:DaylightTime><t:Bias>0</t:Bias>"
    "<t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone><t:WorkingPeriodArray>"
    "<t:WorkingPeriod><t:DayOfWeek>Monday Tuesday Wednesday Thursday Friday</t:DayOfWeek>"
    "<t:StartTimeInMinutes>480</t:StartTimeInMinutes><t:EndTimeInMinutes>1020</t:EndTimeInMinutes>"
    "</t:WorkingPeriod></t:WorkingPeriodArray></t:WorkingHours>"
)


def instant(text: str) -> float | None:
    """The UTC seconds of an ISO date; one without a zone is taken as UTC (assumed)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, OSError, ValueError):
        return None


def busy(box: Box, start: float, end: float) -> list[tuple[float, float]]:
    """The appointments that touch a window."""
    found = []
    for item in box.items_in("calendar"):
        begins, ends = instant(item.more.get("start", "")), instant(item.more.get("end", ""))
        if begins is not None and ends is not None and begins < end and ends > start:
            found.append((begins, ends))
    return sorted(found)


def _window(body: Element) -> tuple[float, float, int]:
    start = instant(text_of(body, "t:FreeBusyViewOptions/t:TimeWindow/t:StartTime"))
    end = instant(text_of(body, "t:FreeBusyViewOptions/t:TimeWindow/t:EndTime"))
    path = "t:FreeBusyViewOptions/t:MergedFreeBusyIntervalInMinutes"
    interval = text_of(body, path, str(DEFAULT_INTERVAL))
    if start is None or end is None or not 0 < end - start <= LONGEST:
        raise Refused("ErrorInvalidTimeInterval", "That is no window of time.")
    if not interval.isascii() or not interval.isdigit() or not 5 <= int(interval[:6]) <= 1440:
        raise Refused("ErrorInvalidMergedFreeBusyInterval", "That is no interval.")
    return start, end, int(interval) * 60


def _view(box: Box | None, start: float, end: float, interval: int) -> str:
    times = busy(box, start, end) if box is not None else []
    merged = "".join(
        BUSY if any(begins < at + interval and ends > at for begins, ends in times) else FREE
        for at in range(int(start), int(end), interval)
    )
    events = "".join(
        f"<t:CalendarEvent><t:StartTime>{iso_second(int(begins))}</t:StartTime>"
        f"<t:EndTime>{iso_second(int(ends))}</t:EndTime><t:BusyType>Busy</t:BusyType>"
        "</t:CalendarEvent>"
        for begins, ends in times
    )
    array = f"<t:CalendarEventArray>{events}</t:CalendarEventArray>" if events else ""
    return (
        "<m:FreeBusyView><t:FreeBusyViewType>FreeBusyMerged</t:FreeBusyViewType>"
        f"<t:MergedFreeBusy>{merged}</t:MergedFreeBusy>{array}{WORKING_HOURS}</m:FreeBusyView>"
    )


def _unknown(address: str) -> str:
    return (
        '<m:FreeBusyResponse><m:ResponseMessage ResponseClass="Error"><m:MessageText>'
        f"Nobody is called {escape(address)}.</m:MessageText>"
        "<m:ResponseCode>ErrorMailRecipientNotFound</m:ResponseCode></m:ResponseMessage>"
        "<m:FreeBusyView><t:FreeBusyViewType>None</t:FreeBusyViewType></m:FreeBusyView>"
        "</m:FreeBusyResponse>"
    )


def answer(asked: Asked, body: Element, directory: Directory, node: str) -> str:
    """The whole answer: one response for each mailbox, in their order."""
    start, end, interval = _window(body)
    found = []
    for data in body.iterfind("m:MailboxDataArray/t:MailboxData", SPACES):
        address = text_of(data, "t:Email/t:Address")
        mailbox = directory.by_address(address)
        if mailbox is None:
            found.append(_unknown(address))
            continue
        box = asked.contents.box(mailbox) if mailbox.home == node else None
        found.append(
            '<m:FreeBusyResponse><m:ResponseMessage ResponseClass="Success">'
            "<m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage>"
            f"{_view(box, start, end, interval)}</m:FreeBusyResponse>"
        )
    return (
        f'<m:GetUserAvailabilityResponse xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">'
        f"<m:FreeBusyResponseArray>{''.join(found)}</m:FreeBusyResponseArray>"
        "</m:GetUserAvailabilityResponse>"
    )
