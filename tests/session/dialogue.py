"""Dialogues in few words: one browser, its clock and its jar, and the hops and marks that it leaves.

A method a request; each appends one line and returns it.  The jar here is the test's own: it sends what
the answers so far have left in it, so that a dialogue reads as it would happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from exsim.session.detector import Detector
from exsim.session.hop import Evidence, Hop, Line, Mark
from exsim.session.records import Findings, Session

A, B, OLD = "EX16-01", "EX16-02", "EX13"
COOKIES = ("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig")
LOGON = "https://mail.example.com/owa/auth/logon.aspx?url=https%3a%2f%2fmail&reason="
POLL = "POST /owa/service.svc?action=FindItem"
REFUSAL = Evidence(bytes=154, is_="refusal_440")


def judged(*parts: Iterable[Line], **settings: Any) -> Findings:
    """What the detector makes of these lines."""
    detector = Detector(**settings)
    for part in parts:
        for line in part:
            detector.feed(line)
    return detector.finish()


def shared(lines: list[Line]) -> list[Line]:
    """The same lines as they are live: answers whose headers are alike have the very same ones."""
    known: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    return [
        msgspec.structs.replace(
            line, headers=known.setdefault(tuple(sorted(line.headers.items())), line.headers)
        )
        if isinstance(line, Hop)
        else line
        for line in lines
    ]


def only(found: Findings) -> Session:
    assert len(found.sessions) == 1
    return found.sessions[0]


class Browser:
    """One user.  Every request takes 20 ms and the next is sent 1 s later, unless said otherwise."""

    def __init__(self, user: int = 17, control: bool = False, legacy: bool = False) -> None:
        self.user = user
        self.control = control
        self.legacy = legacy  # 2010: two cookies, and X-DiagInfo for a name
        self.lines: list[Line] = []
        self.jar: dict[str, str] = {}
        self.t = 0.0
        self.seq = 0
        self.logons = 0

    @property
    def session(self) -> str:
        return f"{self.user}.{self.logons}"

    def mark(self, what: str, **facts: Any) -> Mark:
        mark = Mark(utc="", t=self.t, what=what, user=self.user, facts=facts)
        self.lines.append(mark)
        return mark

    def hop(self, request: str, node: str | None, status: int | None = 200, **fields: Any) -> Hop:
        """One hop.  `keep` False: the line is returned, to be appended later; its answer too is late."""
        keep = fields.pop("keep", True)
        headers = fields.pop("headers", {})
        if node is not None:
            name = {"x-diaginfo": node} if self.legacy else {"x-feserver": node}
            headers = {**name, **headers}
        self.seq += 1
        self.t += 1.0
        fields = {
            "took": 0.02, "session": self.session, "protocol": "owa", "step": "service", "conn": 1,
            "cookies": dict(self.jar), "headers": headers, "control": self.control,
        } | fields  # fmt: skip
        hop = Hop(
            utc="", t=self.t, user=self.user, seq=self.seq, request=request, status=status, **fields
        )
        if keep:
            self.arrive(hop)
        return hop

    def arrive(self, hop: Hop) -> None:
        """The answer arrives: now its line is written and its cookies are stored."""
        self.lines.append(hop)
        for name, value in hop.set_cookies.items():
            if value is None:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value

    def log_on(self, node: str | None, private: bool = True, **fields: Any) -> Hop:
        self.logons += 1
        marked = {"number": self.logons, "account": f"user{self.user}@example.com", "home": "2013",
                  "private": private, "control": self.control}  # fmt: skip
        self.mark("logon", **marked, **fields.pop("marked", {}))
        names = ("sessionid", "cadata") if self.legacy else COOKIES
        cookies = {name: f"{name}-{self.user}-{self.logons}" for name in names}
        location = "https://mail.example.com/owa/"
        fields = {"location": location, "set_cookies": cookies, "step": "logon"} | fields
        return self.hop("POST /owa/auth.owa", node, 302, **fields)

    def poll(self, node: str | None, back_end: str = "", **fields: Any) -> Hop:
        headers = fields.pop("headers", {})
        if back_end:
            headers = {"x-calculatedbetarget": f"{back_end.lower()}.example.com", **headers}
        return self.hop(fields.pop("request", POLL), node, headers=headers, **fields)

    def deletions(self) -> dict[str, str | None]:
        """What a front end deletes: the logon cookies that the request carries."""
        return {name: None for name in (*COOKIES, "sessionid") if name in self.jar}

    def refused(self, node: str | None, wipes: bool = True, **fields: Any) -> Hop:
        """440 to a POST."""
        wiped = self.deletions() if wipes else {}
        fields = {"body": REFUSAL, "set_cookies": wiped, "reason": "Login Timeout"} | fields
        return self.hop(fields.pop("request", POLL), node, 440, **fields)

    def bounced(self, node: str | None, reason: int = 0, wipes: bool = True, **fields: Any) -> Hop:
        """302 to the logon page, to a GET."""
        wiped = self.deletions() if wipes else {}
        fields = {"location": f"{LOGON}{reason}", "set_cookies": wiped} | fields
        return self.hop(fields.pop("request", "GET /owa/"), node, 302, **fields)

    def log_off(self, node: str | None = A, marked: bool = True, **fields: Any) -> Hop:
        if marked:
            self.mark("logoff", number=self.logons)
        fields = {
            "location": "https://mail.example.com/owa/auth/signout.aspx",
            "set_cookies": self.deletions(),
            "headers": {"x-beserver": "EX16-01"},
        } | fields
        return self.hop("GET /owa/logoff.owa", node, 302, **fields)
