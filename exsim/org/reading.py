"""The rules by which a front end reads a request's logon cookies (E13, E16), and what it finds.

Any failure to read is silent: the request counts as one without cookies.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.org.directory import Directory
from exsim.org.incoming import Incoming
from exsim.org.keycache import KeyCache
from exsim.org.keys import KeyRing, Malformed, Secret, basic_of
from exsim.org.settings import Mailbox
from exsim.org.timer import Timer
from exsim.wire import names


@dataclass(slots=True)
class Reading:
    """Whose request it is, or (`mailbox` None) the cause for which it is refused.

    `renewed`: a new value for cadataTTL (2010: cadata), where user activity earned one.
    """

    cause: str = ""
    mailbox: Mailbox | None = None
    flags: int = names.FLAG_PRIVATE
    renewed: str | None = None


class Reader:
    """`strict`: 2013, on which base64 that is none breaks the request; 2016 takes it for no cookie."""

    def __init__(
        self, ring: KeyRing, cache: KeyCache, directory: Directory, timer: Timer, strict: bool
    ) -> None:
        self._ring = ring
        self._cache = cache
        self._directory = directory
        self._timer = timer
        self._strict = strict

    def read(self, incoming: Incoming) -> Reading:
        """What the cookies say.  Malformed (2013 only) and NoSite are the front end's to answer."""
        cookies = incoming.cookies
        present = sum(1 for name in names.LOGON_COOKIES if cookies.get(name))
        if present == len(names.LOGON_COOKIES):
            try:
                return self._opened(incoming)
            except Malformed:
                if self._strict:
                    raise
                return Reading("unreadable")
        basic = basic_of(incoming.header("authorization"))
        if basic is not None:
            return self._admit(incoming, *basic, names.FLAG_PRIVATE)
        return Reading("incomplete" if present else "absent")

    def forget(self, incoming: Incoming) -> None:
        self._cache.forget(incoming.cookies)

    def _opened(self, incoming: Incoming) -> Reading:
        cookies = incoming.cookies
        secret = self._cache.find(cookies, incoming.when)
        known = secret is not None
        if secret is None:
            secret = self._ring.open(cookies)
        if secret is None:
            return Reading("unreadable")
        life = secret.open_life(cookies[names.CADATA_TTL])
        if life is None:
            return Reading("unreadable")
        if incoming.when > life[0]:
            return Reading("expired")
        basic = secret.open_basic(cookies[names.CADATA])
        if basic is None:
            return Reading("unreadable")
        reading = self._admit(incoming, *basic, life[1])
        if reading.mailbox is not None:
            if not known:
                self._cache.keep(cookies, secret, incoming.when)
            self._renew(incoming, reading, secret, *life)
        return reading

    def _admit(self, incoming: Incoming, user: str, password: str, flags: int) -> Reading:
        mailbox = self._directory.authenticate(user, password)
        return Reading("" if mailbox else "credentials", mailbox, flags)

    def _renew(
        self, incoming: Incoming, reading: Reading, secret: Secret, expires: float, flags: int
    ) -> None:
        """Only cadataTTL is issued again, under the same key and vector (E13)."""
        due = self._timer.due(incoming.when, expires, flags, incoming.mobile)
        if due and incoming.user_activity:
            ends = self._timer.expires(incoming.when, flags, incoming.mobile)
            reading.renewed = secret.seal_life(ends, flags)
