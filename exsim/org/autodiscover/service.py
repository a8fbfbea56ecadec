"""The Autodiscover virtual directory of one back end."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from exsim.org.answers import answer
from exsim.org.autodiscover import pox, soap
from exsim.org.autodiscover.addresses import Addresses
from exsim.org.back_request import Asked, Reply
from exsim.org.entropy import Entropy
from exsim.org.moment import iso_millisecond
from exsim.org.settings import Node, Organisation
from exsim.org.work import Ask
from exsim.wire import names
from exsim.wire.message import Answer


class Autodiscover:
    """Plain XML and SOAP.  A GET by somebody who is signed in sees error 600: all is well (ADSOAP)."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._faults = node.back_end.autodiscover
        self._addresses = Addresses(organisation, node)
        self._soap = soap.Writer(node, self._addresses)

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """One question."""
        yield from ()
        return self._made(asked), None

    def _made(self, asked: Asked) -> Answer:
        incoming = asked.incoming
        if incoming.path == names.AUTODISCOVER_POX:
            return self._plain(asked)
        if incoming.path == names.AUTODISCOVER_SOAP and incoming.method == "POST":
            return self._soap.answer(incoming.request.body)
        if incoming.path == names.AUTODISCOVER_SOAP:
            return answer(200, b"<html><body><h1>Autodiscover Service</h1></body></html>")
        return answer(404, b"<html><body><h1>Not Found</h1></body></html>")

    def _plain(self, asked: Asked) -> Answer:
        incoming = asked.incoming
        clock = iso_millisecond(incoming.when)[11:23] + "0000"
        question = pox.read(incoming.request.body) if incoming.method == "POST" else None
        if question is None:
            return pox.error(clock, *pox.INVALID)
        if question.schema not in (names.AUTODISCOVER_OUTLOOK, names.AUTODISCOVER_PHONE):
            return pox.error(clock, *pox.NO_PROVIDER)
        redirect = pox.redirected(self._faults, question.address)
        if redirect is not None:
            return redirect
        mailbox = self._addresses.find(question.address)
        if mailbox is None:
            return pox.error(clock, *pox.UNKNOWN)
        capability = incoming.header(names.MAPI_CAPABILITY.lower())
        return pox.told(self._addresses, mailbox, question.schema, capability)
