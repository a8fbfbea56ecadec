"""X-OWA-CANARY: 56 bytes in 76 characters that prove that a page of this user sent the request.

Stateless, and shared by the organisation: a GUID, the ticks of its making, and a SHA-256 over both,
the user's SID and a secret (E13; the sizes verified on CAP16).
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from exsim.org.entropy import Entropy
from exsim.org.moment import ticks_of, utc_of

VALID = 24 * 3600.0  # seconds, E13
RENEWED_AFTER = 3600.0
LENGTH = 56


class Canaries:
    """The canaries of one back end.

    `changes`: Exchange's seconds after which the secret is another one, again and again; 0: never.  What
    was made before a change is refused after it.
    """

    def __init__(self, secret: str, scale: float, entropy: Entropy, changes: float = 0.0) -> None:
        self._secret = secret.encode()
        self._changes = changes * scale
        self._scale = scale
        self._entropy = entropy

    def make(self, sid: str, when: float) -> str:
        """A canary of `sid`, made now."""
        start = self._entropy.take(16) + ticks_of(when).to_bytes(8, "little")
        return pack(start + self._digest(start, sid, when))

    def age(self, text: str, sid: str, when: float) -> float | None:
        """Real seconds since it was made; None: missing, another user's, or past its time."""
        data = unpack(text)
        if data is None or not hmac.compare_digest(data[24:], self._digest(data[:24], sid, when)):
            return None
        age = when - utc_of(int.from_bytes(data[16:24], "little"))
        return age if age <= VALID * self._scale else None

    def is_due(self, age: float | None) -> bool:
        """Whether an answer is to bring a new one."""
        return age is None or age > RENEWED_AFTER * self._scale

    def _digest(self, start: bytes, sid: str, when: float) -> bytes:
        epoch = b":%d" % (when // self._changes) if self._changes else b""
        return hashlib.sha256(start + sid.encode("utf-16-le") + self._secret + epoch).digest()


def pack(data: bytes) -> str:
    """Base64 with `-`, `_` and `.` for `+`, `/` and `=`."""
    return base64.b64encode(data, b"-_").decode().replace("=", ".")


def unpack(text: str) -> bytes | None:
    """The bytes of a canary; None when it is none."""
    try:
        data = base64.b64decode(text.replace(".", "=").encode("ascii"), b"-_", validate=True)
    except ValueError:
        return None
    return data if len(data) == LENGTH else None
