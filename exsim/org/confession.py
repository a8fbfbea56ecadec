"""A node's own record of why it answered as it did: one line for each request its front end took.

Written for tests, never read by judgement.  Joined to the client's hops by `client_request_id`.
"""

from __future__ import annotations

import msgspec

from exsim.wire.message import Answer

CLASSES = {
    "served": "anything but a refusal of the session: a page, an answer, an error that keeps the session",
    "refused": "sent to the logon page or answered 440, and the request carried logon cookies;"
    " or answered 401, and it carried complete credentials",
    "refused_bare": "the same, and the request carried none",
    "challenged": "a 401 that asks for credentials; no complete ones were sent",
    "lost_context": "a context, subscription or channel was named that the back end does not know",
    "noise": "the server's own health monitoring: no client's request, and never to be counted",
    "benign": "a 440 that says nothing about the session (made by a back end)",
}
CAUSES = {
    "absent": "no logon cookie, no credentials",
    "incomplete": "some of the logon cookies",
    "unreadable": "all of them, and none of this node's keys opens them (or two logons are mixed)",
    "expired": "read, and past its time by this node's clock",
    "credentials": "read (or typed on the form, or sent), and the password was refused",
    "not_offered": "credentials of a kind that the virtual directory does not take",
    "first_leg": "the first of two legs: the answer is the challenge",
    "garbled": "a token that cannot be read",
    "binding": "Extended Protection: another certificate than the node's own was named, or none",
    "no_context": "the last leg of a handshake whose first leg came on another connection",
    "no_channel": "an RPC channel whose other channel the back end did not find",
    "not_found": "ECP's 403 or 404, turned into a refusal",
    "second_factor": "read, and the second factor's module does not know its own cookie: another node's key",
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
    bad_passwords: tuple[
        str, ...
    ] = ()  # addresses whose password the directory had refused by then


# What a back end knows of an answer's class travels to the front end in a header; no client sees it.
CONFIDED = "X-Exsim-Confession"


def confide(answer: Answer, class_: str, cause: str = "") -> Answer:
    """`answer`, with the class (of CLASSES) that the front end is to confess."""
    answer.headers.append((CONFIDED, f"{class_};{cause}"))
    return answer


def confided_in(answer: Answer) -> tuple[str, str] | None:
    """Class and cause as a back end confided them, taken out of `answer`; None where it did not."""
    for index, (name, value) in enumerate(answer.headers):
        if name.lower() == CONFIDED.lower():
            del answer.headers[index]
            class_, _, cause = value.partition(";")
            return class_, cause
    return None
