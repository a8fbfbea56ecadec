"""TLS of the load's connections: one shared context, certificates checked unless the scenario says not to.

One context a user would cost about 0.9 MB each.  HTTP/1.1 is what is offered; the probe that asks whether
a browser would have been given HTTP/2 makes a context of its own.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a name of its own at run time would escape gevent's patches
    Tls = ssl.SSLContext


def context(
    ca: str | None = None, insecure: bool = False, protocols: tuple[str, ...] = ("http/1.1",)
) -> ssl.SSLContext:
    """A client's context.  `ca`: a file of certificates to trust instead of the system's own.

    Raises `OSError` or `ssl.SSLError` when the file cannot be read.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif ca is not None:
        made.load_verify_locations(cafile=ca)
    else:
        made.load_default_certs(ssl.Purpose.SERVER_AUTH)
    made.set_alpn_protocols(list(protocols))
    return made


def resumable(ca: str | None = None, insecure: bool = False) -> ssl.SSLContext:
    """A context of which connections may share a session: until TLS 1.2, which has ids of sessions."""
    made = context(ca, insecure)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_TICKET  # a ticket is resumed without an id that a balancer could keep
    return made


def words(error: ssl.SSLError) -> str:
    """OpenSSL's refusal in words an administrator can act on."""
    text = str(error.reason or error).lower().replace("_", " ")
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    if "unsafe legacy renegotiation" in text:
        return "the balancer speaks TLS without RFC 5746; browsers accept it, OpenSSL 3 does not"
    if "wrong version number" in text or "http request" in text:
        return "the other side does not speak TLS on this port"
    return text
