"""service.svc, sessiondata.ashx and attachments (CAP16, CAPSE, E13)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

from exsim.org import actions, owa_folders, owa_items
from exsim.org.answers import JSON, NO_CACHE, answer
from exsim.org.back_request import Asked
from exsim.org.settings import Mailbox, Node
from exsim.wire import names
from exsim.wire.message import Answer

READ_ALONE = ("FindItem", "GetItem")
MOST_LISTS = 5_000


class Service:
    """The JSON services of one back end.  Answers are made once for each mailbox and operation."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._made: dict[tuple[str, str], bytes] = {}
        self._lists: dict[tuple[str, str, bytes, str], tuple[int, bytes]] = {}

    def operate(self, asked: Asked) -> Answer:
        """One operation, by its header, else by the query.  An unknown one: 500 (assumed)."""
        incoming = asked.incoming
        if incoming.method != "POST":
            return failure("OwaInvalidOperationException", 405)
        wanted = incoming.header("action") or incoming.query.get("action", "")
        action = actions.KNOWN.get(wanted.lower())
        if action is None:
            return failure("OwaInvalidServiceOperationException")
        if action == "SubscribeToNotification":
            request = payload(asked)
            if request is None:
                return failure("OwaSerializationException")
            return _json(actions.subscribed(request))
        if action in owa_items.ACTIONS:
            return self._items(action, asked)
        if action in owa_folders.HANDLERS:
            own = owa_folders.operate(action, asked, payload(asked))
            if own is not None:
                return _json(actions.packed(actions.messages(action, [own], self._node)))
        return _json(self._body(action, asked.mailbox))

    def _items(self, action: str, asked: Asked) -> Answer:
        """What reads or changes items; lists are made anew only after something has changed."""
        incoming, box = asked.incoming, asked.box
        text = (
            incoming.header(names.URL_POST_DATA.lower()) if incoming.query.get("EP") == "1" else ""
        )
        key = (action, text, incoming.request.body, box.address)
        known = self._lists.get(key)
        if known is not None and known[0] == box.version:
            return _json(known[1])
        request = payload(asked)
        if request is None:
            return failure("OwaSerializationException")
        made = actions.messages(action, owa_items.operate(action, asked, request), self._node)
        body = actions.packed(made)
        if action in READ_ALONE:
            if len(self._lists) > MOST_LISTS:
                self._lists.clear()
            self._lists[key] = (box.version, body)
        return _json(body)

    def session(self, asked: Asked) -> Answer:
        """What the page starts with."""
        return _json(self._body("", asked.mailbox))

    def _body(self, action: str, mailbox: Mailbox) -> bytes:
        key = (action, mailbox.address)
        body = self._made.get(key)
        if body is None:
            if action:
                value = actions.envelope(action, mailbox, self._node)
            else:
                value = actions.session_data(mailbox, self._node)
            body = self._made[key] = actions.packed(value)
        return body


def payload(asked: Asked) -> dict[str, Any] | None:
    """The request's JSON: the body, or with EP=1 a header, percent-encoded.  None: unreadable."""
    incoming = asked.incoming
    packed = incoming.header(names.URL_POST_DATA.lower())
    if incoming.query.get("EP") == "1":
        text = unquote_plus(packed)
    else:
        text = incoming.request.body.decode("utf-8", "replace")
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def attachment(asked: Asked) -> Answer:
    """A GET that is checked for its canary."""
    text = actions.marker(asked.mailbox).encode()
    disposition = ("Content-Disposition", "attachment; filename=note.txt")
    return answer(200, text, "text/plain; charset=utf-8", [disposition])


def failure(error: str, status: int = 500) -> Answer:
    """An error of OWA itself; it costs no session."""
    body = actions.packed({"Body": {"ErrorCode": status, "ExceptionName": error}})
    return answer(status, body, JSON, [*NO_CACHE, (names.OWA_ERROR, error)])


def _json(body: bytes) -> Answer:
    return answer(200, body, JSON, NO_CACHE)
