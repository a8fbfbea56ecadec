"""What a node process listens on, with which certificate, its orders, and the Date of its answers."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

from cryptography import x509
from cryptography.hazmat.primitives import hashes


class Dates:
    """The Date of a listener's answers, made once a second.  `offset` in seconds: a clock set wrong."""

    def __init__(self, clock: Callable[[], float], offset: float = 0.0) -> None:
        self._clock = clock
        self._offset = offset
        self._second = -1
        self._text = ""

    def __call__(self) -> str:
        second = int(self._clock() + self._offset)
        if second != self._second:
            self._second, self._text = second, formatdate(second, usegmt=True)
        return self._text


@dataclass
class Doors:
    """What a node process listens on, each already bound by whoever started it; None: not at all."""

    front: socket.socket | None = None
    front_tls: socket.socket | None = None
    back: socket.socket | None = None
    certificate: str = ""  # PEM of key and chain, for `front_tls`


def tls_context(certificate: str) -> ssl.SSLContext:
    """The server side of TLS from one PEM text of key and chain, which touches no disk."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    handle = os.memfd_create("certificate")
    try:
        os.write(handle, certificate.encode())
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
    return context


def certificate_hash(pem: str) -> bytes:
    """The hash of a chain's first certificate, as channel bindings name it (RFC 5929 4.1)."""
    shown = x509.load_pem_x509_certificates(pem.encode())[0]
    chosen = shown.signature_hash_algorithm
    if chosen is None or chosen.name in ("md5", "sha1"):
        chosen = hashes.SHA256()
    return shown.fingerprint(chosen)


def first_line(handle: int) -> bytes:
    """The first line of a pipe to which nothing but that line was written yet."""
    with open(handle, "rb", buffering=0, closefd=False) as pipe:
        line = b""
        while not line.endswith(b"\n"):
            piece = pipe.read(65536)
            if not piece:
                break
            line += piece
        return line
