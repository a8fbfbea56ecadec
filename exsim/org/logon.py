"""The forms-logon post: auth.owa, its 400s, its five cookies (E13, E16, LOGON).  No back end is asked."""

from __future__ import annotations

import re
from collections.abc import Callable

from exsim.org import namespace
from exsim.org.answers import HTML, answer, redirect, set_cookie
from exsim.org.directory import Directory
from exsim.org.incoming import Incoming
from exsim.org.keys import KeyRing, NoAuth, NoSite, basic_header, basic_of
from exsim.org.outcome import Outcome
from exsim.org.refusal import is_own, outside
from exsim.org.settings import Node
from exsim.org.timer import Timer
from exsim.wire import names

FIELDS = ("destination", "username", "password", "flags")  # the only ones that are read (E13)
CAFE_ERROR = "/owa/auth/errorFE.aspx?CafeError="
SAME_SITE_SINCE = {
    1: 2176,
    2: 792,
}  # minor version -> build: 15.1.2176 (E16); 15.2 likewise: assumed
MODERN = re.compile(r"Chrom(?:e|ium)/(\d+)")
MODERN_SINCE = 80  # Chromium that knows SameSite=None
Refuse = Callable[..., Outcome]


def is_post(incoming: Incoming) -> bool:
    """Whether this is a logon form: by method and last segment, in any directory with forms."""
    return incoming.method == "POST" and incoming.segment in names.LOGON_POST_SEGMENTS


def flags_of(text: str) -> int:
    """The form's bit field; what cannot be read is 0."""
    try:
        return int(text) & 0xFF
    except ValueError:
        return 0


def cookie_attributes(incoming: Incoming, node: Node) -> str:
    """`secure` only where the front end itself saw TLS.

    SameSite=None on a 2016 of 15.1.2176 or later, if the browser knows it (E16); that a plain http
    connection gets none is assumed: browsers drop such a cookie without `secure`.
    """
    path = "/"
    _, minor, build, *_ = (int(part) for part in node.build.split("."))
    chromium = MODERN.search(incoming.header("user-agent"))
    if incoming.secure and build >= SAME_SITE_SINCE.get(minor, 1 << 30):
        path += ";SameSite=None" if chromium and int(chromium[1]) >= MODERN_SINCE else ""
    return f"path={path}; secure; HttpOnly" if incoming.secure else f"path={path}; HttpOnly"


def cafe_error(incoming: Incoming, host: str, error: str) -> Outcome:
    """The front end's own error page, for want of a certificate."""
    return Outcome(redirect(f"https://{outside(incoming, host)}{CAFE_ERROR}{error}"))


def server_error(detail: str) -> Outcome:
    """500 of the front end itself."""
    body = f"<html><body><h1>Server Error</h1><p>{detail}</p></body></html>"
    return Outcome(answer(500, body.encode(), HTML))


def bad_request(detail: str) -> Outcome:
    body = f"<html><body><h1>Bad Request</h1><p>{detail}</p></body></html>"
    return Outcome(answer(400, body.encode(), HTML))


class LogonForm:
    """The forms-logon module's post handler of one front end."""

    def __init__(
        self, node: Node, ring: KeyRing, directory: Directory, timer: Timer, refuse: Refuse
    ) -> None:
        self._node = node
        self._ring = ring
        self._directory = directory
        self._timer = timer
        self._refuse = refuse

    def post(self, incoming: Incoming, host: str) -> Outcome:
        """400, a refusal with reason 2, an error of certificates, or 302 and five cookies."""
        form = incoming.form
        missing = [field for field in FIELDS if field not in form]
        if missing:
            return bad_request(f"The form lacks {', '.join(missing)}.")
        destination = form["destination"]
        if not is_own(destination, incoming):
            return bad_request("The destination is on another host.")
        typed = basic_of(basic_header(form["username"], form["password"]))
        mailbox = self._directory.authenticate(*typed) if typed else None
        if mailbox is None:
            # The next logon page leads where this one did (seen in addresses of failed logons).
            target = destination if "://" in destination else ""
            return self._refuse(incoming, "credentials", target=target)
        if not destination.lower().startswith(("http://", "https://")):
            return bad_request("The destination value is not valid.")
        target = namespace.elsewhere(self._node, self._directory.home(mailbox), host)
        if target:
            page = namespace.handed_on(target, incoming.header("host"), form)
            return Outcome(page, user=mailbox.address)
        outcome = self._accept(incoming, host, destination, flags_of(form["flags"]))
        outcome.user = mailbox.address
        return outcome

    def _accept(self, incoming: Incoming, host: str, destination: str, flags: int) -> Outcome:
        if self._node.front_end.unreachable_logon:
            return server_error("HMACProvider.GetCertificates:protectionCertificates.Length<1")
        expires = self._timer.expires(incoming.when, flags, incoming.mobile)
        form = incoming.form
        try:
            cookies = self._ring.seal(form["username"], form["password"], expires, flags)
        except NoSite:
            return cafe_error(incoming, host, "NoFbaSSL")
        except NoAuth:
            return server_error("HMACProvider.GetCertificates:protectionCertificates.Length<1")
        attributes = cookie_attributes(incoming, self._node)
        lines = [set_cookie(name, value, attributes) for name, value in cookies.items()]
        return Outcome(redirect(destination, lines))
