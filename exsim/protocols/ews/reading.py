"""What stands in an answer of EWS, found by searching its bytes.

Nothing is parsed, so nothing that a server sends can be expanded; every search has a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from exsim.protocols.ews.identifier import mailbox_of

NO_ERROR = "NoError"
MOST_FOUND = 200  # of one answer that are looked at
_ENVELOPE = re.compile(rb"<(?:[A-Za-z][A-Za-z0-9]{0,15}:)?Envelope[\s>]")
_END = re.compile(rb"</(?:[A-Za-z][A-Za-z0-9]{0,15}:)?Envelope\s*>")
_FAULT = re.compile(rb"<(?:[A-Za-z][A-Za-z0-9]{0,15}:)?Fault[\s>]")
_FAULT_CODE = re.compile(rb"<faultcode[^>]{0,300}>(?:[A-Za-z][A-Za-z0-9]{0,15}:)?([A-Za-z]{1,64})<")
_CODE = re.compile(rb"ResponseCode[^>]{0,200}>\s*([A-Za-z]{1,64})\s*<")
_INNER = re.compile(rb'Name="InnerErrorResponseCode"[^>]{0,20}>\s*([A-Za-z]{1,64})\s*<')
_BACK_OFF = re.compile(rb'Name="BackOffMilliseconds"[^>]{0,20}>\s*([0-9]{1,9})\s*<')
_VERSION = re.compile(rb"<(?:[A-Za-z][A-Za-z0-9]{0,15}:)?ServerVersionInfo\s([^>]{0,400})>")
_BUILD_PART = re.compile(
    rb'\b(MajorVersion|MinorVersion|MajorBuildNumber|MinorBuildNumber)="([0-9]{1,6})"'
)
_PARTS = (b"MajorVersion", b"MinorVersion", b"MajorBuildNumber", b"MinorBuildNumber")
_ID = re.compile(
    rb'<(?:[A-Za-z][A-Za-z0-9]{0,15}:)?(FolderId|ItemId|ParentFolderId)\s+Id="([^"]{1,512})"'
)
_TEXT = rb"<(?:[A-Za-z][A-Za-z0-9]{0,15}:)?%s[^>]{0,200}>([^<]{0,600})<"
_CHANGE_KEY = re.compile(rb'\sChangeKey="([^"]{1,200})"')


def is_envelope(body: bytes) -> bool:
    """Whether a body is a SOAP document, and whole."""
    return _ENVELOPE.search(body, 0, 1000) is not None and _END.search(body[-200:]) is not None


def begins_as_envelope(body: bytes) -> bool:
    return _ENVELOPE.search(body, 0, 1000) is not None


def is_fault(body: bytes) -> bool:
    return _FAULT.search(body, 0, 4000) is not None


def code_in(body: bytes) -> str | None:
    """The first code that is not NoError, the inner one where an error names it; NoError; or None."""
    fault = _FAULT_CODE.search(body, 0, 4000)
    if fault is not None:
        return fault[1].decode("ascii")
    code: str | None = None
    for count, match in enumerate(_CODE.finditer(body)):
        code = match[1].decode("ascii")
        if code != NO_ERROR or count >= MOST_FOUND:
            inner = _INNER.search(body)
            return inner[1].decode("ascii") if inner else code
    return code


def back_off_in(body: bytes) -> float | None:
    """The seconds that a throttled client is told to wait."""
    found = _BACK_OFF.search(body)
    return int(found[1]) / 1000 if found else None


def build_in(body: bytes) -> str | None:
    """The back end's build, as 15.1.669.32, or None."""
    found = _VERSION.search(body, 0, 2000)
    return _build(found[1]) if found else None


@lru_cache(maxsize=256)
def _build(attributes: bytes) -> str | None:
    parts = {match[1]: match[2].decode() for match in _BUILD_PART.finditer(attributes)}
    if any(part not in parts for part in _PARTS):
        return None
    return ".".join(parts[part] for part in _PARTS)


def ids_in(body: bytes, name: str) -> list[str]:
    """The ids of a kind (FolderId, ItemId), in order and each once."""
    wanted, found = name.encode(), dict[str, None]()
    for count, match in enumerate(_ID.finditer(body)):
        if count >= MOST_FOUND:
            break
        if match[1] == wanted:
            found.setdefault(match[2].decode("latin-1"))
    return list(found)


def change_key_of(body: bytes, identity: str) -> str:
    """The change key that stands beside an id, or nothing."""
    at = body.find(f'Id="{identity}"'.encode("latin-1"))
    found = _CHANGE_KEY.match(body, at + len(identity) + 5) if at >= 0 else None
    return found[1].decode("latin-1") if found else ""


def mailboxes_in(body: bytes) -> set[str]:
    """The GUIDs of the mailboxes that an answer's ids are from."""
    found: set[str] = set()
    for count, match in enumerate(_ID.finditer(body)):
        if count >= MOST_FOUND:
            break
        guid = _mailbox(match[2])
        if guid is not None:
            found.add(guid)
    return found


@lru_cache(maxsize=8192)
def _mailbox(identity: bytes) -> str | None:
    return mailbox_of(identity.decode("latin-1"))


def text_in(body: bytes, name: str) -> str:
    """The text of the first element called `name`, or nothing."""
    found = re.search(_TEXT % name.encode(), body)
    return found[1].decode("utf-8", "replace").strip() if found else ""


def documents(held: bytes) -> Iterator[tuple[int, bytes]]:
    """The whole documents at the beginning of `held`: where each ends, and its bytes."""
    start = 0
    for match in _END.finditer(held):
        yield match.end(), held[start : match.end()]
        start = match.end()
