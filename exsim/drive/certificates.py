"""The certificate that an address presents: fetched by one handshake, trusted by nobody, read for a person.

The handshake checks nothing, because a certificate that nobody trusts is a finding here and no obstacle;
no request is sent over it.  Key type and expiry need the optional package `cryptography`.
"""

from __future__ import annotations

import hashlib
import socket
import ssl

from exsim.drive.tls import words

LIMIT = 5.0  # seconds for connection and handshake


def certificate_at(address: str, port: int, name: str) -> dict[str, str]:
    """What the listener at `address` presents for the server name `name`.

    Keys: sha256 and sha1 (thumbprints; Exchange's own tools print the second), key, expires (UTC),
    subject; or problem alone, when there is none to be had.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), LIMIT) as plain,
            context.wrap_socket(plain, server_hostname=name) as secured,
        ):
            der = secured.getpeercert(binary_form=True)
    except ssl.SSLError as problem:
        return {"problem": words(problem)}
    except OSError as problem:
        return {"problem": problem.strerror or str(problem)}
    return described(der) if der else {"problem": "no certificate was presented"}


def described(der: bytes) -> dict[str, str]:
    """A certificate in words: thumbprints always, the rest where it can be parsed."""
    found = {
        "sha256": hashlib.sha256(der).hexdigest(),
        "sha1": hashlib.sha1(der, usedforsecurity=False).hexdigest(),
    }
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
    except ImportError:
        return found
    try:
        read = x509.load_der_x509_certificate(der)
        key = read.public_key()
    except ValueError:  # thumbprints say enough to compare
        return found
    kind = type(key).__name__.strip("_").removesuffix("PublicKey")
    size = (
        f" {key.key_size}" if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else ""
    )
    expires = read.not_valid_after_utc.strftime("%Y-%m-%d %H:%M")
    return {
        **found,
        "key": f"{kind}{size}",
        "expires": expires,
        "subject": read.subject.rfc4514_string(),
    }
