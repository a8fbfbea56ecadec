"""TLS of the load's connections: one shared context, certificates checked unless the scenario says not to.

One context a user would cost about 0.9 MB each.  HTTP/1.1 is what is offered; the probe that asks whether
a browser would have been given HTTP/2 makes a context of its own.
"""

from __future__ import annotations

import ssl
import warnings
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a name of its own at run time would escape gevent's patches
    Tls = ssl.SSLContext

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
OLD = ("1.0", "1.1")
OLD_CIPHERS = (
    "DEFAULT:@SECLEVEL=0"  # OpenSSL 3 speaks TLS 1.0 and 1.1, SHA-1 and short keys at no other
)
LEGACY = getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
PemError = ssl.SSLError  # what a context raises for a file that holds no PEM


class Speech(Protocol):
    """How a scenario's target is to be spoken to: an order's and a rig's own fields."""

    @property
    def ca(self) -> str: ...
    @property
    def insecure(self) -> bool: ...
    @property
    def tls_min(self) -> str: ...
    @property
    def tls_legacy(self) -> bool: ...
    @property
    def client_cert(self) -> str: ...
    @property
    def client_key(self) -> str: ...


def context(
    ca: str | None = None,
    insecure: bool = False,
    protocols: tuple[str, ...] = ("http/1.1",),
    *,
    minimum: str = "1.2",
    legacy: bool = False,
    certificate: str = "",
    key: str = "",
) -> ssl.SSLContext:
    """A client's context.  `ca`: a file of certificates to trust instead of the system's own.

    `minimum`: the oldest TLS that is spoken; below 1.2 what OpenSSL calls weak is accepted, too.
    `legacy`: servers without RFC 5746, as browsers accept them.  `certificate`, `key`: the client's own, in
    PEM, for a server that asks for one.  Raises `OSError` or `ssl.SSLError` when a file cannot be read.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif ca is not None:
        made.load_verify_locations(cafile=ca)
    else:
        made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if minimum in OLD:
        made.set_ciphers(OLD_CIPHERS)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # who asks for an old TLS knows that it is old
        made.minimum_version = VERSIONS[minimum]
    if legacy:
        made.options |= LEGACY
    if certificate:
        made.load_cert_chain(certificate, key or None)
    made.set_alpn_protocols(list(protocols))
    return made


def resumable(ca: str | None = None, insecure: bool = False) -> ssl.SSLContext:
    """A context of which connections may share a session: until TLS 1.2, which has ids of sessions."""
    made = context(ca, insecure)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_TICKET  # a ticket is resumed without an id that a balancer could keep
    return made


def context_for(
    speech: Speech, protocols: tuple[str, ...] = ("http/1.1",), ca: str = ""
) -> ssl.SSLContext:
    """The context that an order or a rig asks for; `ca` in place of its own.  Raises as `context` does."""
    trusted = ca or speech.ca
    return context(
        None if trusted == "system" else trusted,
        speech.insecure,
        protocols,
        minimum=speech.tls_min,
        legacy=speech.tls_legacy,
        certificate=speech.client_cert,
        key=speech.client_key,
    )


# What OpenSSL says, in lower case -> what it means, and what to set.  The first that fits.
WORDS = (
    (
        "unsafe legacy renegotiation",
        "the other side speaks TLS without RFC 5746; browsers accept it, OpenSSL 3 does not: set "
        "target.tls = { legacy = true }",
    ),
    ("wrong version number", "the other side does not speak TLS on this port"),
    ("http request", "the other side does not speak TLS on this port"),
    ("record layer failure", "the other side does not speak TLS on this port"),
    (
        "certificate required",
        "the other side asks for a client certificate: set target.client_cert (and client_key)",
    ),
    (
        "alert bad certificate",
        "the other side does not accept the client certificate, or asks for one: target.client_cert",
    ),
    ("unknown ca", "the other side does not trust the authority of target.client_cert"),
    (
        "protocol version",
        'the other side speaks an older TLS only: set target.tls = { min = "1.0" } (or "1.1")',
    ),
    (
        "unsupported protocol",
        'the other side speaks an older TLS only: set target.tls = { min = "1.0" } (or "1.1")',
    ),
    (
        "too small",
        "the other side's key is shorter than OpenSSL accepts; browsers may: set target.tls = "
        '{ min = "1.0" }, which accepts weak keys too',
    ),
    (
        "too weak",
        "the other side's certificate is signed by a hash that OpenSSL calls too weak: set target.tls = "
        '{ min = "1.0" }, which accepts it',
    ),
    (
        "handshake failure",
        "no cipher that both sides accept, or a client certificate is asked for: try target.tls = "
        '{ min = "1.0" }, or target.client_cert',
    ),
)
TRUST = "; an authority of your own is named by target.ca"


def words(error: ssl.SSLError) -> str:
    """OpenSSL's refusal in words an administrator can act on."""
    text = str(error.reason or error).lower().replace("_", " ")
    if isinstance(error, ssl.SSLCertVerificationError):
        issuer = "issuer" in error.verify_message or "self" in error.verify_message
        return f"certificate not accepted: {error.verify_message}{TRUST if issuer else ''}"
    return next((meaning for sign, meaning in WORDS if sign in text), text)
