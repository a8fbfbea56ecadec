"""One request of a device, taken apart; and the ways in which it can be turned down.

From protocol 14.0 on most refusals are a Status in a document with HTTP 200; before it they are HTTP
statuses (MS-ASCMD 2.2.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exsim.org.activesync.device import Device
from exsim.org.answers import answer
from exsim.org.back_request import Asked
from exsim.org.contents import Box
from exsim.org.settings import ActiveSync as Settings
from exsim.wire import activesync as names
from exsim.wire.activesync import Query
from exsim.wire.message import Answer
from exsim.wire.wbxml import Element, encode, tags

SINCE_STATUS = 140  # protocol 14.0: statuses in documents
# Statuses by which a device is told to fetch its policy (MS-ASCMD)
NOT_PROVISIONED, POLICY_REFRESH, INVALID_POLICY_KEY = 142, 143, 144
DEVICE_INFORMATION = 165
# Status -> what a device of 12.1 or older gets instead (MS-ASCMD 2.2.2); others 500 (assumed)
HTTP_STATUS = {
    101: 400, 103: 400, 110: 500, 111: 503, 112: 403, 113: 507, 125: 403, 126: 403, 132: 403,
    137: 501, 138: 400, 140: 403, 141: 449, NOT_PROVISIONED: 449, POLICY_REFRESH: 449,
    INVALID_POLICY_KEY: 449, 147: 400,
}  # fmt: skip
# Command -> the namespace of its documents; the root is called as the command where nothing else stands
NAMESPACES = {
    "Sync": "AirSync",
    "SendMail": "ComposeMail",
    "FolderSync": "FolderHierarchy",
    "FolderCreate": "FolderHierarchy",
    "FolderDelete": "FolderHierarchy",
    "FolderUpdate": "FolderHierarchy",
    "MoveItems": "Move",
    "GetItemEstimate": "GetItemEstimate",
    "Settings": "Settings",
    "Ping": "Ping",
    "ItemOperations": "ItemOperations",
    "Provision": "Provision",
}


class Refused(Exception):
    """The command is turned down by `status`: one of MS-ASCMD's, or from 400 on an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class Call:
    """A command of `device` on its mailbox.  `root` is None for an empty body.

    `version` in tenths; `policy_key` 0 where none was sent; `scale` makes a device's seconds real ones.
    """

    asked: Asked
    query: Query
    version: int
    policy_key: int
    device: Device
    settings: Settings
    scale: float
    new_key: Callable[[], str]  # a sync key that nobody has had
    root: Element | None = None

    @property
    def box(self) -> Box:
        return self.asked.box

    @property
    def when(self) -> float:
        return self.asked.when

    @property
    def body(self) -> Element:
        """The request's document.  Refused when there is none, or it is another command's."""
        expected = f"{NAMESPACES[self.query.command]}:{self.query.command}"
        if self.root is None or self.root.tag != expected:
            raise Refused(400)
        return self.root


def document(root: Element) -> Answer:
    """200 with a document."""
    return answer(200, encode(root), names.WBXML_TYPE, [("Cache-Control", "private")])


def nothing() -> Answer:
    """200 without a body: nothing has changed, or a message was taken (MS-ASCMD)."""
    return Answer(200, "OK", [("Cache-Control", "private")])


def turned_down(command: str, version: int, status: int) -> Answer:
    """The answer to a command that was refused."""
    if status < 400 and version >= SINCE_STATUS and command in NAMESPACES:
        page = tags(NAMESPACES[command])
        return document(page(command, page("Status", str(status))))
    http = status if status >= 400 else HTTP_STATUS.get(status, 500)
    made = answer(http, headers=[("Cache-Control", "private")])
    if http == names.NEEDS_PROVISIONING:
        made.reason = names.NEEDS_PROVISIONING_REASON
    return made
