"""The offline address book's virtual directory: its manifest, which clients fetch first (MS-OXWOAB).

The files that the manifest would name are not served: it lists a book without files (assumed).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from exsim.org.answers import answer
from exsim.org.autodiscover.addresses import OFFLINE_ADDRESS_BOOK
from exsim.org.back_request import Asked, Reply
from exsim.org.entropy import Entropy
from exsim.org.settings import Node, Organisation
from exsim.org.work import Ask

MANIFEST = f"/oab/{OFFLINE_ADDRESS_BOOK}/oab.xml"
BOOK = (
    '<?xml version="1.0" encoding="utf-8"?>'
    f'<OAB><OAL id="{OFFLINE_ADDRESS_BOOK}" dn="/" name="\\Default Global Address List"/></OAB>'
).encode()


class OfflineAddressBook:
    """The same for everybody; whoever is signed in may fetch it."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        pass

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """The manifest, or 404."""
        yield from ()
        if asked.incoming.path == MANIFEST and asked.incoming.method in ("GET", "HEAD"):
            return answer(200, BOOK, "text/xml"), None
        return answer(404, b"<html><body><h1>Not Found</h1></body></html>"), None
