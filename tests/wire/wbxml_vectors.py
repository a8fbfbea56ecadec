"""The recorded documents of tests/vectors/activesync, and both sides' readings of them in one shape."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from exsim.wire.wbxml import Element

VECTORS = Path(__file__).parents[1] / "vectors" / "activesync"
DIALOGUES = ("sogo-5.8.0-14.0.jsonl", "sogo-5.8.0-14.1.jsonl", "zpush-2.7.1-14.0.jsonl")

Shape = tuple[str, str, list["Shape"]]


@dataclass(frozen=True)
class Recorded:
    """One document, and the XML that libwbxml made of it."""

    name: str
    wbxml: bytes
    xml: str


def dialogue_documents() -> list[bytes]:
    """Every request and answer of the dialogues that has a body, in their order."""
    found = []
    for name in DIALOGUES:
        for line in (VECTORS / name).read_text().splitlines():
            hop = json.loads(line)
            found += [bytes.fromhex(hop[key]) for key in ("request_hex", "response_hex")]
    return [document for document in found if document]


def recorded() -> list[Recorded]:
    """The documents that libwbxml was asked about."""
    lines = (VECTORS / "wbxml2xml.jsonl").read_text().splitlines()
    read = [json.loads(line) for line in lines]
    return [Recorded(each["name"], bytes.fromhex(each["wbxml"]), each["xml"]) for each in read]


def shape_of_xml(xml: str) -> Shape:
    """Tag, text and children; the namespace without libwbxml's colon."""
    return _shape_of_xml(ET.fromstring(xml))


def _shape_of_xml(node: ET.Element) -> Shape:
    namespace, _, name = node.tag.removeprefix("{").partition(":}")
    return f"{namespace}:{name}", node.text or "", [_shape_of_xml(child) for child in node]


def shape_of(element: Element) -> Shape:
    """The same of our own reading; libwbxml writes opaque data as base64."""
    text = "".join(
        part if isinstance(part, str) else base64.b64encode(part).decode()
        for part in element.content or ()
        if not isinstance(part, Element)
    )
    return element.tag, text, [shape_of(child) for child in element]


# Other names of libwbxml's for the same token; it knows no `unknown` ones
SYNONYMS = {
    "Contacts:AssistantPhoneNumber": "Contacts:AssistantTelephoneNumber",
    "Email:Status": "Email:FlagStatus",
    "Provision:RequireStorageCardEncryption": "Provision:DeviceEncryptionEnabled",
    "Provision:AccountOnlyRemoteWipe": "Provision:unknown",
    "MeetingResponse:ProposedStartTime": "MeetingResponse:unknown",
    "MeetingResponse:ProposedEndTime": "MeetingResponse:unknown",
    "Settings:RightsManagementInformation": "Settings:ihsManagementInformation",
    "RightsManagement:Owner": "RightsManagement:RMOwner",
    "RightsManagement:RemoveRightsManagementProtection": "RightsManagement:RemoveRightsManagementDistribution",
}


def is_same_tag(ours: str, theirs: str) -> bool:
    """Whether two names mean one token: libwbxml writes `Recurrence_Type`, `Reply-To`, `HomeCity`."""
    namespace, _, name = ours.lower().partition(":")
    other_namespace, _, other = theirs.lower().replace("-", "").partition(":")
    if namespace != other_namespace:
        return False
    parts = (other, other.replace("_", ""), other.partition("_")[2])
    plain = name.replace("address", "") if namespace == "contacts" else name
    return name in parts or plain in parts or SYNONYMS.get(ours) == theirs


def is_same(ours: Shape, theirs: Shape, texts: bool = True) -> bool:
    """Whether both readings are of one tree; libwbxml writes line ends as XML has them."""
    return (
        is_same_tag(ours[0], theirs[0])
        and (not texts or ours[1].replace("\r\n", "\n") == theirs[1])
        and len(ours[2]) == len(theirs[2])
        and all(is_same(mine, other, texts) for mine, other in zip(ours[2], theirs[2], strict=True))
    )
