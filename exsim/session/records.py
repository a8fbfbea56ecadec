"""What the detector makes of a history: sessions, their meetings with front ends, incidents, findings.

Values only, and the shape in which they stand in `incidents.jsonl` and are handed to judgement.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Meeting(msgspec.Struct, omit_defaults=True):
    """The first time that a front end answered a session's logon cookies while the session was live.

    One trial of the combination (login front end, `front_end`, mailbox back end); `lost` is its outcome.
    `evidence` says how the front end is known.  `natural` is False when the run steered it.
    """

    front_end: str
    t: float
    seq: int
    lost: bool = False
    evidence: str = "header"
    natural: bool = True


class Incident(msgspec.Struct, omit_defaults=True):
    """The first definite sign that a live session was lost.

    `seq` is the culprit: the hop whose answer refused the cookies, or took them away.  `took_cookies` is
    False when it refused them and left them in the jar.  `of_session` is the session that had sent that
    request, where it is another than the one lost (a late answer).  `reason` is the redirect's, where a
    GET or a control hop showed one.  `passed_on`: the back end that the refusal itself names: the front end
    had read the cookies, and made a refusal of what that one answered.  `aftermath`: the refusals after it.
    """

    session: str
    user: int
    t: float
    utc: str
    seq: int
    sign: str
    step: str
    request: str
    login_front_end: str | None
    front_end: str | None
    back_end: str | None
    evidence: str = ""
    took_cookies: bool = True
    of_session: str | None = None
    reason: str | None = None
    passed_on: str = ""
    age: float = 0.0  # seconds from the accepted logon
    request_id: str = ""
    client_request_id: str = ""
    refusers: list[
        str
    ] = []  # front ends that refused this session's cookies or came after, in order
    aftermath: list[int] = []  # seq of each refusal after the culprit


class Session(msgspec.Struct, omit_defaults=True):
    """From an accepted logon to its end.  `state`: live, ended (by the client), expired, lost."""

    id: str
    user: int
    protocol: str
    began: float
    account: str = ""
    home: str = ""  # version of the mailbox's home, as claimed by the scenario
    population: int = 0
    private: bool = True
    control: bool = False
    forced: bool = False
    brought: bool = (
        False  # its logon was made elsewhere: it begins with the first answer that serves it
    )
    origin: str | None = None  # the node that was asked directly, for a control session
    login_front_end: str | None = None
    back_end: str | None = None
    state: str = "live"
    over: float | None = None
    meetings: list[Meeting] = []
    requests: int = 0
    connections: int = 0
    incident: Incident | None = None


class Finding(msgspec.Struct, omit_defaults=True):
    """Something wrong that lost no session: a hang, the balancer's own 503, a canary refused, a 5xx."""

    kind: str
    t: float
    utc: str
    user: int = 0
    session: str = ""
    seq: int = 0
    front_end: str | None = None
    step: str = ""
    detail: str = ""
    protocol: str = "owa"


class ShutOut(msgspec.Struct, omit_defaults=True):
    """A client that was never let in: one that signs in by HTTP, and had no accepted answer at all.

    `sign`, `seq`, `step`, `status`, `auth`: of the last answer that barred its way.  `challenges`: 401 that
    asked for credentials; `refusals`: 401 to complete credentials.  `front_ends`: nodes that barred it.
    `stayed` and `moved`: last legs of NTLM that the node refused which had challenged, or another one.
    """

    session: str
    user: int
    protocol: str
    account: str
    sign: str
    t: float
    utc: str
    seq: int
    step: str = ""
    status: int | None = None
    auth: str = ""
    challenges: int = 0
    refusals: int = 0
    front_ends: list[str] = []
    stayed: int = 0
    moved: int = 0


class Waits(msgspec.Struct, omit_defaults=True):
    """How long telephones were let wait.

    `devices` waited, `cut` of them were cut at least once, `cuts` times in all.  `asked` and `left`: seconds
    of the scenario's time that they wanted at the first cut, and want at the end (medians).  `mean`: how long
    a wait lasted, in seconds of the clock.
    """

    devices: int
    cut: int = 0
    cuts: int = 0
    asked: float = 0.0
    left: float = 0.0
    mean: float = 0.0


class Findings(msgspec.Struct):
    """Everything that the detector found in one history."""

    sessions: Sequence[Session]
    findings: list[Finding]
    hops: int
    attributed: int
    unattributed: int  # answers of a node (not of the balancer) whose front end is not known
    refused_logons: int = 0
    wrong_mailbox: list[Finding] = []
    identity: dict[str, int] = {}  # own, other, stranger, silent -> answers
    identity_by: dict[str, dict[str, int]] = {}  # protocol (but for OWA) -> the same
    strangers: dict[str, int] = {}  # of clients without credentials: answers, told
    shut_out: list[ShutOut] = []
    not_measured: dict[str, list[str]] = {}  # protocol -> why its clients had to leave it at that
    waits: Waits | None = None
    mails: int = 0  # messages that a server took
    witnesses: dict[str, int] = {}  # how it is known who answered -> answers
