"""One client of EWS over a farm in memory: posts bodies, and takes answers apart with ElementTree."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from exsim.org.settings import BackEnd, EwsFaults, Mailbox, Node, Organisation
from exsim.wire.message import Answer, Request
from tests.org.farm import HOST, Farm, changed, server

SPACES = {
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
    "t": "http://schemas.microsoft.com/exchange/services/2006/types",
    "m": "http://schemas.microsoft.com/exchange/services/2006/messages",
}
CAPTURED = Path(__file__).parents[2] / "vectors" / "ews" / "exchangelib-5.6.0"
NODE = "EXCH16"
ALICE = Mailbox("alice@exlab.test", "LAB\\alice", "pw", NODE, "S-1-5-21-9-9-9-1")
BOB = Mailbox("bob@exlab.test", "LAB\\bob", "word", NODE, "S-1-5-21-9-9-9-2")


def node(name: str = NODE, version: str = "2016", faults: EwsFaults | None = None) -> Node:
    return server(name, version, back_end=BackEnd(ews=faults or EwsFaults()))


def farm(
    certificates: dict[str, str],
    *nodes: Node,
    mailboxes: tuple[Mailbox, ...] = (ALICE, BOB),
    scale: float = 1.0,
) -> Farm:
    """One node (or `nodes`) whose EWS takes Basic."""
    made = Organisation(nodes or (node(),), mailboxes, certificates, time_scale=scale)
    return Farm(changed(made, "*", authentication={"ews": ("basic",)}))


def documents(body: bytes) -> list[Element]:
    """The SOAP documents in a body, one after the other."""
    parts = [part for part in body.split(b"<?xml") if part.strip()]
    return [ElementTree.fromstring(b"<?xml" + part) for part in parts]


@dataclass
class Client:
    """`node` is whom it asks; cookies are kept by name."""

    farm: Farm
    mailbox: Mailbox = ALICE
    node: str = NODE

    def __post_init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.answer = Answer(0)

    def post(self, body: bytes, **headers: str) -> Answer:
        """One request, whatever it says."""
        pair = f"{self.mailbox.logon}:{self.mailbox.password}".encode()
        fields = [
            ("Host", HOST),
            ("Content-Type", "text/xml; charset=utf-8"),
            ("Authorization", "Basic " + base64.b64encode(pair).decode()),
            *((name.replace("_", "-"), value) for name, value in headers.items()),
        ]
        if self.cookies:
            fields.append(("Cookie", "; ".join("=".join(pair) for pair in self.cookies.items())))
        self.answer = self.farm.ask(
            self.node, Request("POST", "/EWS/Exchange.asmx", fields, body, "http")
        )
        for name, value in self.answer.headers:
            if name == "Set-Cookie":
                key, _, content = value.partition(";")[0].partition("=")
                self.cookies[key] = content
        return self.answer

    def ask(self, inside: str, schema: str = "Exchange2013", **headers: str) -> Element:
        """One operation; the answer's envelope."""
        self.post(envelope(inside, schema), **headers)
        return ElementTree.fromstring(self.answer.body)

    def codes(self, inside: str, schema: str = "Exchange2013") -> list[str]:
        """One operation; the response codes of its messages."""
        return codes(self.ask(inside, schema))


def envelope(inside: str, schema: str = "Exchange2013") -> bytes:
    spaces = " ".join(f'xmlns:{key}="{value}"' for key, value in SPACES.items())
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {spaces}><s:Header>'
        f'<t:RequestServerVersion Version="{schema}"/></s:Header><s:Body>{inside}</s:Body></s:Envelope>'
    ).encode()


def codes(document: Element) -> list[str]:
    return [element.text or "" for element in document.iterfind(".//m:ResponseCode", SPACES)]


def texts(document: Element, name: str) -> list[str]:
    return [element.text or "" for element in document.iterfind(f".//t:{name}", SPACES)]


def ids(document: Element, name: str) -> list[str]:
    return [element.get("Id", "") for element in document.iterfind(f".//t:{name}", SPACES)]


def captured() -> list[tuple[str, dict[str, str], bytes]]:
    """The captured requests in order: operation, headers, body."""
    found = []
    for path in sorted(CAPTURED.glob("*.txt")):
        head, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n\n")
        lines = head.decode().splitlines()[1:]
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        found.append((path.stem.partition("_")[2], headers, body.lstrip(b"\n")))
    return found
