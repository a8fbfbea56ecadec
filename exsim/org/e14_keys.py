"""Logon cookies of 2010: sealed with keys that a node makes for itself and keeps in memory (E14KEYS).

Only the issuer can read them, and only until its worker process ends.  Opaque tokens: how exactly they
are made is assumed; that no other node reads them is documented.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from exsim.org.entropy import Entropy
from exsim.org.moment import ticks_of, utc_of
from exsim.wire import names

MAC = 32
VECTOR = 16
Opened = tuple[str, str, float, int]  # user, password, end (UTC), flags


class E14Keys:
    """The keys of one worker process."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self.recycle()

    def recycle(self) -> None:
        """New keys: every session of this node is lost (E14KEYS)."""
        self._key = self._entropy.take(32)
        self._mac_key = self._entropy.take(32)

    def seal(self, user: str, password: str, expires: float, flags: int) -> dict[str, str]:
        """sessionid and cadata of a new logon; the second in quotes, as seen on the wire (E14)."""
        session = self._entropy.guid()
        return {
            names.E14_SESSION: session,
            names.CADATA: self.renew(session, user, password, expires, flags),
        }

    def renew(self, session: str, user: str, password: str, expires: float, flags: int) -> str:
        """A new cadata for a session that goes on."""
        plain = ticks_of(expires).to_bytes(8, "little") + bytes((flags & 0xFF,))
        plain += f"{user}:{password}".encode()
        vector = self._entropy.take(VECTOR)
        padder = PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(self._key), modes.CBC(vector)).encryptor()
        sealed = vector + encryptor.update(padder.update(plain) + padder.finalize())
        sealed += encryptor.finalize()
        return f'"{base64.b64encode(self._code(session, sealed) + sealed).decode()}"'

    def open(self, cookies: dict[str, str]) -> Opened | None:
        """What stands in the two cookies; None when another node, or an earlier process, sealed them."""
        try:
            data = base64.b64decode(cookies[names.CADATA].strip('"'), validate=True)
        except ValueError:
            return None
        code, sealed = data[:MAC], data[MAC:]
        if not hmac.compare_digest(code, self._code(cookies[names.E14_SESSION], sealed)):
            return None
        decryptor = Cipher(algorithms.AES(self._key), modes.CBC(sealed[:VECTOR])).decryptor()
        padded = decryptor.update(sealed[VECTOR:]) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        plain = unpadder.update(padded) + unpadder.finalize()
        user, _, password = plain[9:].decode().partition(":")
        return user, password, utc_of(int.from_bytes(plain[:8], "little")), plain[8]

    def _code(self, session: str, sealed: bytes) -> bytes:
        return hmac.new(self._mac_key, session.encode() + b"|" + sealed, hashlib.sha256).digest()
