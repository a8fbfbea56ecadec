"""Windows authentication of one front end: NTLM, NTLM inside Negotiate, and a one-leg stand-in.

What a handshake proves is kept with the TCP connection (`peer.facts`), as IIS keeps it: whoever sends
the next request on that connection, with credentials or without, is served as that user (NTHT, IISAUTH).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from exsim.org import negotiation
from exsim.org.directory import Directory
from exsim.org.entropy import Entropy
from exsim.org.ntlm import Binding, Handshake, Hashes, Names, Unproved, message_type
from exsim.org.settings import Mailbox, Node
from exsim.org.work import Peer
from exsim.wire import one_leg

UNDER_WAY, BOUND = "handshake", "identity"  # keys of `peer.facts`
CERTIFICATE = "certificate_hash"  # of the certificate that this connection was shown, if any


@dataclass(slots=True)
class UnderWay:
    """A handshake between its first leg and its last.  `mechanisms`: what SPNEGO offered, if used."""

    handshake: Handshake
    mechanisms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """Who a connection belongs to, and by which scheme ("ntlm", "negotiate") he proved it."""

    mailbox: Mailbox
    scheme: str


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a token: `mailbox` once it is proved; `token` is the server's own, if it has one."""

    mailbox: Mailbox | None = None
    token: bytes = b""
    persists: bool = False


class Windows:
    """The acceptor of one front end; handshakes live with their connections."""

    def __init__(self, node: Node, directory: Directory, domain: str, entropy: Entropy) -> None:
        self._directory = directory
        self._entropy = entropy
        self._hashes = Hashes()
        self._policy = node.front_end.extended_protection
        self._persists = node.front_end.auth_persist_non_ntlm
        self._names = Names(domain, node.name, node.fqdn.partition(".")[2], node.fqdn)

    def bound(self, peer: Peer, methods: tuple[str, ...]) -> Mailbox | None:
        """Whose connection this is, in a directory that offers `methods`."""
        bound: Bound | None = peer.facts.get(BOUND)
        return bound.mailbox if bound is not None and bound.scheme in methods else None

    def step(self, scheme: str, credentials: str, peer: Peer, when: float) -> Step:
        """One token of a client.  Raises Unproved; whoever was bound to the connection no longer is."""
        peer.facts.pop(BOUND, None)
        under_way: UnderWay | None = peer.facts.pop(UNDER_WAY, None)
        data = decoded(credentials)
        if scheme == "negotiate" and one_leg.user_of(data) is not None:
            return self._one_leg(data, peer)
        token = negotiation.read(data) if scheme == "negotiate" else negotiation.Token(data)
        if message_type(token.inner) == 3:
            return self._last(scheme, token, under_way, peer)
        return self._first(token, under_way, peer, when)

    def _first(
        self, token: negotiation.Token, under_way: UnderWay | None, peer: Peer, when: float
    ) -> Step:
        mechanisms = token.mechanisms or (under_way.mechanisms if under_way else ())
        begun = UnderWay(Handshake(self._names, self._entropy.take(8)), mechanisms)
        if not token.inner and token.wrapped:
            second = b""  # the client's first choice was another; it is told to begin with NTLM
        else:
            second = begun.handshake.challenge(token.inner, when)
        peer.facts[UNDER_WAY] = begun
        return Step(token=negotiation.second(second) if token.wrapped else second)

    def _last(
        self, scheme: str, token: negotiation.Token, under_way: UnderWay | None, peer: Peer
    ) -> Step:
        if under_way is None:
            raise Unproved("no_context")
        binding = Binding(self._policy, peer.facts.get(CERTIFICATE, b""))
        proved = under_way.handshake.prove(token.inner, self._directory.find, self._hashes, binding)
        answer = b""
        if token.wrapped:
            answer = negotiation.final(proved, under_way.mechanisms, token.code)
        peer.facts[BOUND] = Bound(proved.mailbox, scheme)
        return Step(proved.mailbox, answer, persists=True)

    def _one_leg(self, data: bytes, peer: Peer) -> Step:
        mailbox = self._directory.find(one_leg.user_of(data) or "", "")
        if mailbox is None or not one_leg.fits(data, mailbox.password):
            raise Unproved("credentials")
        if self._persists:
            peer.facts[BOUND] = Bound(mailbox, "negotiate")
        return Step(mailbox, persists=self._persists)


def decoded(credentials: str) -> bytes:
    """The token of a header.  Raises Unproved for what is not base64."""
    try:
        return base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unproved("garbled") from error


def is_complete(credentials: str) -> bool:
    """Whether a token is all the credentials there are: a last leg, or the only one."""
    try:
        data = decoded(credentials)
        token = negotiation.read(data) if one_leg.user_of(data) is None else None
    except Unproved:
        return True
    return token is None or message_type(token.inner) == 3
