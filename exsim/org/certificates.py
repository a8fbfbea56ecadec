"""Certificates of the organisation: what RSA and the message authentication code need of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

# .NET's RSACryptoServiceProvider with fOAEP: SHA-1 throughout (E13)
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One key pair.  `mac_key`: what a code keyed from this certificate is keyed with (assumed)."""

    private: RSAPrivateKey
    public: RSAPublicKey
    mac_key: bytes

    def seal(self, data: bytes) -> bytes:
        return self.public.encrypt(data, OAEP)

    def unseal(self, data: bytes) -> bytes | None:
        """The plain text, or None when another key sealed it."""
        try:
            return self.private.decrypt(data, OAEP)
        except ValueError:
            return None


@lru_cache(maxsize=64)
def load(pem: str) -> Certificate:
    """The key pair in `pem`; parsed once.  ValueError when there is no RSA key in it."""
    private = serialization.load_pem_private_key(
        pem.encode(),
        None,
        unsafe_skip_rsa_key_validation=True,  # it was made a moment ago; to check its primes takes long
    )
    if not isinstance(private, RSAPrivateKey):
        raise ValueError("an organisation certificate needs an RSA key")
    der = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Certificate(private, private.public_key(), hashlib.sha256(der).digest())
