"""A telephone in thirty lines: it asks one node of a farm in memory, as a client would."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from exsim.org.settings import Mailbox
from exsim.wire.activesync import PATH, WBXML_TYPE, Query, packed, plain
from exsim.wire.message import Answer, Request
from exsim.wire.wbxml import Element, decode, encode, tags
from tests.org.farm import HOST, Farm

air = tags("AirSync")
folders = tags("FolderHierarchy")
policies = tags("Provision")
pinging = tags("Ping")
settings = tags("Settings")
INBOX, SENT, DELETED, DRAFTS = "3", "5", "6", "4"


@dataclass
class Phone:
    """`version` in tenths.  `key` is the policy key that it shows."""

    farm: Farm
    node: str
    mailbox: Mailbox
    version: int = 141
    key: int = 0
    device_id: str = "Phone1"
    binary: bool = False

    def ask(self, command: str, root: Element | bytes | None = None, **headers: str) -> Answer:
        query = Query(
            command,
            self.device_id,
            "exsim",
            self.mailbox.address,
            self.version if self.binary else None,
            self.key if self.binary else None,
        )
        text = packed(query) if self.binary else plain(query)
        body = encode(root) if isinstance(root, Element) else root or b""
        return self.raw("POST", f"{PATH}?{text}", body, **headers)

    def raw(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        credentials = f"{self.mailbox.logon}:{self.mailbox.password}".encode()
        fields = [
            ("Host", HOST),
            ("Authorization", "Basic " + base64.b64encode(credentials).decode()),
            ("Content-Type", headers.get("kind", WBXML_TYPE)),
        ]
        if not self.binary:
            fields.append(("MS-ASProtocolVersion", f"{self.version / 10:.1f}"))
            fields.append(("X-MS-PolicyKey", str(self.key)))
        return self.farm.ask(self.node, Request(method, target, fields, body, "http"))

    def told(self, command: str, root: Element | None = None) -> Element:
        """The document of the answer."""
        answer = self.ask(command, root)
        assert answer.status == 200, answer
        return decode(answer.body)

    def provision(self) -> None:
        """Both phases; the key is kept."""
        first = self.told("Provision", provisioning())
        self.key = int(first.text("Policies", "Policy", "PolicyKey") or "")
        second = self.told("Provision", acknowledging(str(self.key)))
        self.key = int(second.text("Policies", "Policy", "PolicyKey") or "")

    def first_key(self, collection: str = INBOX) -> str:
        answered = self.told("Sync", syncing("0", collection))
        return answered.text("Collections", "Collection", "SyncKey") or ""

    def sync(self, key: str, *more: Element, collection: str = INBOX) -> Element:
        """One collection's part of the answer."""
        answered = self.told("Sync", syncing(key, collection, *more))
        found = answered.find("Collections", "Collection")
        assert found is not None
        return found


def syncing(key: str, collection: str = INBOX, *more: Element) -> Element:
    asked = air("Collection", air("SyncKey", key), air("CollectionId", collection), *more)
    return air("Sync", air("Collections", asked))


def provisioning() -> Element:
    device = settings("DeviceInformation", settings("Set", settings("Model", "exsim")))
    kind = policies("PolicyType", "MS-EAS-Provisioning-WBXML")
    return policies("Provision", device, policies("Policies", policies("Policy", kind)))


def acknowledging(key: str, status: str = "1") -> Element:
    kind = policies("PolicyType", "MS-EAS-Provisioning-WBXML")
    taken = policies("Policy", kind, policies("PolicyKey", key), policies("Status", status))
    return policies("Provision", policies("Policies", taken))


def ping(heartbeat: int, *collections: str) -> Element:
    named = [
        pinging("Folder", pinging("Id", number), pinging("Class", "Email"))
        for number in collections
    ]
    return pinging("Ping", pinging("HeartbeatInterval", str(heartbeat)), pinging("Folders", *named))
