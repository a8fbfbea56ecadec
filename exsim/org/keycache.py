"""Secrets that a front end has already opened, so that RSA runs once for each logon and front end.

Filled only after a request was wholly authorised here, found by the text of two cookies (E13, E16).
"""

from __future__ import annotations

from collections import OrderedDict

from exsim.org.keys import Secret
from exsim.wire import names

ENTRIES = 25_000  # E13
SLIDING = 480 * 60.0  # seconds, E13


class KeyCache:
    """Least recently used goes first.  `scale` multiplies the sliding time."""

    def __init__(self, scale: float) -> None:
        self._sliding = SLIDING * scale
        self._entries: OrderedDict[tuple[str, str], tuple[float, Secret]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, cookies: dict[str, str], now: float) -> Secret | None:
        """The secret of these cookies, if it was opened here and used lately."""
        key = _key(cookies)
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now > entry[0]:
            del self._entries[key]
            return None
        self.keep(cookies, entry[1], now)
        return entry[1]

    def keep(self, cookies: dict[str, str], secret: Secret, now: float) -> None:
        """Remember `secret`, until it has not been used for the sliding time."""
        key = _key(cookies)
        self._entries[key] = (now + self._sliding, secret)
        self._entries.move_to_end(key)
        if len(self._entries) > ENTRIES:
            self._entries.popitem(last=False)

    def forget(self, cookies: dict[str, str]) -> None:
        """A log-off takes its own entry out, on this front end only (E13)."""
        self._entries.pop(_key(cookies), None)

    def clear(self) -> None:
        self._entries.clear()


def _key(cookies: dict[str, str]) -> tuple[str, str]:
    return cookies.get(names.CADATA_KEY, ""), cookies.get(names.CADATA_IV, "")
