"""NTLMv2 as a server accepts it (NLMP 3.2.5, 3.3.2): one `Handshake` from a first leg to its last.

The response is checked over the client's own bytes.  pyspnego's acceptor writes the client's blob anew
before it compares, and so refuses correct answers of clients that order it otherwise; of pyspnego are the
messages and the arithmetic alone.  No sockets: whoever owns the connection keeps the handshake with it.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from spnego._ntlm_raw.crypto import hmac_md5, md5, ntowfv1, ntowfv2, rc4k
from spnego._ntlm_raw.messages import (
    AvFlags,
    AvId,
    Challenge,
    FileTime,
    NegotiateFlags,
    TargetInfo,
    Version,
)
from spnego.channel_bindings import GssChannelBindings

from exsim.org.settings import Mailbox

SIGNATURE = b"NTLMSSP\0"
NTLM_V1 = 24  # bytes of a response of version 1; longer ones are version 2
PROOF = 16  # bytes that precede the client's blob
BLOB_HEAD = 28  # bytes of the blob before its attribute-value pairs
FIXED = (
    NegotiateFlags.unicode
    | NegotiateFlags.request_target
    | NegotiateFlags.ntlm
    | NegotiateFlags.always_sign
    | NegotiateFlags.target_type_domain
    | NegotiateFlags.extended_session_security
    | NegotiateFlags.target_info
)
ECHOED = (
    NegotiateFlags.sign
    | NegotiateFlags.seal
    | NegotiateFlags.key_exch
    | NegotiateFlags.key_128
    | NegotiateFlags.key_56
    | NegotiateFlags.version
)  # what a client asks for and gets
WINDOWS = Version(major=10, minor=0, build=14393)  # Server 2016's; assumed for every node
Find = Callable[[str, str], Mailbox | None]  # user and domain as the client wrote them


class Unproved(Exception):
    """The last leg does not prove who it is; `cause` is one of `confession.CAUSES`."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Names:
    """How the server calls itself: NetBIOS and DNS names of domain and computer."""

    domain: str
    computer: str
    dns_domain: str
    dns_computer: str


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose last leg it was, and what further messages would be signed with."""

    mailbox: Mailbox
    session_key: bytes
    flags: int


@dataclass(frozen=True, slots=True)
class Binding:
    """What Extended Protection asks: "none", "allow" or "require" (EP).

    `certificate_hash`: of this connection's own certificate; empty where the connection has none.
    """

    policy: str = "none"
    certificate_hash: bytes = b""

    def holds(self, sent: bytes) -> bool:
        """Whether the binding that a client sent (16 bytes, or none) is good enough."""
        if self.policy == "none":
            return True
        if not any(sent):
            return self.policy == "allow"
        if not self.certificate_hash:
            return self.policy == "allow"  # behind TLS offload there is nothing to compare: assumed
        return hmac.compare_digest(sent, binding_of(self.certificate_hash))


def binding_of(certificate_hash: bytes) -> bytes:
    """The 16 bytes by which NTLM names a TLS server's certificate (NLMP 2.2.2.1, RFC 5929)."""
    data = b"tls-server-end-point:" + certificate_hash
    return md5(GssChannelBindings(application_data=data).pack())


def message_type(token: bytes) -> int:
    """1, 2 or 3; 0 for what is no NTLM message."""
    if len(token) < 12 or not token.startswith(SIGNATURE):
        return 0
    (kind,) = struct.unpack_from("<I", token, 8)
    return int(kind)


class Hashes:
    """The one-way function of each password, worked out once."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def of(self, password: str) -> bytes:
        found = self._known.get(password)
        if found is None:
            found = self._known[password] = ntowfv1(password)
        return found


class Handshake:
    """From a client's first leg to its last.  `nonce`: eight bytes that no other handshake has."""

    def __init__(self, names: Names, nonce: bytes) -> None:
        self._names = names
        self._nonce = nonce
        self._first = self._second = b""

    def challenge(self, first: bytes, when: float) -> bytes:
        """The second leg.  Raises Unproved for what is no first leg."""
        if message_type(first) != 1 or len(first) < 16:
            raise Unproved("garbled")
        (asked,) = struct.unpack_from("<I", first, 12)
        flags = FIXED | (asked & ECHOED)
        names = self._names
        about = TargetInfo()
        about[AvId.nb_domain_name] = names.domain
        about[AvId.nb_computer_name] = names.computer
        about[AvId.dns_domain_name] = names.dns_domain
        about[AvId.dns_computer_name] = names.dns_computer
        about[AvId.timestamp] = FileTime.from_datetime(datetime.fromtimestamp(when, UTC))
        version = WINDOWS if flags & NegotiateFlags.version else None
        made = Challenge(flags, self._nonce, names.domain, about, version)
        self._first, self._second = first, made.pack()
        return self._second

    def prove(self, last: bytes, find: Find, hashes: Hashes, binding: Binding) -> Proved:
        """Whose last leg this is.  Raises Unproved."""
        try:
            return self._proved(_Last(last), find, hashes, binding)
        except (struct.error, UnicodeDecodeError, ValueError, IndexError) as error:
            raise Unproved("garbled") from error

    def _proved(self, last: _Last, find: Find, hashes: Hashes, binding: Binding) -> Proved:
        mailbox = find(last.user, last.domain)
        if mailbox is None or len(last.response) <= max(NTLM_V1, PROOF + BLOB_HEAD):
            raise Unproved("credentials")
        proof, blob = last.response[:PROOF], last.response[PROOF:]
        key = ntowfv2(last.user, hashes.of(mailbox.password), last.domain)
        if not hmac.compare_digest(hmac_md5(key, self._nonce + blob), proof):
            raise Unproved("credentials")
        about = pairs(blob[BLOB_HEAD:])
        if not binding.holds(about.get(AvId.channel_bindings, b"")):
            raise Unproved("binding")
        session_key = _session_key(last, hmac_md5(key, proof))
        (claims,) = struct.unpack("<I", about.get(AvId.flags, bytes(4)))
        if claims & AvFlags.mic and not last.is_intact(session_key, self._first + self._second):
            raise Unproved("credentials")
        return Proved(mailbox, session_key, last.flags)


def _session_key(last: _Last, base: bytes) -> bytes:
    """NLMP 3.4.5.1: with version 2 the exchange key is the base key itself."""
    signed = last.flags & (NegotiateFlags.sign | NegotiateFlags.seal)
    if last.flags & NegotiateFlags.key_exch and signed:
        return rc4k(base, last.session_key)
    return base


def pairs(data: bytes) -> dict[int, bytes]:
    """Attribute-value pairs as they stand, up to their end or the end of the data."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        if kind == AvId.eol:
            break
        found[kind] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return found


class _Last:
    """An AUTHENTICATE message taken apart where it stands (NLMP 2.2.1.3).  ValueError when it is none."""

    def __init__(self, raw: bytes) -> None:
        if message_type(raw) != 3 or len(raw) < 64:
            raise ValueError("not an AUTHENTICATE message")
        self._raw = raw
        self.response = self._field(20)
        (self.flags,) = struct.unpack_from("<I", raw, 60)
        encoding = "utf-16-le" if self.flags & NegotiateFlags.unicode else "cp1252"
        self.domain = self._field(28).decode(encoding)
        self.user = self._field(36).decode(encoding)
        self.session_key = self._field(52)

    def _field(self, at: int) -> bytes:
        size, _, offset = struct.unpack_from("<HHI", self._raw, at)
        if offset + size > len(self._raw):
            raise ValueError("a field lies outside the message")
        return self._raw[offset : offset + size]

    def is_intact(self, session_key: bytes, before: bytes) -> bool:
        """Whether its integrity code is that of all three messages (NLMP 3.1.5.1.2)."""
        # A Version of 8 bytes may stand before the code, and is told by where the fields begin.
        fields = (struct.unpack_from("<HHI", self._raw, at) for at in range(12, 60, 8))
        at = 72 if min(offset for size, _, offset in fields if size) >= 88 else 64
        code = self._raw[at : at + 16]
        blank = self._raw[:at] + bytes(16) + self._raw[at + 16 :]
        return hmac.compare_digest(hmac_md5(session_key, before + blank), code)
