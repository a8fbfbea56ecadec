"""Calls in few words: one client that signs in by HTTP, its clock, and the hops and marks that it leaves.

A method a request, as `dialogue.Browser` is for OWA; each appends one line and returns it.
"""

from __future__ import annotations

from typing import Any

from exsim.session.hop import Evidence, Hop, Line, Mark

TARGETS = {
    "ews": "POST /EWS/Exchange.asmx",
    "activesync": "POST /Microsoft-Server-ActiveSync?Cmd=Sync",
    "mapi_http": "POST /mapi/emsmdb/?MailboxId=m",
    "outlook_anywhere": "RPC_OUT_DATA /rpc/rpcproxy.dll?m:6001",
    "autodiscover": "POST /autodiscover/autodiscover.xml",
    "oab": "GET /OAB/1/oab.xml",
}
ANSWER = Evidence(bytes=700, is_="answer", owner="own")
CONNECTED = Evidence(bytes=90, is_="accepted", owner="own", code="0")
LOST_CONTEXT = Evidence(bytes=90, is_="lost_context", code="10")


class Caller:
    """One user of one protocol.  Every request takes 20 ms and the next is sent 1 s later."""

    def __init__(self, protocol: str = "ews", user: int = 17, **facts: Any) -> None:
        self.protocol = protocol
        self.user = user
        self.lines: list[Line] = []
        self.t = 0.0
        self.seq = 0
        self.count = 0
        self.control = bool(facts.get("control"))
        self.mark(
            "user", protocol=protocol, account=f"user{user}@example.com", home="2016", **facts
        )

    def mark(self, what: str, **facts: Any) -> Mark:
        mark = Mark(utc="", t=self.t, what=what, user=self.user, facts=facts)
        self.lines.append(mark)
        return mark

    def begin(self) -> None:
        """A session more, by the client's own count."""
        self.count += 1
        self.mark("logon", number=self.count, account=f"user{self.user}@example.com", home="2016")

    def leave(self) -> None:
        self.mark("logoff", number=self.count)

    def hop(self, node: str | None, status: int | None = 200, **fields: Any) -> Hop:
        headers = fields.pop("headers", {})
        if node is not None:
            headers = {"x-feserver": node, **headers}
        self.seq += 1
        self.t += 1.0
        fields = {
            "took": 0.02, "session": f"{self.user}.{self.count}", "protocol": self.protocol,
            "step": "call", "conn": 1, "request": TARGETS[self.protocol], "headers": headers,
            "control": self.control,
        } | fields  # fmt: skip
        hop = Hop(utc="", t=self.t, user=self.user, seq=self.seq, status=status, **fields)
        self.lines.append(hop)
        return hop

    def call(self, node: str | None, auth: str = "bound", **fields: Any) -> Hop:
        """An answer under the client's own identity."""
        return self.hop(node, auth=auth, **{"body": ANSWER, **fields})

    def challenged(self, node: str | None, auth: str = "", **fields: Any) -> Hop:
        return self.hop(node, 401, auth=auth, body=Evidence(is_="challenge"), **fields)

    def refused(self, node: str | None, auth: str = "ntlm_3", **fields: Any) -> Hop:
        return self.challenged(node, auth, **fields)

    def handshake(self, node: str | None, **fields: Any) -> Hop:
        """NTLM as it should be: two challenges and an answer."""
        self.challenged(node)
        self.challenged(node, "ntlm_1")
        return self.call(node, "ntlm_3", **fields)

    def connect(self, node: str | None, **fields: Any) -> Hop:
        """An answer that begins a session: Connect with 0, or the OUT channel that saw C2."""
        return self.call(node, "ntlm_3", **{"body": CONNECTED, **fields})

    def in_channel(self, node: str | None, status: int | None = None, **fields: Any) -> Hop:
        """An IN channel, which ends without an answer; `node` as the balancer's own header names it."""
        request = "RPC_IN_DATA /rpc/rpcproxy.dll?m:6001"
        fields = {"auth": "ntlm_3", "ended": "closed", "request": request} | fields
        return self.hop(node, status, **fields)
