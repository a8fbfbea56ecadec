"""What an answer on the way to the offline address book says of itself.

A manifest is the same for everybody: it tells nothing of whom the server takes the client for.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from exsim.protocols.autodiscover import evidence as autodiscover
from exsim.protocols.ews import reading
from exsim.protocols.flow import Request, Response
from exsim.session.hop import Evidence

LOCATE = "locate"  # the step that asks Autodiscover
UNAUTHORIZED = 401
LONGEST_TARGET = 500  # characters of an address that a server names
_MANIFEST = re.compile(rb"<OAB[\s>].{0,1000}<OAL\s", re.DOTALL)
_END = re.compile(rb"</OAB>\s*\Z")


def is_manifest(body: bytes) -> bool:
    """Whether this is the whole manifest of an address book (MS-OXWOAB)."""
    return _MANIFEST.search(body, 0, 3000) is not None and _END.search(body) is not None


def place_in(body: bytes) -> str:
    """Where Autodiscover says that the address book is; empty when it does not."""
    found = autodiscover.read(body)
    return reading.text_in(body, "OABUrl")[:LONGEST_TARGET] if found is not None else ""


def observe(request: Request, response: Response, accounts: Collection[str] = ()) -> Evidence:
    """The evidence of one answer.  `accounts` are the test accounts' addresses, in lower case."""
    if request.step == LOCATE:
        return autodiscover.observe(request, response, accounts)
    body, status = response.body, response.status
    if status == UNAUTHORIZED:
        return Evidence(len(body), "challenge")
    if not body:
        return Evidence(is_="empty")
    if status == 200 and response.error is None:
        return Evidence(len(body), "answer" if is_manifest(body) else "unreadable")
    return Evidence(len(body), "")
