"""The front end of 2013 and later: it authenticates, refuses, and passes on.

Order of its rules: health check, root, directories without a form, logon form, anonymous pages, cookies,
probe, log-off, back end (E13, E16; state model of the OWA notes).
"""

from __future__ import annotations

from typing import Any

from exsim.org import anonymous, logon
from exsim.org.answers import answer, delete_cookie, redirect, set_cookie
from exsim.org.attribution import FrontEndHeaders, is_local_probe
from exsim.org.authentication import Authentication
from exsim.org.directory import Directory
from exsim.org.entropy import Entropy
from exsim.org.incoming import Incoming
from exsim.org.keycache import KeyCache
from exsim.org.keys import KeyRing, Malformed, NoSite
from exsim.org.outcome import Answering, Outcome
from exsim.org.proxy import Proxy, pinned
from exsim.org.reading import Reader, Reading
from exsim.org.refusal import LOGOFF_SEGMENTS, carried_wiped, outside, refuse
from exsim.org.second_factor import SecondFactor
from exsim.org.settings import Mailbox, Node, Organisation
from exsim.org.timer import Timer
from exsim.org.work import Hangup, Peer
from exsim.wire import names

FORMS = ("owa", "ecp")  # the directories with forms logon
HEALTH = "/" + names.HEALTH_CHECK.lower()


class FrontEnd:
    """One node's Client Access side.  Its only memory is the key cache."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._node = node
        self._settings = node.front_end
        self._host = organisation.host
        directory = Directory(organisation)
        self.directory = self._directory = directory
        self._ring = KeyRing(node.front_end, organisation.certificates, entropy)
        self._cache = KeyCache(organisation.time_scale)
        timer = Timer(node.front_end, organisation.time_scale)
        strict = node.version == "2013"
        self._reader = Reader(self._ring, self._cache, directory, timer, strict)
        self._form = logon.LogonForm(node, self._ring, directory, timer, self._refuse)
        self._second_factor = SecondFactor(node)
        self._proxy = Proxy(node, directory)
        self._authentication = Authentication(organisation, node, entropy)
        self._headers = FrontEndHeaders(node, entropy)

    def recycle(self) -> None:
        """The application pool starts anew."""
        self._cache.clear()
        self._ring.recycle()

    def answer(self, incoming: Incoming, peer: Peer) -> Answering:
        """One request.  Hangup when the component asked for its health is drained."""
        outcome = self._alone(incoming)
        if outcome is None and incoming.vdir not in FORMS:
            outcome = yield from self._formless(incoming, peer)
        elif outcome is None:
            outcome = yield from self._authenticated(incoming)
        self._headers.add(incoming, outcome)
        return outcome

    def _alone(self, incoming: Incoming) -> Outcome | None:
        """What needs no logon; None when it does."""
        vdir = incoming.vdir
        if incoming.method == "GET" and incoming.path.endswith(HEALTH):
            return self._health(vdir)
        if incoming.path == names.ROOT:
            return Outcome(redirect(names.OWA))
        if vdir in self._settings.moved:
            return Outcome(redirect(self._settings.moved[vdir]))
        if vdir not in FORMS:
            if self._authentication.covers(vdir):
                return None
            return Outcome(answer(404, b"<html><body><h1>Not Found</h1></body></html>"))
        if logon.is_post(incoming):
            return self._second_factor.given(incoming, self._form.post(incoming, self._host))
        if incoming.path == names.ECP_PING:
            return Outcome(answer(200))
        if incoming.path.startswith(names.ANONYMOUS_PREFIXES):
            return anonymous.page(incoming, self._node, self._host)
        return None

    def _health(self, vdir: str) -> Outcome:
        """Says nothing of cookies, certificates or back ends (LB16, E13)."""
        if vdir in {name.lower() for name in self._settings.inactive}:
            raise Hangup
        return Outcome(answer(200, f"200 OK<br/>{self._node.fqdn}".encode(), "text/html"))

    def _formless(self, incoming: Incoming, peer: Peer) -> Answering:
        """A directory where IIS itself asks who it is."""
        admitted = self._authentication.admit(incoming, peer)
        if isinstance(admitted, Outcome):
            return admitted
        mailbox = admitted.mailbox
        if is_local_probe(incoming):
            outcome = self._probed(mailbox)
        else:
            reading = Reading(mailbox=mailbox)
            outcome = yield from self._proxy.pass_on(incoming, reading, mailbox)
        outcome.answer.headers += admitted.headers
        return outcome

    def _probed(self, mailbox: Mailbox) -> Outcome:
        home = self._directory.home(mailbox)
        probed = answer(200, headers=[(names.CALCULATED_BE, home.fqdn.lower())])
        return Outcome(probed, user=mailbox.address)

    def _authenticated(self, incoming: Incoming) -> Answering:
        try:
            reading = self._reader.read(incoming)
        except Malformed:
            return logon.server_error("Invalid length or character in a Base-64 string.")
        except NoSite:
            return logon.cafe_error(incoming, self._host, "SSLCertificateProblem")
        if reading.mailbox is None:
            return self._anonymous(incoming, reading)
        outcome = yield from self._admitted(incoming, reading, reading.mailbox)
        return outcome

    def _anonymous(self, incoming: Incoming, reading: Reading) -> Outcome:
        if _is_logoff(incoming):
            return self._signed_out(incoming)
        return self._refuse(incoming, reading.cause)

    def _admitted(self, incoming: Incoming, reading: Reading, mailbox: Mailbox) -> Answering:
        asked = self._second_factor.asks(incoming, mailbox)
        if asked is not None:
            return asked
        if is_local_probe(incoming):
            outcome = self._probed(mailbox)
        else:
            outcome = yield from self._proxy.pass_on(incoming, reading, mailbox)
            outcome = self._mapped(incoming, outcome)
        headers = outcome.answer.headers
        if _is_logoff(incoming) and outcome.class_ == "served":
            self._reader.forget(incoming)
            outcome.wiped = carried_wiped(incoming)
            headers += [delete_cookie(name, incoming.when) for name in outcome.wiped]
        elif reading.renewed is not None and outcome.class_ == "served":
            attributes = logon.cookie_attributes(incoming, self._node)
            headers.append(set_cookie(names.CADATA_TTL, reading.renewed, attributes))
        headers += pinned(incoming)
        return outcome

    def _mapped(self, incoming: Incoming, outcome: Outcome) -> Outcome:
        """Statuses that become a refusal: a back end's 401; on ECP also 403 and 404 (E13)."""
        status, ecp = outcome.answer.status, incoming.path.startswith("/ecp")
        if status == 401:
            cause = "credentials"
        elif ecp and status in (403, 404):
            cause = "not_found"
        else:
            return outcome
        if outcome.stream is not None:
            outcome.stream.close()
        refused = self._refuse(incoming, cause)
        refused.user, refused.back_end = outcome.user, outcome.back_end
        target = outcome.answer.header(names.CALCULATED_BE)
        refused.answer.headers += [(names.CALCULATED_BE, target)] if target else []
        return refused

    def _signed_out(self, incoming: Incoming) -> Outcome:
        """Log-off without a readable logon: straight to the sign-out page, and the wipe (E13)."""
        wiped = carried_wiped(incoming) if self._settings.wipes else ()
        deletions = [delete_cookie(name, incoming.when) for name in wiped]
        page = f"https://{outside(incoming, self._host)}{names.SIGNOUT_PAGE}"
        return Outcome(redirect(page, deletions), wiped=wiped)

    def _refuse(self, incoming: Incoming, cause: str, **more: Any) -> Outcome:
        return refuse(incoming, cause, self._host, wipes=self._settings.wipes, **more)


def _is_logoff(incoming: Incoming) -> bool:
    return incoming.segment == LOGOFF_SEGMENTS.get(incoming.vdir)
