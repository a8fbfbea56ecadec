"""The back end of 2013 and later: OWA and ECP as the mailbox's own node serves them, and its services.

It never sees a logon cookie, and so can never refuse one (E13).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from exsim.org import channel, ecp, owa_pages, service
from exsim.org.answers import HTML, answer, set_cookie
from exsim.org.attribution import back_end_headers, owa_headers, short_build
from exsim.org.back_request import Asked, Reply
from exsim.org.canary import Canaries
from exsim.org.contents import Contents
from exsim.org.directory import Directory
from exsim.org.entropy import Entropy
from exsim.org.identity import read_token
from exsim.org.incoming import STATIC_ENDINGS, Incoming
from exsim.org.moment import iso_millisecond
from exsim.org.services import Services
from exsim.org.settings import Node, Organisation
from exsim.org.user_context import UserContexts
from exsim.org.work import Ask, Wait
from exsim.wire import names
from exsim.wire.message import Answer

FORMS = ("owa", "ecp")  # what is served here itself
UNCHECKED_POSTS = ("sessiondata.ashx", "preloadsessiondata.ashx", "plt1.ashx", "keepalive.owa",
                   "ping.owa", "exhealth.check")  # posts that need no canary (E13)  # fmt: skip
HEALTH_STATUS = ("X-MSExchApplicationHealthHandlerStatus", "Passed")  # MWC


class BackEnd:
    """One node's mailbox side: user contexts and canaries, and the pages and operations of OWA."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._node = node
        self._settings = node.back_end
        self._scale = organisation.time_scale
        self._directory = Directory(organisation)
        self._entropy = entropy
        self._dice = Entropy(organisation.seed, node.name, "stall")
        here = [box for box in organisation.mailboxes if box.home == node.name]
        self._contents = Contents(here)
        self._contexts = UserContexts(organisation.time_scale, entropy)
        settings, scale = node.back_end, organisation.time_scale
        self._canaries = Canaries(settings.canary_secret, scale, entropy, settings.canary_changes)
        self._operations = service.Service(node)
        self._services = Services(organisation, node, entropy)
        self._ecp = ecp.ControlPanel(self._canaries)
        self._common = back_end_headers(node)
        self._owa = owa_headers(node)
        self._by_segment: dict[str, Callable[[Asked], Answer]] = {
            "userspecificresourceinjector.ashx": self._injector,
            "appcachemanifesthandler.ashx": self._manifest,
            "sessiondata.ashx": self._session_data,
            "preloadsessiondata.ashx": self._session_data,
            "service.svc": self._service,
            "getfileattachment": self._attachment,
            "ping.owa": lambda asked: answer(names.PING_OK),
            "keepalive.owa": lambda asked: answer(200),
            "plt1.ashx": lambda asked: answer(200),
            "exhealth.check": lambda asked: answer(200, headers=[HEALTH_STATUS]),
            "logoff.owa": self._logoff,
            "languageselection.aspx": owa_pages.language_done,
            "lang.owa": owa_pages.language_done,
        }

    def behind(self, incoming: Incoming) -> Generator[Ask, Any, Reply]:
        """One request of a front end; the stream, where there is one, is the body."""
        held = self._held(incoming)
        if held > 0:
            yield Wait(held)
        identity = read_token(incoming)
        mailbox = self._directory.by_sid(identity[0]) if identity else None
        if identity is None or mailbox is None:
            return self._signed(incoming, answer(401)), None
        asked = Asked(incoming, mailbox, identity[1], self._contents)
        if incoming.vdir not in FORMS:
            made, stream = yield from self._services.answer(asked)
            made.headers += self._common
            return made, stream
        made, stream = self._made(asked)
        made.headers += asked.cookies
        return self._signed(incoming, made), stream

    def _held(self, incoming: Incoming) -> float:
        """Real seconds that this answer takes.  Stalls follow the time scale, thinking does not."""
        stall = self._settings.stall
        share = (
            (stall.get(incoming.raw_path) or stall.get(incoming.segment) or 0.0) if stall else 0.0
        )
        if share and self._dice.share() < share:
            return self._settings.think + self._settings.stall_seconds * self._scale
        return self._settings.think

    def _signed(self, incoming: Incoming, made: Answer) -> Answer:
        """The back end's own headers; echoes of times only for those who sent a correlation."""
        headers = made.headers
        if not incoming.segment.endswith(STATIC_ENDINGS):
            headers += self._owa
        correlation = incoming.header("x-owa-correlationid")
        if correlation:
            headers.append((names.CORRELATION_ID, correlation))
            headers.append((names.CLIENT_BEGIN, incoming.header("x-owa-clientbegin")))
            begun = iso_millisecond(incoming.when)
            headers += [("X-BackEnd-Begin", begun), ("X-BackEnd-End", begun)]
        headers += self._common
        return made

    def _made(self, asked: Asked) -> Reply:
        incoming = asked.incoming
        if incoming.path.startswith("/ecp"):
            return self._ecp.answer(asked), None
        if self._needs_canary(incoming):
            refused = self._canary(asked)
            if refused is not None:
                return refused, None
        if incoming.segment == "ev.owa2":
            return self._notification(asked)
        handler = self._by_segment.get(incoming.segment)
        if handler is not None:
            return handler(asked), None
        if incoming.path.startswith(names.STATIC_ROOT):
            return owa_pages.static(asked, self._node), None
        if incoming.path in ("/owa", "/owa/", "/owa/default.aspx"):
            return self._boot(asked), None
        return answer(404, b"<html><body><h1>Not Found</h1></body></html>"), None

    def _needs_canary(self, incoming: Incoming) -> bool:
        if incoming.segment in ("ev.owa2", "getfileattachment"):
            return True
        return incoming.method == "POST" and incoming.segment not in UNCHECKED_POSTS

    def _canary(self, asked: Asked) -> Answer | None:
        """449 with a fresh canary, or None; an old but valid one is renewed (E13)."""
        incoming = asked.incoming
        sent = incoming.header("x-owa-canary") or incoming.query.get(names.CANARY, "")
        if not sent and incoming.method == "POST":
            sent = incoming.form.get(names.CANARY, "")
        age = self._canaries.age(sent, asked.mailbox.sid, asked.when)
        if self._canaries.is_due(age):
            self._give_canary(asked)
        if age is not None:
            return None
        return answer(names.CANARY_REFUSED, b"<html><body>449</body></html>", HTML)

    def _give_canary(self, asked: Asked) -> None:
        value = self._canaries.make(asked.mailbox.sid, asked.when)
        asked.cookies.append(set_cookie(names.CANARY, value, "path=/; secure"))

    def _context(self, asked: Asked) -> None:
        """The user context; a new UC where it was unknown."""
        carried = asked.incoming.cookies.get(names.USER_CONTEXT, "")
        fresh = self._contexts.touch(carried, asked.mailbox.sid, asked.when)
        if fresh is not None:
            attributes = "path=/; secure; HttpOnly"
            asked.cookies.append(set_cookie(names.USER_CONTEXT, fresh, attributes))

    def _boot(self, asked: Asked) -> Answer:
        self._context(asked)
        carried = asked.incoming.cookies.get(names.CANARY, "")
        if self._canaries.is_due(self._canaries.age(carried, asked.mailbox.sid, asked.when)):
            self._give_canary(asked)
        client_id = asked.incoming.cookies.get(names.CLIENT_ID, "")
        if not client_id:
            client_id = self._entropy.take(16).hex().upper()
            asked.cookies.append(owa_pages.client_id_cookie(client_id, asked.when))
        if self._settings.app_cache:
            asked.cookies.append(owa_pages.app_cache_cookie(self._node))
        return owa_pages.boot(asked, self._node, client_id)

    def _injector(self, asked: Asked) -> Answer:
        self._context(asked)
        return owa_pages.injector(asked, self._node)

    def _manifest(self, asked: Asked) -> Answer:
        return owa_pages.manifest(asked, self._node)

    def _session_data(self, asked: Asked) -> Answer:
        self._context(asked)
        return self._version_refused(asked) or self._operations.session(asked)

    def _service(self, asked: Asked) -> Answer:
        self._context(asked)
        return self._version_refused(asked) or self._operations.operate(asked)

    def _attachment(self, asked: Asked) -> Answer:
        self._context(asked)
        return service.attachment(asked)

    def _version_refused(self, asked: Asked) -> Answer | None:
        """412 when the page came from another build (E13: first three parts)."""
        if not self._settings.version_check:
            return None
        header = asked.incoming.header
        # The second is the one that captures show; that it is looked at too is assumed.
        sent = header(names.VERSION_ID.lower()) or header(names.CLIENT_BUILD.lower())
        if not sent or ".".join(sent.split(".")[:3]) == short_build(self._node):
            return None
        return answer(names.VERSION_MISMATCH, headers=[(names.EXTENDED_ERROR_CODE, "0")])

    def _notification(self, asked: Asked) -> Reply:
        self._context(asked)
        query = asked.incoming.query
        event = query.get("ev", "")
        if event == "FinishNotificationRequest" and asked.incoming.method == "POST":
            return channel.opened(query.get("cid") or self._entropy.guid()), None
        if event == "PendingNotificationRequest" and asked.incoming.method == "GET":
            return channel.head(), channel.pieces(self._scale)
        return service.failure("OwaInvalidRequestException"), None

    def _logoff(self, asked: Asked) -> Answer:
        """The context is disposed of, UC and canary deleted, and on to the sign-out page (E13)."""
        carried = asked.incoming.cookies.get(names.USER_CONTEXT, "")
        self._contexts.dispose(carried, asked.mailbox.sid)
        return owa_pages.signed_out(asked)
