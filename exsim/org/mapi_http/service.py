"""The MAPI virtual directory of one back end: a mailbox's store and the address book's front door.

Every answer is 200: whether it is one, X-ResponseCode says (MS-OXCMAPIHTTP 2.2.3.3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from email.utils import formatdate
from typing import Any

from exsim.org import operations
from exsim.org.answers import HTML, answer, set_cookie
from exsim.org.back_request import Asked, Reply
from exsim.org.confession import confide
from exsim.org.entropy import Entropy
from exsim.org.mapi_http.contexts import FRESH, Context, Contexts
from exsim.org.mapi_http.status import status_page
from exsim.org.outcome import Stream
from exsim.org.settings import Node, Organisation
from exsim.org.work import Ask, Hangup, Piece, Wait
from exsim.wire import mapi, names
from exsim.wire.errors import WireError
from exsim.wire.message import Answer, Headers

PENDING = {"2013": 15.0}  # seconds; 30 later (MS-OXCMAPIHTTP, whose sections differ)
LONGEST = 300.0  # seconds of a NotificationWait without an event (MS-OXCMAPIHTTP)
LOOK = 5.0  # seconds between two looks at the mailbox; assumed
ENDPOINTS = {"/mapi/emsmdb": "emsmdb", "/mapi/nspi": "nspi"}
KINDS = (names.MAPI_KIND, names.MAPI_KIND_OF_TESTERS)
MADE_BY = {mapi.CONNECT: "emsmdb", mapi.BIND: "nspi"}
TYPES = {
    "emsmdb": (mapi.CONNECT, mapi.EXECUTE, mapi.DISCONNECT, mapi.WAIT, mapi.PING),
    "nspi": (mapi.BIND, mapi.UNBIND, mapi.PING),
}
READERS: dict[str, Callable[[bytes], object]] = {
    mapi.CONNECT: mapi.Connect.decode,
    mapi.EXECUTE: mapi.Execute.decode,
    mapi.DISCONNECT: mapi.Disconnect.decode,
    mapi.WAIT: mapi.Flagged.decode,
    mapi.BIND: mapi.Bind.decode,
    mapi.UNBIND: mapi.Flagged.decode,
}


class MapiOverHttp:
    """The virtual directory /mapi of one node."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._node = node
        self._faults = node.back_end.mapi
        self._scale = organisation.time_scale
        self._entropy = entropy
        self._dice = Entropy(organisation.seed, node.name, "mapi")
        self._period = self._faults.pending_period or PENDING.get(node.version, 30.0)
        self._lasts = self._faults.expiration
        self._fresh = min(FRESH, self._lasts)
        self._contexts = Contexts(entropy, self._lasts * self._scale, self._fresh * self._scale)
        self._routing = entropy.take(16).hex()
        self._headers = [
            (names.MAPI_PENDING, str(round(self._period * 1000))),
            (names.MAPI_SERVER, f"Exchange/{_padded(node.build)}"),
        ]

    def answer(self, asked: Asked) -> Generator[Ask, Any, Reply]:
        """One request."""
        yield from ()
        endpoint = ENDPOINTS.get(asked.incoming.path.rstrip("/"))
        if endpoint is None:
            return answer(404, b"<html><body><h1>Not Found</h1></body></html>"), None
        code = self._acceptable(asked, endpoint)
        if code == mapi.INVALID_VERB and asked.incoming.method == "GET":
            return status_page(asked, self._node, endpoint), None
        if code:
            return self._refused(asked, code), None
        kind = asked.incoming.header(names.MAPI_REQUEST_TYPE.lower())
        try:
            body = READERS.get(kind, _nothing)(asked.incoming.request.body)
        except WireError:
            return self._refused(asked, mapi.INVALID_BODY), None
        self._cookie(asked, names.MAPI_ROUTING, self._routing, "")
        if kind in MADE_BY:
            return self._opened(asked, endpoint, kind)
        return self._within(asked, endpoint, kind, body)

    def _acceptable(self, asked: Asked, endpoint: str) -> int:
        """0, or what is wrong with a request before its body is read."""
        incoming = asked.incoming
        kind = incoming.header(names.MAPI_REQUEST_TYPE.lower())
        if not self._faults.enabled:
            return mapi.DISABLED
        if incoming.method != "POST":
            return mapi.INVALID_VERB
        if not kind or not incoming.header(names.MAPI_REQUEST_ID.lower()):
            return mapi.MISSING_HEADER
        if incoming.header("content-type").partition(";")[0].strip().lower() not in KINDS:
            return mapi.INVALID_HEADER
        return mapi.OK if kind in TYPES[endpoint] else mapi.INVALID_TYPE

    def _opened(self, asked: Asked, endpoint: str, kind: str) -> Reply:
        """Connect or Bind: a context of whoever this request was authenticated as."""
        incoming, box = asked.incoming, asked.box
        context = self._contexts.open(asked.mailbox.sid, endpoint, incoming.cookies, incoming.when)
        context.seen = box.version
        self._cookie(asked, names.MAPI_CONTEXT, context.name, endpoint)
        self._cookie(asked, names.MAPI_SEQUENCE, context.sequence, endpoint)
        if kind == mapi.BIND:
            body = mapi.Bound(self._entropy.take(16)).encode()
        else:
            body = mapi.Connected(box.marker).encode()
        lasts = self._fresh if endpoint == "emsmdb" else self._lasts
        return self._head(asked, lasts), self._said(asked, body)

    def _within(self, asked: Asked, endpoint: str, kind: str, body: object) -> Reply:
        """A request that names its context; PING need not (MAPISE)."""
        incoming = asked.incoming
        if kind == mapi.PING and names.MAPI_CONTEXT not in incoming.cookies:
            return self._head(asked), self._said(asked, b"")
        found = self._contexts.find(asked.mailbox.sid, endpoint, incoming.cookies, incoming.when)
        if isinstance(found, int):
            return self._refused(asked, found), None
        if kind == mapi.EXECUTE and self._forgets():
            self._contexts.close(found)
            return self._refused(asked, mapi.NO_CONTEXT), None
        if kind == mapi.WAIT:
            return self._head(asked, self._lasts), self._wait(asked, found)
        if kind == mapi.PING:
            return self._head(asked), self._said(asked, b"")
        code = self._contexts.advance(found, incoming.cookies)
        if code:
            return self._refused(asked, code), None
        if isinstance(body, mapi.Execute):
            self._cookie(asked, names.MAPI_SEQUENCE, found.sequence, endpoint)
            return self._head(asked, self._lasts), self._execute(asked, found, body)
        self._contexts.close(found)
        return self._head(asked), self._said(asked, mapi.Ended().encode())

    def _forgets(self) -> bool:
        return self._faults.forget > 0 and self._dice.share() < self._faults.forget

    # What goes out ---------------------------------------------------------------------------------
    def _head(self, asked: Asked, lasts: float = 0.0) -> Answer:
        """`lasts`: seconds that the context has from now on, where that is told."""
        headers = [*self._common(asked, mapi.OK), *self._headers]
        if lasts:
            headers.append((names.MAPI_EXPIRATION, str(round(lasts * 1000))))
        return answer(200, b"", names.MAPI_KIND, headers)

    def _refused(self, asked: Asked, code: int) -> Answer:
        """200 all the same, with a page for people."""
        page = f"<html><body><h1>MAPI over HTTP</h1><p>Response code {code}</p></body></html>"
        made = answer(200, page.encode(), HTML, self._common(asked, code))
        return confide(made, "lost_context", "no_context") if code == mapi.NO_CONTEXT else made

    def _common(self, asked: Asked, code: int) -> Headers:
        wanted = (names.MAPI_REQUEST_TYPE, names.MAPI_REQUEST_ID, names.MAPI_CLIENT_INFO)
        echoed = [(name, asked.incoming.header(name.lower())) for name in wanted]
        return [*((name, value) for name, value in echoed if value),
                (names.MAPI_CODE, str(code)), ("Cache-Control", "private")]  # fmt: skip

    def _cookie(self, asked: Asked, name: str, value: str, endpoint: str) -> None:
        secure = "; secure" if asked.incoming.secure else ""
        attributes = f"path=/mapi/{endpoint}{secure}; HttpOnly"
        asked.cookies.append(set_cookie(name, value, attributes))

    def _said(self, asked: Asked, body: bytes, passed: float = 0.0) -> Stream:
        """A whole answer.  `passed`: real seconds that it took."""
        if not passed:
            yield Piece(mapi.PROCESSING)
        begun = formatdate(asked.incoming.when, usegmt=True)
        yield Piece(mapi.done(body, round(passed * 1000), begun))

    def _execute(self, asked: Asked, context: Context, body: mapi.Execute) -> Stream:
        context.busy = True
        try:
            passed = 0.0
            if self._faults.execute:
                yield Piece(mapi.PROCESSING)
                passed = yield from self._pending(self._faults.execute, lambda: False)
            try:
                done = mapi.Executed(operations.operate(asked.box, body.data))
            except WireError:
                done = mapi.Executed(error=operations.FORMAT_ERROR)
            context.busy = False  # before it is told: the next may come at once
            yield from self._said(asked, done.encode(), passed)
        finally:
            context.busy = False

    def _wait(self, asked: Asked, context: Context) -> Stream:
        """Held until something happens in the mailbox, five minutes at most."""
        box = asked.box
        context.waiting += 1
        try:
            yield Piece(mapi.PROCESSING)
            passed = yield from self._pending(
                LONGEST, lambda: box.version != context.seen or not self._contexts.lives(context)
            )
            news, context.seen = box.version != context.seen, box.version
            context.touched = max(context.touched, asked.when + passed)
            yield from self._said(asked, mapi.Waited(news).encode(), passed or 0.001)
        finally:
            context.waiting -= 1

    def _pending(self, seconds: float, over: Callable[[], bool]) -> Generator[Ask, Any, float]:
        """Say PENDING each period for `seconds`, or until it is `over`; the real seconds that passed."""
        passed, quiet, sent = 0.0, 0.0, 0
        while passed < seconds and not over():
            step = min(LOOK, seconds - passed, self._period - quiet)
            yield Wait(step * self._scale)
            passed, quiet = passed + step, quiet + step
            if quiet >= self._period and passed < seconds:
                quiet = 0.0
                if self._faults.truncate and sent >= self._faults.truncate:
                    raise Hangup
                if not self._faults.silent:
                    yield Piece(mapi.PENDING)
                    sent += 1
        return passed * self._scale


def _nothing(body: bytes) -> object:
    """PING carries nothing, and what it carries is not looked at."""
    return body


def _padded(build: str) -> str:
    """15.1.2507.12 as 15.01.2507.012 (MS-OXCMAPIHTTP's way to write it)."""
    parts = build.split(".")
    widths = (2, 2, 4, 3)
    return ".".join(part.zfill(width) for part, width in zip(parts, widths, strict=False))
