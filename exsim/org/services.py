"""What a mailbox's own node serves beside OWA and ECP: one entry a virtual directory.

A directory without an entry is answered 404 by the back end.  A service knows who asks (`Asked.mailbox`)
because the front end vouches for it; it never sees credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Protocol

from exsim.org.activesync.service import ActiveSync
from exsim.org.answers import answer
from exsim.org.autodiscover.service import Autodiscover
from exsim.org.back_request import Asked, Reply
from exsim.org.entropy import Entropy
from exsim.org.ews.service import ExchangeWebServices
from exsim.org.mapi_http.service import MapiOverHttp
from exsim.org.oab import OfflineAddressBook
from exsim.org.outlook_anywhere.service import OutlookAnywhere
from exsim.org.settings import Node, Organisation
from exsim.org.work import Ask


class Service(Protocol):
    """One virtual directory of one node."""

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """One request; a stream, where there is one, is the body."""
        ...


Maker = Callable[[Organisation, Node, Entropy], Service]
# virtual directory in lower case -> what makes its service
SERVICES: dict[str, Maker] = {
    "ews": ExchangeWebServices,
    "microsoft-server-activesync": ActiveSync,
    "rpc": OutlookAnywhere,
    "autodiscover": Autodiscover,
    "mapi": MapiOverHttp,
    "oab": OfflineAddressBook,
}
NOT_FOUND = b"<html><body><h1>Not Found</h1></body></html>"


class Services:
    """The services of one node, made when it starts."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._by_vdir = {vdir: make(organisation, node, entropy) for vdir, make in SERVICES.items()}

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """What the directory's service answers, its cookies included; 404 where there is none."""
        service = self._by_vdir.get(asked.incoming.vdir)
        if service is None:
            return answer(404, NOT_FOUND), None
        made, stream = yield from service.answer(asked)
        made.headers += asked.cookies
        return made, stream
