"""Who can open whose logon cookies: sealing and opening the five of 2013 and later.

Real RSA-2048 with OAEP, real AES-CBC, hence the real sizes (E13, E16, CAP16, QA-440).  Reads no clock
and no mailbox: it says what stands in the cookies, and `reading` decides what that means.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from exsim.org import certificates
from exsim.org.certificates import Certificate
from exsim.org.entropy import Entropy
from exsim.org.moment import ticks_of, utc_of
from exsim.org.settings import FrontEnd
from exsim.wire import names

SIGNATURE = "Fba Rocks!".encode("utf-16-le")  # what cadataSig holds before July 2021 (E13)
BLOCK = PKCS7(128)


class NoSite(Exception):
    """The site has no certificate that the forms module can use (`CafeError`, E13)."""


class NoAuth(Exception):
    """July 2021 update or later, and no valid Auth certificate (KB5005341, KB2617816)."""


class Malformed(Exception):
    """A cookie that is not even base64."""


@dataclass(slots=True)
class Secret:
    """The AES key and vector of one logon.  Remembers the last texts that it opened."""

    key: bytes
    vector: bytes
    life_text: str = ""
    life: tuple[float, int] | None = None
    basic_text: str = ""
    basic: tuple[str, str] | None = None

    def seal(self, data: bytes) -> str:
        padder = BLOCK.padder()
        encryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.vector)).encryptor()
        padded = padder.update(data) + padder.finalize()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def unseal(self, text: str) -> bytes | None:
        """The plain text of one cookie; None: of another logon.  Malformed: not base64."""
        sealed = decode(text)
        decryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.vector)).decryptor()
        try:
            padded = decryptor.update(sealed) + decryptor.finalize()
            unpadder = BLOCK.unpadder()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            return None

    def seal_life(self, expires: float, flags: int) -> str:
        """cadataTTL: eight bytes of ticks and one of flags (E13)."""
        return self.seal(ticks_of(expires).to_bytes(8, "little") + bytes((flags & 0xFF,)))

    def open_life(self, text: str) -> tuple[float, int] | None:
        """When the logon ends (UTC) and its flags; None: not this logon's cookie."""
        if text != self.life_text:
            plain = self.unseal(text)
            self.life = None
            if plain is not None and len(plain) == 9:
                self.life = utc_of(int.from_bytes(plain[:8], "little")), plain[8]
            self.life_text = text
        return self.life

    def open_basic(self, text: str) -> tuple[str, str] | None:
        """User and password out of cadata; None: not this logon's cookie."""
        if text != self.basic_text:
            plain = self.unseal(text)
            self.basic = None if plain is None else basic_of(plain.decode("utf-16-le", "replace"))
            self.basic_text = text
        return self.basic


def decode(text: str) -> bytes:
    """Base64 of a cookie; Malformed when it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed from error


def basic_of(header: str) -> tuple[str, str] | None:
    """User and password of an Authorization header, by the server's code page; None: not Basic."""
    scheme, _, packed = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        # The system's ANSI code page, not UTF-8 (E13); cp1252 is a western server's, assumed.
        user, colon, password = base64.b64decode(packed).decode("cp1252", "replace").partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def basic_header(user: str, password: str) -> str:
    """An Authorization header, by the server's code page."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("cp1252", "replace")).decode()


class KeyRing:
    """The certificates that one front end seals and opens logon cookies with."""

    def __init__(self, front_end: FrontEnd, certificates: dict[str, str], entropy: Entropy) -> None:
        self._settings = front_end
        self._pems = certificates
        self._entropy = entropy
        self._ssl_name = front_end.stale_ssl or front_end.ssl

    def recycle(self) -> None:
        """The worker process ends: a certificate that it had cached is forgotten (E13)."""
        self._ssl_name = self._settings.ssl

    def seal(self, user: str, password: str, expires: float, flags: int) -> dict[str, str]:
        """The five cookies of a new logon, in their order.  NoSite or NoAuth when it cannot."""
        certificate = self._sealing()
        secret = Secret(self._entropy.take(32), self._entropy.take(16))
        sealed_key, sealed_vector = certificate.seal(secret.key), certificate.seal(secret.vector)
        basic = secret.seal(basic_header(user, password).encode("utf-16-le"))
        signature = self._sign(certificate, secret)
        values = (basic, secret.seal_life(expires, flags))
        sealed = (sealed_key, sealed_vector, signature)
        texts = values + tuple(base64.b64encode(data).decode() for data in sealed)
        return dict(zip(names.LOGON_COOKIES, texts, strict=True))

    def open(self, cookies: dict[str, str]) -> Secret | None:
        """The secret of a logon; None: no key of this node opens it.  Malformed, NoSite."""
        sealed = [decode(cookies[name]) for name in names.LOGON_COOKIES[2:]]
        if self._ssl() is None:
            raise NoSite
        for certificate in self._opening():
            secret = self._open_with(certificate, *sealed)
            if secret is not None:
                return secret
        return None

    def _open_with(
        self, certificate: Certificate, key: bytes, vector: bytes, signature: bytes
    ) -> Secret | None:
        # Measured nodes open what they were seen to open: how it is signed is no question there.
        style = self._settings.signature if self._settings.opens is None else "any"
        if style == "rsa" and certificate.unseal(signature) != SIGNATURE:
            return None
        opened, opened_vector = certificate.unseal(key), certificate.unseal(vector)
        if opened is None or opened_vector is None or (len(opened), len(opened_vector)) != (32, 16):
            return None
        secret = Secret(opened, opened_vector)
        if style == "hmac":
            code = self._code(secret)
            if code is None or not hmac.compare_digest(code, signature):
                return (
                    None  # also every RSA signature: read crosswise both are unreadable (KB5005341)
                )
        return secret

    def _sign(self, certificate: Certificate, secret: Secret) -> bytes:
        if self._settings.signature == "rsa":
            return certificate.seal(SIGNATURE)
        code = self._code(secret)
        if code is None:
            raise NoAuth
        return code

    def _code(self, secret: Secret) -> bytes | None:
        """Keyed from the Auth certificate (KB5005341); over key and vector: assumed."""
        auth = self._auth()
        if auth is None:
            return None
        return hmac.new(auth.mac_key, secret.key + secret.vector, hashlib.sha256).digest()

    def _named(self, name: str | None) -> Certificate | None:
        pem = self._pems.get(name) if name else None
        return certificates.load(pem) if pem else None

    def _ssl(self) -> Certificate | None:
        return self._named(self._ssl_name)

    def _auth(self) -> Certificate | None:
        return self._named(self._settings.auth)

    def _sealing(self) -> Certificate:
        """The Auth certificate where the node uses it and has it, else the site's own (E16)."""
        ssl = self._ssl()
        if ssl is None:
            raise NoSite
        if self._settings.encrypt_with == "auth":
            return self._auth() or ssl
        return ssl

    def _opening(self) -> list[Certificate]:
        """A CNG key seals (that takes the public half) but opens nothing (KB3032024)."""
        found: list[Certificate | None] = []
        if self._settings.opens is not None:
            found = [self._named(name) for name in self._settings.opens]
            return [certificate for certificate in found if certificate is not None]
        for role in self._settings.decrypt_with:
            if role == "auth":
                found.append(self._auth())
            elif self._settings.key != "cng":
                found.append(self._ssl())
        return [certificate for certificate in found if certificate is not None]
