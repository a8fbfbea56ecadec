"""A node's own record of why it answered as it did: one line for each request its front end took.

Written for tests, never read by judgement.  Joined to the client's hops by `client_request_id`.
"""

from __future__ import annotations

import msgspec

CLASSES = {
    "served": "anything but a refusal of the session: a page, an answer, an error that keeps the session",
    "refused": "sent to the logon page or answered 440, and the request carried logon cookies",
    "refused_bare": "the same, and the request carried none",
    "benign": "a 440 that says nothing about the session (made by a back end)",
}
CAUSES = {
    "absent": "no logon cookie",
    "incomplete": "some of the logon cookies",
    "unreadable": "all of them, and none of this node's keys opens them (or two logons are mixed)",
    "expired": "read, and past its time by this node's clock",
    "credentials": "read (or typed on the form), and the password was refused",
    "not_found": "ECP's 403 or 404, turned into a refusal",
    "manifest": "offline manifest without the offline cookie",
}


class Confession(msgspec.Struct, omit_defaults=True, rename={"class_": "class"}):
    """`class_` is one of CLASSES, `cause` one of CAUSES or "" for what was served."""

    utc: str
    node: str
    client_request_id: str
    method: str
    path: str
    status: int
    class_: str
    cause: str = ""
    user: str = ""  # address of the mailbox, where the front end knew it
    back_end: str = ""  # node that the request was passed on to
    wiped: tuple[str, ...] = ()  # names of the cookies that the answer deleted
