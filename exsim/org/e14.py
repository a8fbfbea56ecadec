"""A 2010 node: one Client Access server that authenticates and serves in one (E14, E14KEYS, HAP10).

No HealthCheck.htm, no X-FEServer; X-DiagInfo is its only name.  It serves any mailbox itself, whatever node
of 2010 that lives on (assumed: it reaches the mailbox server by other means than HTTP).  Two nodes of 2010 do not
see each other's new items.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from exsim.org import anonymous, channel
from exsim.org.actions import marker
from exsim.org.answers import HTML, answer, delete_cookie, page, redirect, set_cookie
from exsim.org.attribution import SERVERS, short_build
from exsim.org.authentication import Authentication
from exsim.org.back_request import Asked, Reply
from exsim.org.canary import Canaries
from exsim.org.contents import Contents
from exsim.org.directory import Directory
from exsim.org.e14_keys import E14Keys
from exsim.org.entropy import Entropy
from exsim.org.identity import read_token
from exsim.org.incoming import Incoming
from exsim.org.logon import FIELDS, bad_request, flags_of, is_post
from exsim.org.outcome import Answering, Outcome
from exsim.org.proxy import unreachable
from exsim.org.reading import Reading
from exsim.org.refusal import carried_wiped, is_own, refuse
from exsim.org.routing import can_pass_on
from exsim.org.services import NOT_FOUND, Services
from exsim.org.settings import Mailbox, Node, Organisation
from exsim.org.templates import fill
from exsim.org.timer import Timer
from exsim.org.work import Ask, Peer
from exsim.wire import names
from exsim.wire.message import Answer, Headers

CANARY_FIELD = re.compile(rb"<canary>([^<]*)</canary>")
WIPED = (*names.WIPED, names.E14_SESSION)


class E14:
    """Front and back of one 2010 node."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._node = node
        self._host = organisation.host
        self._scale = organisation.time_scale
        self.directory = self._directory = Directory(organisation)
        self._keys = E14Keys(entropy)
        self._timer = Timer(node.front_end, organisation.time_scale)
        secret = node.back_end.canary_secret
        self._canaries = Canaries(secret, organisation.time_scale, entropy)
        self._authentication = Authentication(organisation, node, entropy)
        self._contents = Contents(organisation.mailboxes)
        self._services = Services(organisation, node, entropy)
        self._tail: Headers = [
            ("Server", SERVERS["2010"]),
            (names.OWA_VERSION, node.build),
            ("X-AspNet-Version", "2.0.50727"),
            ("X-Powered-By", "ASP.NET"),
            (names.DIAG_INFO, node.name.upper()),
        ]

    def recycle(self) -> None:
        """The worker process ends, and its keys with it."""
        self._keys.recycle()

    def answer(self, incoming: Incoming, peer: Peer) -> Answering:
        """One request of a client."""
        if self._authentication.covers(incoming.vdir):
            outcome = yield from self._formless(incoming, peer)
        else:
            outcome = self._front(incoming)
        outcome.answer.headers += self._tail
        return outcome

    def behind(self, incoming: Incoming) -> Generator[Ask, Any, Reply]:
        """One request of a newer front end, which vouches for the user."""
        identity = read_token(incoming)
        mailbox = self._directory.by_sid(identity[0]) if identity else None
        if identity is None or mailbox is None:
            made, stream = answer(401), None
        elif self._authentication.covers(incoming.vdir):
            made, stream = yield from self._services.answer(
                Asked(incoming, mailbox, identity[1], self._contents)
            )
        else:
            made, stream = self._serve(incoming, mailbox)
        made.headers += self._tail
        return made, stream

    def _formless(self, incoming: Incoming, peer: Peer) -> Answering:
        """A directory where IIS itself asks who it is; served here, wherever the mailbox lives."""
        if incoming.segment == names.HEALTH_CHECK.lower():
            return Outcome(answer(404, NOT_FOUND))
        admitted = self._authentication.admit(incoming, peer)
        if isinstance(admitted, Outcome):
            return admitted
        far = self._out_of_reach(admitted.mailbox)
        if far is not None:
            return far
        asked = Asked(incoming, admitted.mailbox, names.FLAG_PRIVATE, self._contents)
        made, stream = yield from self._services.answer(asked)
        made.headers += admitted.headers
        return Outcome(made, user=admitted.mailbox.address, stream=stream)

    def _front(self, incoming: Incoming) -> Outcome:
        vdir = incoming.vdir
        if incoming.path == names.ROOT:
            return Outcome(redirect(names.OWA))
        if vdir not in ("owa", "ecp") or incoming.segment == names.HEALTH_CHECK.lower():
            return Outcome(answer(404, b"<html><body><h1>Not Found</h1></body></html>"))
        if is_post(incoming):
            return self._logon(incoming)
        if incoming.path.startswith(names.ANONYMOUS_PREFIXES):
            return anonymous.page(incoming, self._node, self._host)
        reading = self._read(incoming)
        if reading.mailbox is None:
            return self._refuse(incoming, reading.cause)
        far = self._out_of_reach(reading.mailbox)
        if far is not None:
            return far
        made, stream = self._serve(incoming, reading.mailbox)
        outcome = Outcome(made, user=reading.mailbox.address, stream=stream)
        if incoming.segment == "logoff.owa":
            outcome.wiped = carried_wiped(incoming, WIPED)
            made.headers += [delete_cookie(name, incoming.when) for name in outcome.wiped]
        elif reading.renewed is not None:
            made.headers.append(set_cookie(names.CADATA, reading.renewed, _attributes(incoming)))
        return outcome

    def _out_of_reach(self, mailbox: Mailbox) -> Outcome | None:
        """What is answered for a newer mailbox, to which 2010 cannot pass on (COEX)."""
        home, status = self._directory.home(mailbox), self._node.front_end.out_of_reach
        if not status or can_pass_on(self._node, home):
            return None
        return Outcome(unreachable(status, home), user=mailbox.address)

    def _logon(self, incoming: Incoming) -> Outcome:
        form = incoming.form
        if any(field not in form for field in FIELDS):
            return bad_request("A field is missing.")
        destination = form["destination"]
        if not is_own(destination, incoming):
            return bad_request("The destination is on another host.")
        mailbox = self._directory.authenticate(form["username"], form["password"])
        if mailbox is None:
            target = destination if "://" in destination else ""
            return self._refuse(incoming, "credentials", target)
        flags = flags_of(form["flags"]) | flags_of(form.get("trusted", "0"))
        expires = self._timer.expires(incoming.when, flags)
        cookies = self._keys.seal(form["username"], form["password"], expires, flags)
        attributes = _attributes(incoming)
        lines = [set_cookie(name, value, attributes) for name, value in cookies.items()]
        return Outcome(redirect(destination, lines), user=mailbox.address)

    def _read(self, incoming: Incoming) -> Reading:
        cookies = incoming.cookies
        present = sum(1 for name in names.E14_LOGON_COOKIES if cookies.get(name))
        if present < len(names.E14_LOGON_COOKIES):
            return Reading("incomplete" if present else "absent")
        opened = self._keys.open(cookies)
        if opened is None:
            return Reading("unreadable")
        user, password, expires, flags = opened
        if incoming.when > expires:
            return Reading("expired")
        mailbox = self._directory.authenticate(user, password)
        reading = Reading("" if mailbox else "credentials", mailbox, flags)
        if mailbox and incoming.user_activity and self._timer.due(incoming.when, expires, flags):
            ends = self._timer.expires(incoming.when, flags)
            session = cookies[names.E14_SESSION]
            reading.renewed = self._keys.renew(session, user, password, ends, flags)
        return reading

    def _serve(self, incoming: Incoming, mailbox: Mailbox) -> Reply:
        if incoming.segment == "logoff.owa":
            carried = incoming.cookies
            gone = [name for name in (names.E14_USER_CONTEXT,) if name in carried]
            deletions = [delete_cookie(name, incoming.when) for name in gone]
            return redirect(f"{names.LOGOFF_PAGE}?Cmd=logoff", deletions), None
        if incoming.segment == "ev.owa":
            return self._event(incoming, mailbox)
        if incoming.path in ("/owa", "/owa/", "/owa/default.aspx"):
            return self._start_page(incoming, mailbox), None
        if incoming.segment in ("keepalive.owa", "ping.owa"):
            return answer(200), None
        if incoming.path.startswith("/ecp"):
            return page(fill("ecp", name=marker(mailbox))), None
        if f"/{short_build(self._node)}" in incoming.path:
            return answer(200, b"/* */", "application/x-javascript"), None
        return answer(404, b"<html><body><h1>Not Found</h1></body></html>"), None

    def _start_page(self, incoming: Incoming, mailbox: Mailbox) -> Answer:
        made = page(fill("boot_2010", build=self._node.build, name=marker(mailbox)))
        carried = incoming.cookies.get(names.E14_USER_CONTEXT, "")
        if self._canaries.is_due(self._canaries.age(carried, mailbox.sid, incoming.when)):
            value = self._canaries.make(mailbox.sid, incoming.when)
            made.headers.append(set_cookie(names.E14_USER_CONTEXT, value, "path=/"))
        return made

    def _event(self, incoming: Incoming, mailbox: Mailbox) -> Reply:
        """`ev.owa?oeh=1&ns=…&ev=…`; a POST carries its canary in XML (mandatory since SP3, E14)."""
        if incoming.method == "POST":
            found = CANARY_FIELD.search(incoming.request.body)
            sent = found[1].decode("latin-1") if found else ""
            if self._canaries.age(sent, mailbox.sid, incoming.when) is None:
                return answer(
                    names.CANARY_REFUSED, b"<div id=err>canary</div>", HTML
                ), None  # assumed
        if incoming.query.get("ev") == "PendingNotificationRequest" and incoming.method == "GET":
            return channel.head(), channel.pieces(self._scale)
        body = f'<div id="divEvent">{marker(mailbox)}</div>'
        return answer(200, body.encode(), HTML), None

    def _refuse(self, incoming: Incoming, cause: str, target: str = "") -> Outcome:
        wipes = self._node.front_end.wipes
        cookies = names.E14_LOGON_COOKIES
        return refuse(
            incoming, cause, self._host, wipes=wipes, logon_cookies=cookies, target=target
        )


def _attributes(incoming: Incoming) -> str:
    return "path=/; secure; HttpOnly" if incoming.secure else "path=/; HttpOnly"
