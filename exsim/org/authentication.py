"""Who asks, in the virtual directories without a logon form: Basic on each request, Windows on a connection.

IIS does this before any part of Exchange sees the request, and so the refusal is a front end's 401 with
one WWW-Authenticate line a method.  Which directory offers what is `front_end.authentication`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from exsim.org.answers import answer
from exsim.org.directory import Directory
from exsim.org.entropy import Entropy
from exsim.org.incoming import Incoming
from exsim.org.ntlm import Unproved
from exsim.org.outcome import Outcome
from exsim.org.routing import has
from exsim.org.settings import Mailbox, Node, Organisation
from exsim.org.windows import Windows, is_complete
from exsim.org.work import Peer
from exsim.wire import names
from exsim.wire.message import Headers

WINDOWS = ("negotiate", "ntlm")
# What a directory offers where the settings do not say: EWS HAP1828, ActiveSync ASHTTP.  The others are
# assumed: OAB and MAPI as EWS, PowerShell Kerberos alone, of which no client here is capable.
OFFERED: dict[str, tuple[str, ...]] = {
    "ews": WINDOWS,
    "microsoft-server-activesync": ("basic",),
    "rpc": (*WINDOWS, "basic"),
    "mapi": WINDOWS,
    "autodiscover": (*WINDOWS, "basic"),
    "oab": WINDOWS,
    "powershell": ("negotiate",),
}
CHALLENGES = {"negotiate": "Negotiate", "ntlm": "NTLM"}
UNAUTHORIZED = b"<html><body><h1>401 - Unauthorized: Access is denied.</h1></body></html>"


@dataclass(slots=True)
class Admitted:
    """The request is in the name of `mailbox`; `headers` go with its answer, whatever that is."""

    mailbox: Mailbox
    headers: Headers = field(default_factory=list)


class Authentication:
    """What one front end asks of clients, virtual directory by virtual directory."""

    def __init__(self, organisation: Organisation, node: Node, entropy: Entropy) -> None:
        self._directory = Directory(organisation)
        offered = OFFERED | node.front_end.authentication
        self._methods = {vdir: offered[vdir] for vdir in offered if has(node, vdir)}
        self._realm = organisation.host
        self._windows = Windows(node, self._directory, organisation.domain, entropy)

    def covers(self, vdir: str) -> bool:
        """Whether `vdir` is a directory of this version that asks in this way."""
        return vdir in self._methods

    def admit(self, incoming: Incoming, peer: Peer) -> Admitted | Outcome:
        """The mailbox in whose name the request is, or the 401 that it is answered with."""
        methods = self._methods[incoming.vdir]
        scheme, _, credentials = incoming.header("authorization").strip().partition(" ")
        if scheme.lower() == "basic" and credentials:
            if "basic" not in methods:
                return self._unauthorized(methods, "refused", "not_offered")
            return self._basic(credentials.strip(), methods)
        if scheme.lower() in CHALLENGES and credentials:
            return self._step(incoming, peer, scheme, credentials.strip(), methods)
        bound = self._windows.bound(peer, methods)
        if bound is not None:
            return Admitted(bound)
        return self._unauthorized(methods, "challenged", "absent")

    def _step(
        self,
        incoming: Incoming,
        peer: Peer,
        scheme: str,
        credentials: str,
        methods: tuple[str, ...],
    ) -> Admitted | Outcome:
        if scheme.lower() not in methods:
            complete = is_complete(credentials)
            class_ = "refused" if complete else "challenged"
            return self._unauthorized(methods, class_, "not_offered")
        try:
            step = self._windows.step(scheme.lower(), credentials, peer, incoming.when)
        except Unproved as unproved:
            return self._unauthorized(methods, "refused", unproved.cause)
        token = base64.b64encode(step.token).decode()
        line = [(names.WWW_AUTHENTICATE, f"{CHALLENGES[scheme.lower()]} {token}")] if token else []
        if step.mailbox is None:
            return Outcome(answer(401, UNAUTHORIZED, "text/html", line), "challenged", "first_leg")
        if step.persists:
            line.append((names.PERSISTENT_AUTH, "true"))
        return Admitted(step.mailbox, line)

    def _basic(self, credentials: str, methods: tuple[str, ...]) -> Admitted | Outcome:
        user, password = basic_credentials(credentials)
        mailbox = self._directory.authenticate(user, password)
        if mailbox is None:
            return self._unauthorized(methods, "refused", "credentials")
        return Admitted(mailbox)

    def _unauthorized(self, methods: tuple[str, ...], class_: str, cause: str) -> Outcome:
        lines = [(names.WWW_AUTHENTICATE, self._challenge(method)) for method in methods]
        return Outcome(answer(401, UNAUTHORIZED, "text/html", lines), class_, cause)

    def _challenge(self, method: str) -> str:
        return CHALLENGES.get(method) or f'Basic realm="{self._realm}"'


def basic_credentials(text: str) -> tuple[str, str]:
    """User and password of a Basic header's token (RFC 7617); two empty texts when it is none."""
    try:
        decoded = base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return "", ""
    user, _, password = decoded.partition(":")
    return user, password
