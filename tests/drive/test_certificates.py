"""The certificate that an address presents.

Falls if: a thumbprint, key type or expiry is read wrong, a certificate that nobody trusts is an obstacle,
or an address without TLS, or without anybody, is more than a word.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import sys
from threading import Thread

import pytest

from exsim.drive.certificates import certificate_at, described
from exsim.lab.certificates import Authority


@pytest.fixture(scope="module")
def pem():
    return Authority("nobody").host_certificate(["mail.example.com"])


def der_of(pem):
    first = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL)
    return ssl.PEM_cert_to_DER_cert(first[0])


def answering(handle):
    """The port of a listener whose one connection is given to `handle`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as there:
            handle(there)

    Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def test_a_certificate_that_nobody_trusts_is_described(pem, tmp_path):
    file = tmp_path / "host.pem"
    file.write_text(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def handle(there):
        with context.wrap_socket(there, server_side=True) as secured:
            secured.recv(1)

    found = certificate_at("127.0.0.1", answering(handle), "mail.example.com")
    assert found["sha256"] == hashlib.sha256(der_of(pem)).hexdigest()
    assert found["key"] == "EC 256" and found["subject"] == "CN=mail.example.com"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", found["expires"])


def test_without_the_optional_package_thumbprints_remain(pem, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert set(described(der_of(pem))) == {"sha256", "sha1"}


def test_nonsense_still_has_a_thumbprint():
    assert set(described(b"nonsense")) == {"sha256", "sha1"}


def test_an_address_that_speaks_no_tls_is_a_word():
    port = answering(lambda there: there.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert set(certificate_at("127.0.0.1", port, "a")) == {"problem"}


def test_nobody_there_is_a_word():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refused" in certificate_at("127.0.0.1", port, "a")["problem"].lower()
