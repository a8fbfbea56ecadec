"""What an answer of Autodiscover says of itself: its kind, its code, and where it sends the client.

It tells of the mailbox that was asked for, whoever asks: that it names the right one says nothing of whom
the server takes the client for.  Only another test mailbox's name says something.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from exsim.protocols.ews import reading
from exsim.protocols.flow import UNAUTHORIZED, Request, Response
from exsim.protocols.owner import whose
from exsim.session.hop import Evidence
from exsim.wire import names

NO_ERROR = "NoError"
SETTINGS = "settings"  # the code of an answer that tells something
MAPI_HTTP = "settings mapiHttp"  # the same, and MAPI over HTTP is among it
LONGEST_TARGET = 500  # characters of an address that a server names
_DOCUMENT = re.compile(rb"<(?:[A-Za-z][A-Za-z0-9]{0,15}:)?(?:Autodiscover|Envelope)[\s>]")
_CODE = re.compile(rb"ErrorCode[^>]{0,200}>\s*([A-Za-z0-9]{1,64})\s*<")
_MAPI = re.compile(rb'<Protocol\s[^>]{0,100}Type="mapiHttp"')
_VERSION = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
_REDIRECTS = {"redirectAddr": ("address", "RedirectAddr"),
              "redirectUrl": ("url", "RedirectUrl"),
              "RedirectAddress": ("address", "RedirectTarget"),
              "RedirectUrl": ("url", "RedirectTarget")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """`code`: SETTINGS, a redirect's name or an error's.  `address`, `url`: where the client is sent."""

    code: str
    address: str = ""
    url: str = ""


def read(body: bytes) -> Found | None:
    """What a document says; None for what is no document of Autodiscover, or is cut off."""
    if _DOCUMENT.search(body, 0, 1000) is None or not body.rstrip().endswith(b">"):
        return None
    for count, match in enumerate(_CODE.finditer(body)):
        code = match[1].decode("ascii")
        if count >= reading.MOST_FOUND or code not in (NO_ERROR, "SettingIsNotAvailable"):
            return _redirect(body, code)
    action = reading.text_in(body, "Action")
    if action in _REDIRECTS:
        return _redirect(body, action)
    if reading.is_fault(body):
        return Found(reading.code_in(body) or "Fault")
    known = b"<User>" in body or b"UserResponse" in body
    return Found(MAPI_HTTP if _MAPI.search(body) else SETTINGS) if known else None


def _redirect(body: bytes, code: str) -> Found:
    kind, element = _REDIRECTS.get(code, ("", ""))
    target = reading.text_in(body, element)[:LONGEST_TARGET] if element else ""
    return Found(code, target if kind == "address" else "", target if kind == "url" else "")


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of one answer.  `accounts` are the test accounts' addresses, in lower case."""
    body, status = response.body, response.status
    if status == UNAUTHORIZED:
        return Evidence(len(body), "challenge")
    if not body:
        return Evidence(is_="empty")
    found = read(body) if response.error is None else None
    if found is None:
        wrong = status is not None and 200 <= status < 300
        return Evidence(len(body), "unreadable" if wrong else "")
    owner = whose(body, request.account, accounts)
    owner = None if owner == "own" else owner  # named because it was asked for
    return Evidence(len(body), kind_of(request, found), found.code, owner, build_in(body))


def kind_of(request: Request, found: Found) -> str:
    """An answer, or an error.  Of a GET error 600 is the answer: all is well."""
    if found.code in (SETTINGS, MAPI_HTTP, *_REDIRECTS):
        return "answer"
    return "answer" if request.method == "GET" and found.code == names.INVALID_REQUEST else "fault"


def build_in(body: bytes) -> str | None:
    """The build in a SOAP header, as 15.1.669.32, or None."""
    if b"ServerVersionInfo" not in body[:3000]:
        return None
    parts = [reading.text_in(body[:3000], name) for name in _VERSION]
    return ".".join(parts) if all(part.isdigit() and len(part) < 7 for part in parts) else None
