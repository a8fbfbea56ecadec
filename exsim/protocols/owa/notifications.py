"""The notification channel: a POST that frees it, then a GET that is answered for minutes, piece by piece.

Each cycle is one POST and one GET; it ends when the server says `restart` or closes the answer (E13:
after 320 s), and the next follows at once.  Nothing here counts as a user's activity (UA=0).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from msgspec.structs import replace

from exsim.protocols.agent import REDIRECTS
from exsim.protocols.flow import Close, Dice, End, Flow, Head, Receive, Request, Response
from exsim.protocols.owa import headers as lines
from exsim.protocols.owa.page import Page
from exsim.session.hop import Evidence
from exsim.wire import names

SILENCE = 600.0  # seconds that a client waits for a piece (a public client's own read time-out)
RECONNECT = 5.0  # seconds before a broken channel is opened again; doubled each time (*assumed*)
LONGEST_RECONNECT = 60.0
AT_ONCE = 1.0  # seconds: an answer that is over sooner was none; not asked again without a pause
MOST_PIECES = 100_000  # of one answer: a hostile server may never end
FINISH_HEADERS = (*lines.BACKGROUND_CALL, lines.PLAIN)

_CHANNEL = re.compile(rb"""["']?cid["']?\s*:\s*["']([0-9A-Za-z\-]{1,64})["']""")


def new_channel_id(dice: Dice) -> str:
    """An id of the client's own, as a GUID's text."""
    digits = f"{dice.randrange(0, 1 << 62):016x}{dice.randrange(0, 1 << 62):016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def listen(page: Page) -> Flow[None]:
    """Keep the channel up for as long as the page is there."""
    channel_id, count, wait = "", 0, RECONNECT
    while not page.gone():
        if not page.legacy:
            response = yield from _finish(page, channel_id)
            channel_id = _read_channel(response) or channel_id or new_channel_id(page.client.dice)
        if page.gone():
            return
        count += 1
        began = yield from page.client.rest(0)
        whole = yield from _wait(page, channel_id, count)
        lasted = (yield from page.client.rest(0)) - began
        if whole and lasted > AT_ONCE:
            wait = RECONNECT
        elif not page.gone():
            yield from page.client.rest(wait)
            wait = min(2 * wait, LONGEST_RECONNECT)


def _finish(page: Page, channel_id: str) -> Flow[Response]:
    target = f"{names.NOTIFICATION}?ns=PendingRequest&ev=FinishNotificationRequest&UA=0"
    if channel_id:
        target += f"&cid={channel_id}"
    own = ((names.CANARY, page.canary()),)
    request = page.request("POST", target, "channel_finish", FINISH_HEADERS, b"", own=own)
    return (yield from page.ask(request))


def _read_channel(response: Response) -> str:
    found = _CHANNEL.search(response.body[:2000])
    return found[1].decode() if found else ""


def pending(page: Page, channel_id: str, count: int) -> Request:
    """The GET that waits; its canary travels in the query (CAPSE)."""
    if page.legacy:
        return page.event(
            "PendingRequest", "PendingNotificationRequest", "channel_wait", method="GET"
        )
    target = (
        f"{names.NOTIFICATION}?ns=PendingRequest&ev=PendingNotificationRequest&UA=0&cid={channel_id}"
        f"&brwnm=chrome&{names.CANARY}={quote(page.canary(), safe='')}&n={count}"
    )
    return page.request("GET", target, "channel_wait")


def _wait(page: Page, channel_id: str, count: int) -> Flow[bool]:
    """One long answer; whether it came to its own end."""
    request = replace(pending(page, channel_id, count), timeout=SILENCE)
    channel, head = yield from page.client.open(request)
    octets, ending = 0, head if isinstance(head, End) else None
    for _ in range(MOST_PIECES):
        if ending is not None:
            break
        piece: Head | bytes | End = yield Receive(channel, SILENCE)
        if isinstance(piece, End):
            ending = piece
        elif isinstance(piece, bytes):
            octets += len(piece)
    good = isinstance(head, Head) and head.status == 200
    yield Close(channel, Evidence(octets, "notifications" if good else "" if octets else "empty"))
    if isinstance(head, Head) and not good:
        yield from _refused(page, request, head)
        return False
    return ending is not None and ending.error is None


def _refused(page: Page, request: Request, head: Head) -> Flow[None]:
    """An answer that is no stream: a redirect is followed as scripts follow it, unseen."""
    response = Response(head.status, head.headers, b"", None, reason=head.reason)
    if head.status == names.CANARY_REFUSED:
        return  # the fresh canary is in the jar; the next cycle takes it
    if head.status in REDIRECTS or head.status == names.LOGIN_TIMEOUT:
        yield from page.react(request, response)
