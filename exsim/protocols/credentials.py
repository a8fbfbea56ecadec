"""What a client shows to sign in by HTTP: Basic's line, NTLM's two messages, the one-leg stand-in's token.

Values and bytes only; who sends them when is `negotiate`.  NTLM is pyspnego's own, in pure Python: some
two milliseconds of the hub a handshake.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct

import spnego
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from exsim.protocols.agent import Account
from exsim.protocols.flow import Response
from exsim.wire import names, one_leg
from exsim.wire.errors import WireError

BINDINGS = ("auto", "none", "wrong")  # what a client names as the server's certificate
_WRONG = hashlib.sha256(b"the certificate of somebody in between").digest()


def basic(account: Account) -> tuple[str, str]:
    """The header of Basic (RFC 7617), in UTF-8."""
    text = f"{account.logon}:{account.password}".encode()
    return names.AUTHORIZATION, f"Basic {base64.b64encode(text).decode()}"


def token(account: Account) -> tuple[str, str]:
    """The header of the one-leg stand-in."""
    return header("Negotiate", one_leg.token(account.logon, account.password))


def header(scheme: str, message: bytes) -> tuple[str, str]:
    return names.AUTHORIZATION, f"{scheme} {base64.b64encode(message).decode()}"


class Ntlm:
    """One handshake of NTLM."""

    def __init__(self, account: Account) -> None:
        own = spnego.NegotiateOptions.use_ntlm
        self._context = spnego.client(account.logon, account.password, protocol="ntlm", options=own)

    def first(self) -> bytes:
        """The first leg's message."""
        return self._context.step() or b""

    def last(self, challenge: bytes, binding: GssChannelBindings | None) -> bytes:
        """The last leg's.  Raises WireError for a challenge that cannot be read."""
        try:
            return self._context.step(challenge, channel_bindings=binding) or b""
        except (SpnegoError, struct.error, ValueError, LookupError, ArithmeticError) as error:
            raise WireError("NTLM's challenge cannot be read") from error


def offers(response: Response) -> frozenset[str]:
    """The methods that a 401 offers, in lower case: of one line or several, with or without commas."""
    found = set()
    for line in response.headers_named(b"www-authenticate"):
        for part in line.split(","):
            word = part.strip().partition(" ")[0].lower()
            if word in ("basic", "ntlm", "negotiate"):
                found.add(word)
    return frozenset(found)


def challenge_in(response: Response, scheme: str) -> bytes:
    """The server's message in a 401; empty when there is none."""
    for line in response.headers_named(b"www-authenticate"):
        for part in line.split(","):
            word, _, message = part.strip().partition(" ")
            if word.lower() == scheme.lower() and message:
                try:
                    return base64.b64decode(message, validate=True)
                except (binascii.Error, ValueError):
                    return b""
    return b""


def binding(kind: str, certificate: bytes) -> GssChannelBindings | None:
    """What the client names as the server's certificate (DER), by one of `BINDINGS` (RFC 5929)."""
    if kind == "none" or not certificate:
        return None
    shown = _WRONG if kind == "wrong" else _hash_of(certificate)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + shown)


def _hash_of(certificate: bytes) -> bytes:
    try:
        read = x509.load_der_x509_certificate(certificate)
        chosen = read.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return hashlib.sha256(certificate).digest()
    if chosen is None or chosen.name in ("md5", "sha1"):
        chosen = hashes.SHA256()
    return read.fingerprint(chosen)
