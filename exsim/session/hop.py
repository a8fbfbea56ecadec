"""A hop: one request that left and what became of it, as one line of the history.

Facts only.  No sign and no attribution is stored here: both are computed from this evidence (and the
balancer's log), so that better code can judge an old run.  Bodies are read once, by the protocol, and
only this evidence of them remains.
"""

from __future__ import annotations

import msgspec


class Evidence(msgspec.Struct, omit_defaults=True, gc=False, frozen=True, rename={"is_": "is"}):
    """What a body said of itself.

    `is_`: one of `KINDS`, or "" when nothing was recognised.  `code`: an application's own code.
    `owner`: whose mailbox the body says it came from: own, other (another test account), stranger, or
    None when it says nothing.  `build`: the back end's build, where the body carries it.  `host`: the
    server's own name, where the body is HealthCheck.htm's.
    """

    bytes: int = 0
    is_: str = ""
    code: str | None = None
    owner: str | None = None
    build: str | None = None
    host: str = ""
    pieces: int = 0  # of a body read piece by piece
    longest_gap: float = 0.0  # seconds between two of its pieces
    median_gap: float = 0.0
    round_trip: float = 0.0  # seconds that a call over a channel took, in the middle


KINDS = {
    "": "not recognised",
    "refusal_440": "the front end's own body of a 440 (43 or 154 bytes)",
    "logon_page": "the logon page, first or second step",
    "boot_page": "the start page of OWA",
    "json": "an application's answer",
    "script": "a script, style sheet or picture",
    "object_moved": "the stub of a redirect",
    "notifications": "a notification channel's stream",
    "error_page": "an error page of OWA",
    "auto_submit": "a page that sends the credentials on to another server",
    "language_page": "the page that asks for language and time zone",
    "foreign_logon": "a logon page that is not Exchange's",
    "health": "HealthCheck.htm",
    "empty": "no body",
    # The protocols beside OWA
    "answer": "the protocol's own answer, understood; `code` is its status",
    "fault": "a SOAP fault, or the protocol's own error; `code` names it",
    "accepted": "an answer that begins a session: MAPI Connect with 0, Outlook Anywhere's C2",
    "lost_context": "the back end does not know the context, subscription or channel named",
    "challenge": "a 401 that asks for credentials",
    "unanswered": "a channel on which the client waited in vain for a first word",
    "unreadable": "not what the protocol says: cut off, malformed, or another's page",
}

# What a request carried to sign in (`Hop.auth`)
AUTH = {
    "": "nothing",
    "basic": "name and password, in this request",
    "ntlm_1": "NTLM's first leg",
    "ntlm_3": "NTLM's last leg: complete credentials",
    "bound": "nothing, on a connection that was accepted before",
    "token": "a one-leg Negotiate token: complete credentials",
}


class Hop(msgspec.Struct, omit_defaults=True, gc=False, tag_field="kind", tag="hop"):
    """One request and its response as the client saw them.

    `t`, `took`, `head` and `late` in seconds: `t` since the run began, at sending; `took` to the end of
    the answer; `head` to the end of its head (None: it never came); `late` behind the flow's own plan;
    `pause` that the flow meant to wait before it.
    `seq` counts the client's requests in the order of sending; lines stand in the order of arrival.
    `cookies` and `set_cookies` hold short salted hashes (None in `set_cookies`: deleted); only the
    balancer's own cookies stand in clear.  `origin`: the node that was asked directly.  `auth`: a key
    of `AUTH`.  `challenger`: the server's name in an NTLM challenge.  `sid`: a hash of the SID
    for which the front end took the request.  `again`: it stands in brief before (`session.brief`), and was
    written in full when its session was lost; it is counted there, and not here.
    """

    utc: str
    t: float
    took: float
    user: int
    session: str  # "17.2": the second logon of user 17; "17.0": before any
    seq: int
    protocol: str
    step: str
    request: str  # method, path and redacted query
    status: int | None = None
    reason: str = ""
    location: str | None = None
    conn: int = 0
    source: str = ""
    address: str = ""
    alpn: str = ""
    client_request_id: str = ""
    request_id: str = ""
    cookies: dict[str, str] = {}
    set_cookies: dict[str, str | None] = {}
    headers: dict[str, str] = {}
    body: Evidence = Evidence()
    head: float | None = None
    late: float = 0.0
    pause: float = 0.0
    ended: str = (
        "whole"  # whole, truncated, closed (by the flow), abandoned (run stopped), unanswered
    )
    error: str | None = None
    origin: str | None = None
    control: bool = False
    forced: bool = False
    reused: bool = False
    auth: str = ""
    challenger: str = ""
    sid: str = ""
    again: bool = False

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]

    @property
    def target(self) -> str:
        return self.request.partition(" ")[2]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def arrived(self) -> float:
        """Seconds since the run began, when the answer was complete."""
        return self.t + self.took


class Mark(msgspec.Struct, omit_defaults=True, tag_field="kind", tag="mark"):
    """A line of the history that is not a hop.

    `what` and its facts: "user" {account, home, protocol, population, private} when a user starts;
    "logon" {session, account, home, private, forced, control, wanted} before a logon;
    "logoff" {session} when the client itself asks to leave; "hang" {session, step, waited} when a client
    gave up waiting; "creating" {number, account, what} before an item is made, "not_created" and "removed"
    of the same item after it; "reload", "stop", "crash" and others for the run itself.
    """

    utc: str
    t: float
    what: str
    user: int = 0
    facts: dict[str, str | int | float | bool | None] = {}


class ConnectionLine(msgspec.Struct, omit_defaults=True, tag_field="kind", tag="connection"):
    """What the hops of one connection have in common."""

    utc: str
    t: float
    user: int
    conn: int
    source: str
    address: str
    alpn: str = ""
    tls: str = ""
    origin: str | None = None


Line = Hop | Mark | ConnectionLine
