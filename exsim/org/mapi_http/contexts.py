"""The session contexts of one back end: whose each is, and which request may come next.

A context belongs to whom Connect was authenticated as, and is unknown to everybody else.  One request at a
time; only NotificationWait may overlap (MS-OXCMAPIHTTP 3.2).  That NotificationWait and PING leave the
sequence as it is, is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

from exsim.org.entropy import Entropy
from exsim.wire import mapi, names

FRESH = 300.0  # seconds that a context of the store has until its first Execute (X-ExpirationInfo, MAPISE)
MOST = 10_000  # contexts of one node: a client may open any number


@dataclass(slots=True)
class Context:
    """`sid`: whose; `endpoint`: emsmdb or nspi; `seen`: the mailbox's version as last told."""

    name: str
    sid: str
    endpoint: str
    sequence: str
    touched: float  # UTC seconds by the node's clock
    lasts: float  # real seconds without a request after which it is gone
    seen: int = 0
    busy: bool = False
    waiting: int = 0


class Contexts:
    """`expiration`: real seconds for which a context lives without a request; `fresh`: before its first Execute."""

    def __init__(self, entropy: Entropy, expiration: float, fresh: float) -> None:
        self._entropy = entropy
        self._expiration = expiration
        self._fresh = fresh
        self._known: dict[str, Context] = {}

    def open(self, sid: str, endpoint: str, cookies: dict[str, str], when: float) -> Context:
        """A new context; the one that the client still names is gone (3.1.5.7)."""
        old = self._known.get(cookies.get(names.MAPI_CONTEXT, ""))
        if old is not None and old.sid == sid and old.endpoint == endpoint:
            self.close(old)
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        lasts = self._fresh if endpoint == "emsmdb" else self._expiration
        name = self._entropy.take(24).hex()
        context = Context(name, sid, endpoint, self._next(), when, lasts)
        self._known[context.name] = context
        return context

    def find(self, sid: str, endpoint: str, cookies: dict[str, str], when: float) -> Context | int:
        """The context that a request names; or the response code by which it is refused."""
        name = cookies.get(names.MAPI_CONTEXT)
        if name is None or names.MAPI_SEQUENCE not in cookies:
            return mapi.MISSING_COOKIE
        context = self._known.get(name)
        if context is None or context.sid != sid or context.endpoint != endpoint:
            return mapi.NO_CONTEXT
        if not context.waiting and when - context.touched > context.lasts:
            self.close(context)
            return mapi.NO_CONTEXT
        context.touched = when
        return context

    def advance(self, context: Context, cookies: dict[str, str]) -> int:
        """Take the next request of the sequence: 0, or 15 when it is not its turn."""
        if context.busy or cookies.get(names.MAPI_SEQUENCE) != context.sequence:
            return mapi.INVALID_SEQUENCE
        context.sequence = self._next()
        context.lasts = self._expiration
        return mapi.OK

    def close(self, context: Context) -> None:
        self._known.pop(context.name, None)

    def lives(self, context: Context) -> bool:
        return context.name in self._known

    def _next(self) -> str:
        return self._entropy.take(12).hex()
