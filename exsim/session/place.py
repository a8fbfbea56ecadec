"""Where a request goes: what its method and path alone say about the cookies it needs.

Not what became of it (`signs`).  Paths are compared without case, as IIS does.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from functools import lru_cache

from exsim.wire import names


class Place(Enum):
    """Kinds of destination, as far as logon cookies are concerned."""

    LOGON = auto()  # the form is posted here
    LOGOFF = auto()  # the client itself gives its cookies back here
    MANIFEST = auto()  # the offline manifest: its 440 is the back end's, and benign
    ANONYMOUS = auto()  # answered to anybody, cookies or not
    ORDINARY = auto()  # needs a session


LOGON, LOGOFF, MANIFEST, ANONYMOUS, ORDINARY = Place  # quicker to look up than in the Enum

# Paths, in lower case, that end a session on the client's own wish (E13, E16).
_LEAVING = (names.LOGOFF.lower(),)
_ECP_LOGOFF = "/logoff.aspx"  # anywhere below /ecp/: E13
_ANONYMOUS_PATHS = frozenset({names.ROOT, names.ECP_PING.lower()})
_HEALTH = "/" + names.HEALTH_CHECK.lower()


def _is_logon(method: str, path: str) -> bool:
    return method == "POST" and path.rpartition("/")[2] in names.LOGON_POST_SEGMENTS


def _is_logoff(method: str, path: str) -> bool:
    if path in _LEAVING or (path.startswith("/ecp/") and path.endswith(_ECP_LOGOFF)):
        return True
    return method == "POST" and path == names.EXPIRED_PASSWORD  # it deletes the cookies: E13 E16


def _is_manifest(method: str, path: str) -> bool:
    return path == names.APP_CACHE_MANIFEST.lower()


def _is_anonymous(method: str, path: str) -> bool:
    return (
        path.startswith(names.ANONYMOUS_PREFIXES)
        or path in _ANONYMOUS_PATHS
        or path.endswith(_HEALTH)
    )


# The first that holds; nothing holds: ORDINARY.
PLACES: tuple[tuple[Place, Callable[[str, str], bool]], ...] = (
    (Place.LOGON, _is_logon),
    (Place.LOGOFF, _is_logoff),
    (Place.MANIFEST, _is_manifest),
    (Place.ANONYMOUS, _is_anonymous),
)


@lru_cache(maxsize=4096)  # a client knows few paths; the static ones are the most
def known_place(head: str) -> Place:
    """The place of "METHOD /path"."""
    method, _, path = head.partition(" ")
    path = path.lower()
    return next((place for place, holds in PLACES if holds(method, path)), Place.ORDINARY)


def place_of(request: str) -> Place:
    """The place of `request`, which is "METHOD /path?query"."""
    return known_place(request.partition("?")[0])
