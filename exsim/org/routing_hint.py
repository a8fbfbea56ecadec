"""X-BackEndCookie: which database a user's mailbox was last found on.  A hint, not a credential (E13).

Forms seen in CAP16 and QA-440: `SID=<text with every byte inverted, in base64>`, up to five of them.
"""

from __future__ import annotations

import base64

from exsim.org.moment import cookie_date, iso_second
from exsim.wire import names

LIFE = 30 * 86400  # seconds; never scaled: its end less 30 days tells when it was set
ENTRIES = 5
# A cookie's path is compared by case: the directory's own name, as IIS has it.  EWS13 shows that of EWS, CAP16 of
# OWA; of the others it is assumed.
DIRECTORIES = {
    name.lower(): name for name in ("EWS", "OAB", "Autodiscover", "Microsoft-Server-ActiveSync")
}
INVERT = bytes(255 - value for value in range(256))


def seal(text: str) -> str:
    """`text` (ASCII) as it stands in the cookie."""
    return base64.b64encode(text.encode("ascii").translate(INVERT)).decode()


def unseal(text: str) -> str:
    """The text of one entry.  ValueError when it is none."""
    return base64.b64decode(text, validate=True).translate(INVERT).decode("ascii")


def entry(database: str, expires: int) -> str:
    """`Database~guid~domain~UTC`, the domain left empty."""
    return f"Database~{database}~~{iso_second(expires)}"


class RoutingHint:
    """Makes the Set-Cookie line of proxied answers."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, str]] = {}  # SID -> second, sealed entry

    def line(
        self, sid: str, database: str, carried: str, vdir: str, when: float, secure: bool
    ) -> tuple[str, str]:
        """The cookie with this user's entry renewed; `carried` is what the request brought."""
        second = int(when)
        last = self._last.get(sid)
        if last is None or last[0] != second:
            if len(self._last) > 10_000:
                self._last.clear()
            last = self._last[sid] = (second, seal(entry(database, second + LIFE)))
        value = "&".join([*others(carried, sid), f"{sid}={last[1]}"])
        attributes = f"expires={cookie_date(second + LIFE)}; path=/{DIRECTORIES.get(vdir, vdir)}"
        attributes += "; secure; HttpOnly" if secure else "; HttpOnly"
        return "Set-Cookie", f"{names.BACK_END_COOKIE}={value}; {attributes}"


def others(carried: str, sid: str) -> list[str]:
    """Entries of other users, the last four; this user's own comes after them."""
    if not carried:
        return []
    found = [part for part in carried.split("&") if part.partition("=")[0] not in ("", sid)]
    return found[-(ENTRIES - 1) :]
