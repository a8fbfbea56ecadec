"""Certificates of a lab: an authority of its own, the host's, and the organisation's named ones.

All of them are made anew for each lab and live in memory.  The host's is ECDSA, because its handshakes
are cheap; the organisation's named ones are RSA of 2048 bits, because they seal logon cookies.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
VALID = timedelta(days=30)  # no lab lives longer; assumed


class Authority:
    """A certificate authority that is trusted by nobody but the clients of one lab."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._certificate = self._sign(self._name, self._key.public_key(), authority=True)
        self.pem = _pem(self._certificate)

    def host_certificate(self, names: Sequence[str]) -> str:
        """PEM of key and chain for a TLS server that is called by `names` (or addresses)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_named(names[0]), key.public_key(), hosts=names)
        return _private(key) + _pem(certificate) + self.pem

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        hosts: Sequence[str] = (),
        authority: bool = False,
    ) -> x509.Certificate:
        builder = _blank(subject, self._name, key)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
        )
        builder = builder.add_extension(_usage(authority), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_san, hosts)), False)
            server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(server, False)
        return builder.sign(self._key, hashes.SHA256())


def organisation_certificates(names: Iterable[str]) -> dict[str, str]:
    """For each name a PEM of private key and self-signed certificate."""
    made = {}
    for name in sorted(set(names)):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = _named(f"exsim {name}")
        certificate = _blank(subject, subject, key.public_key()).sign(key, hashes.SHA256())
        made[name] = _private(key) + _pem(certificate)
    return made


def _blank(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
    )


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
