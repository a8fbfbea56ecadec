"""The EWS virtual directory of one back end: which operations there are, and what goes wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any
from xml.etree.ElementTree import Element

from exsim.org.answers import NO_CACHE, answer
from exsim.org.back_request import Asked, Reply
from exsim.org.confession import confide
from exsim.org.directory import Directory
from exsim.org.entropy import Entropy
from exsim.org.ews import affinity, availability, convert, folder, item, soap, streaming, zone
from exsim.org.ews import subscription as subscriptions
from exsim.org.settings import EwsFaults, Node, Organisation
from exsim.org.work import Ask
from exsim.wire import names
from exsim.wire.message import Answer

HANGING_USUAL = 10  # EWS13
SUBSCRIPTIONS_USUAL = 20  # EWS13 says it of EXO; assumed for 2016 and later
BUSY_TEXT = "The server has too much to do. Try again later."
LOST = b"<m:ResponseCode>ErrorSubscriptionNotFound<"
NOTIFYING = ("GetStreamingEvents", "GetEvents")
NO_STREAM = [("X-NoCompression", "1"), ("X-NoBuffering", "1")]


class ExchangeWebServices:
    """The operations of one node, by name."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._node = node
        self._faults: EwsFaults = node.back_end.ews
        self._entropy = entropy
        self._dice = Entropy(organisation.seed, node.name, "ews")
        self._directory = Directory(organisation)
        self._writer = soap.Writer(node)
        self._known = subscriptions.Subscriptions(node, organisation.time_scale, entropy)
        hanging = streaming.HANGING.get(node.version, HANGING_USUAL)
        self._streams = streaming.Streams(self._writer, self._known, hanging, self._faults)
        self._most = subscriptions.MOST.get(node.version, SUBSCRIPTIONS_USUAL)
        self._operations: dict[str, Callable[[Asked, Element], str]] = {
            "ConvertId": lambda asked, body: convert.convert(asked.box, body),
            "GetFolder": lambda asked, body: folder.get(asked.box, body),
            "FindFolder": lambda asked, body: folder.search(asked.box, body),
            "FindItem": item.search,
            "GetItem": item.get,
            "CreateItem": item.create,
            "UpdateItem": item.update,
            "MoveItem": item.move,
            "DeleteItem": item.delete,
            "GetServerTimeZones": lambda asked, body: zone.answer(body),
            "Subscribe": self._subscribe,
            "Unsubscribe": lambda asked, body: subscriptions.unsubscribe(asked, body, self._known),
            "GetEvents": lambda asked, body: subscriptions.pull(asked, body, self._known),
        }

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """One request."""
        yield from ()
        made, stream = self._made(asked)
        if LOST in made.body:
            confide(made, "lost_context", "no_context")
        return made, stream

    def _made(self, asked: Asked) -> Reply:
        incoming = asked.incoming
        if incoming.segment != "exchange.asmx":
            return answer(404, b"<html><body><h1>Not Found</h1></body></html>"), None
        if incoming.method != "POST":
            return answer(405, headers=[("Allow", "POST")]), None  # assumed
        try:
            call = soap.read(incoming.request.body)
            soap.check_schema(call, self._node)
            affinity.add(asked, self._node, self._entropy, call.operation)
            return self._busy() or self._operate(asked, call)
        except soap.Refused as error:
            return self._writer.fault(error.code, error.text), None

    def _operate(self, asked: Asked, call: soap.Call) -> Reply:
        if call.operation in NOTIFYING and self._dice_say(self._faults.forget):
            self._known.held.clear()
        if call.operation == "GetUserAvailabilityRequest":
            made = availability.answer(asked, call.body, self._directory, self._node.name)
            return self._writer.answer(made), None
        if call.operation == "GetStreamingEvents":
            return self._stream(asked, call.body)
        operation = self._operations.get(call.operation)
        if operation is None:
            raise soap.Refused("ErrorSchemaValidation", "That operation is not known here.")
        messages = operation(asked, call.body)
        if not messages:
            raise soap.Refused("ErrorSchemaValidation", "The request asks for nothing.")
        return self._writer.answer(soap.response(call.operation, messages)), None

    def _stream(self, asked: Asked, body: Element) -> Reply:
        begun = self._streams.begin(asked, body)
        if isinstance(begun, str):
            return self._writer.answer(soap.response("GetStreamingEvents", begun)), None
        return answer(200, b"", soap.XML, [*NO_CACHE, *NO_STREAM]), begun

    def _subscribe(self, asked: Asked, body: Element) -> str:
        limit = self._faults.subscriptions or self._most
        return subscriptions.subscribe(asked, body, self._known, limit)

    def _busy(self) -> Reply | None:
        """Throttled, in one of the three ways in which clients see it (EWS13)."""
        if not self._dice_say(self._faults.busy):
            return None
        made: Answer
        if self._faults.busy_form == "unavailable":
            made = answer(503, b"<html><body><h1>Service Unavailable</h1></body></html>")
        elif self._faults.busy_form == "message":
            inside = soap.failure("GetFolder", "ErrorInternalServerError", BUSY_TEXT, INNER_BUSY)
            made = self._writer.answer(soap.response("GetFolder", inside))
        else:
            wait = str(round(self._faults.back_off * 1000))
            made = self._writer.fault("ErrorServerBusy", BUSY_TEXT, {names.BACK_OFF: wait})
        return made, None

    def _dice_say(self, share: float) -> bool:
        return share > 0 and self._dice.share() < share


INNER_BUSY = (
    '<m:MessageXml><t:Value Name="InnerErrorResponseCode">ErrorServerBusy</t:Value></m:MessageXml>'
)
