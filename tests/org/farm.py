"""A farm in memory for the org's own tests: a clock by hand, nodes, and a browser's jar in ten lines.

Not the memory rig of flows: here a request is run to its end before the next one begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec

from exsim.org.confession import Confession
from exsim.org.node import Node
from exsim.org.settings import FrontEnd, Mailbox, Organisation
from exsim.org.settings import Node as Settings
from exsim.org.work import Begin, Forward, Peer, Piece, Read, Upstream, Wait, Work
from exsim.wire import names
from exsim.wire.message import Answer, Request

HOST = "exchange.isp.com.au"
BUILDS = {
    "2010": "14.3.123.4",
    "2013": "15.0.1293.2",
    "2016": "15.1.669.32",
    "2019": "15.2.858.15",
    "se": "15.2.2562.17",
}
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
START = 1_490_000_000.0  # March 2017


def server(name: str, version: str, **sides: Any) -> Settings:
    return Settings(
        name=name,
        version=version,
        build=BUILDS[version],
        fqdn=f"{name.lower()}.lab.example",
        **sides,
    )


def mailbox(number: int, home: str) -> Mailbox:
    return Mailbox(
        address=f"user{number:02d}@lab.example",
        logon=f"LAB\\user{number:02d}",
        password=f"Correct-{number}",
        home=home,
        sid=f"S-1-5-21-1-2-3-{1100 + number}",
    )


def incident(certificates: dict[str, str], **more: Any) -> Organisation:
    """1x2013 + 2x2016; 2016 seals with the Auth certificate, which 2013 does not read."""
    newer = FrontEnd(encrypt_with="auth", decrypt_with=("ssl", "auth"))
    nodes = (
        server("EXCH16-SYD-01", "2016", front_end=newer),
        server("EXCH16-SYD-02", "2016", front_end=newer),
        server("EXCH13", "2013"),
    )
    boxes = (mailbox(1, "EXCH13"), mailbox(2, "EXCH16-SYD-01"), mailbox(3, "EXCH16-SYD-02"))
    return Organisation(nodes=nodes, mailboxes=boxes, certificates=certificates, **more)


def changed(organisation: Organisation, name: str, **front_end: Any) -> Organisation:
    """The same with other front end settings on one node (or, by "*", on all)."""
    nodes = tuple(
        msgspec.structs.replace(
            node, front_end=msgspec.structs.replace(node.front_end, **front_end)
        )
        if name in ("*", node.name)
        else node
        for node in organisation.nodes
    )
    return msgspec.structs.replace(organisation, nodes=nodes)


def behind(organisation: Organisation, name: str, **back_end: Any) -> Organisation:
    """The same with other back end settings on one node (or on all)."""
    nodes = tuple(
        msgspec.structs.replace(node, back_end=msgspec.structs.replace(node.back_end, **back_end))
        if name in ("*", node.name)
        else node
        for node in organisation.nodes
    )
    return msgspec.structs.replace(organisation, nodes=nodes)


@dataclass
class Streamed:
    """What came piece by piece: the head, and each piece with the time it went out."""

    answer: Answer
    pieces: list[tuple[float, bytes]] = field(default_factory=list)


class Farm:
    """All nodes of an organisation; `now` is true time, moved by waits and by tests."""

    def __init__(self, organisation: Organisation, now: float = START) -> None:
        self.organisation = organisation
        self.now = now
        self.confessions: list[Confession] = []
        self.nodes = {
            node.name: Node(organisation, node.name, lambda: self.now, self.confessions.append)
            for node in organisation.nodes
        }
        self.forwarded: list[tuple[str, Request]] = []
        self.unreachable: set[str] = set()
        self.stream: Streamed | None = None

    def ask(self, node: str, request: Request, peer: Peer | None = None) -> Answer:
        """Run one request of a client to its end.  A streamed answer is kept in `stream`.

        `peer`: the connection that it comes in on; absent, a new one.
        """
        return self._run(self.nodes[node].front(request, peer or Peer(1)))

    def _run(self, work: Work) -> Answer:
        value: Any = None
        upstream: Work | None = None
        while True:
            try:
                asked = work.send(value)
            except StopIteration as stop:
                if stop.value is not None:
                    assert isinstance(stop.value, Answer)
                    return stop.value
                assert self.stream is not None
                return self.stream.answer
            value = None
            if isinstance(asked, Wait):
                self.now += asked.seconds
            elif isinstance(asked, Begin):
                self.stream = Streamed(asked.answer)
            elif isinstance(asked, Piece):
                assert self.stream is not None
                self.stream.pieces.append((self.now, asked.data))
            elif isinstance(asked, Forward):
                self.forwarded.append((asked.node, asked.request))
                if asked.node not in self.unreachable:
                    upstream = self.nodes[asked.node].back(asked.request, Peer(0))
                    value = self._head(upstream)
            elif isinstance(asked, Read):
                assert upstream is not None
                value = self._read(upstream)

    def _head(self, work: Work) -> Upstream:
        while True:
            try:
                asked = next(work)
            except StopIteration as stop:
                assert isinstance(stop.value, Answer)
                return Upstream(stop.value)
            if isinstance(asked, Begin):
                return Upstream(asked.answer, streaming=True)
            assert isinstance(asked, Wait)
            self.now += asked.seconds

    def _read(self, work: Work) -> bytes | None:
        while True:
            try:
                asked = next(work)
            except StopIteration:
                return None
            if isinstance(asked, Piece):
                return asked.data
            assert isinstance(asked, Wait)
            self.now += asked.seconds


class Browser:
    """Keeps cookies by name alone; `cookies` may be copied and changed at will."""

    def __init__(self, farm: Farm, scheme: str = "http") -> None:
        self.farm = farm
        self.scheme = scheme
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        node: str,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        fields = {"Host": HOST, "User-Agent": CHROME} | (headers or {})
        pairs = [(name, value) for name, value in fields.items() if value]
        if self.cookies:
            line = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            pairs.append(("Cookie", line))
        answer = self.farm.ask(node, Request(method, target, pairs, body, self.scheme))
        for name, value in set_cookies(answer):
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, node: str, target: str, **headers: str) -> Answer:
        return self.ask(node, "GET", target, headers=named(headers))

    def post(self, node: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        return self.ask(node, "POST", target, body, named(headers))

    def logon(self, node: str, box: Mailbox, flags: int = 4, **fields: str) -> Answer:
        form = {
            "destination": f"https://{HOST}/owa/",
            "flags": str(flags),
            "forcedownlevel": "0",
            "username": box.logon,
            "password": box.password,
            "isUtf8": "1",
        } | fields
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        return self.post(node, names.LOGON_POST, urlencode(form).encode(), **kind)

    def serve(self, node: str, action: str = "FindItem", **headers: str) -> Answer:
        """A service.svc call with the canary that the jar holds."""
        fields = {"X_OWA_CANARY": self.cookies.get(names.CANARY, ""), "Action": action} | headers
        return self.post(node, f"/owa/service.svc?action={action}", b"{}", **fields)

    def copy(self) -> Browser:
        twin = Browser(self.farm, self.scheme)
        twin.cookies = dict(self.cookies)
        return twin


def logged_on(farm: Farm, node: str, number: int = 1) -> Browser:
    """A browser that one mailbox's user has logged on with at `node`, and shown the start page."""
    browser = Browser(farm)
    assert browser.logon(node, farm.organisation.mailboxes[number]).status == 302
    assert browser.get(node, "/owa/").status == 200
    return browser


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def set_cookies(answer: Answer) -> list[tuple[str, str]]:
    lines = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    pairs = [line.partition(";")[0].partition("=") for line in lines]
    return [(name, value) for name, _, value in pairs]


def set_cookie_lines(answer: Answer) -> dict[str, str]:
    lines = [value for name, value in answer.headers if name.lower() == "set-cookie"]
    return {line.partition("=")[0]: line for line in lines}
