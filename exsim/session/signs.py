"""Reading one hop: the sign that its answer is, and the class that the node's own record must have.

Rules stand in tables by status; in each the first rule that holds names the sign.  A hop is read by
itself: nothing here knows what came before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from urllib.parse import urlsplit

from exsim.session.answers import read_answer
from exsim.session.hop import Evidence, Hop
from exsim.session.meaning import REFUSED, SERVED, SIGNS, Sign
from exsim.session.place import ANONYMOUS, LOGOFF, LOGON, MANIFEST, ORDINARY, Place, place_of
from exsim.wire import names

__all__ = ["SIGNS", "Sign", "hop_class", "read", "reason_of"]

LOGON_COOKIES = frozenset({*names.LOGON_COOKIES, *names.E14_LOGON_COOKIES})
HOSTS_UNKNOWN: Collection[str] = frozenset()

# Headers by which a node (or the balancer's own header, which it adds to a node's answers only)
# shows that a node answered.  An answer with none of them, and no request-id, is the balancer's.
_NODE_HEADERS = (
    names.FE_SERVER.lower(),
    names.DIAG_INFO.lower(),
    names.BE_SERVER.lower(),
    names.CALCULATED_BE.lower(),
    names.LB_SERVER.lower(),
)
_BE_SERVER = names.BE_SERVER.lower()
_CALCULATED_BE = names.CALCULATED_BE.lower()
_OWA_ERROR = names.OWA_ERROR.lower()
_FE_ERROR = names.FE_ERROR.lower()
_LOGON_PAGE = names.LOGON_PAGE.rpartition("/")[2].lower()
_ERROR_PAGES = frozenset({"errorfe.aspx", "error.aspx"})  # the second: 2010, assumed
_REASON = re.compile(r"[?&]reason=(\d+)", re.IGNORECASE)
_BLOCKED = frozenset({names.REASON_BLOCKED, names.REASON_EAC_BLOCKED})
_STRANGERS = frozenset({"other", "stranger"})
_THROTTLING = (
    frozenset(  # names of exceptions and response codes: E13; which show on OWA is assumed
        {
            "ErrorServerBusy",
            "ErrorExceededConnectionCount",
            "OverBudgetException",
            "OwaMaxConcurrency",
        }
    )
)
_TELLING_BODIES = frozenset({"logon_page", "foreign_logon", "auto_submit"})
_FINE = frozenset({None, "NoError", "0"})  # what a call says that went well (E13)
_LET_IN = frozenset({Sign.SERVED, Sign.FAULT})  # a call that failed was made all the same


def node_spoke(hop: Hop) -> bool:
    """Whether anything shows that a node, and not the balancer, made this answer."""
    if hop.request_id or hop.origin is not None:
        return True
    return any(name in hop.headers for name in _NODE_HEADERS)


def deletes_logon_cookies(hop: Hop) -> bool:
    """Whether the answer deletes any logon cookie.  One is enough: a front end needs them all (E13)."""
    return any(value is None and name in LOGON_COOKIES for name, value in hop.set_cookies.items())


def sets_logon_cookies(hop: Hop) -> bool:
    """Whether the answer sets what a logon sets: `cadata`, or 2010's `sessionid`."""
    found = hop.set_cookies
    return bool(found.get(names.CADATA) or found.get(names.E14_SESSION))


def carries_logon_cookies(hop: Hop) -> bool:
    """Whether the request carried any logon cookie, complete set or not."""
    return not LOGON_COOKIES.isdisjoint(hop.cookies)


def reason_of(hop: Hop) -> str | None:
    """The `reason` of a redirect to the logon page: "0" unreadable, "2" refused, "3" expired (E13)."""
    found = _REASON.search(hop.location or "")
    return found.group(1) if found else None


def _page(hop: Hop) -> str:
    """The last segment of the redirect's path, in lower case."""
    return _page_at(hop.location or "")


@lru_cache(maxsize=512)
def _page_at(location: str) -> str:
    return location.partition("?")[0].rpartition("/")[2].lower()


def host_of(location: str | None) -> str:
    """The host of an absolute URL in lower case; "" for a relative one, or one that cannot be read."""
    try:
        return (urlsplit(location or "").hostname or "").lower()
    except ValueError:
        return ""


def _throttled(hop: Hop) -> bool:
    error = hop.headers.get(_OWA_ERROR, "")
    return hop.body.code in _THROTTLING or any(word in error for word in _THROTTLING)


def _of_back_end(hop: Hop, place: Place) -> bool:
    """Made by a back end: it never sees logon cookies, so its 440 cannot be about them (E13)."""
    if hop.body.is_ == "refusal_440" or deletes_logon_cookies(hop):
        return False
    return _BE_SERVER in hop.headers or place is MANIFEST


def _bounced(hop: Hop) -> bool:
    """Sent to the logon page by a front end; a back end with legacy log-off sends there too (E13)."""
    return _page(hop) == _LOGON_PAGE and _BE_SERVER not in hop.headers


Rule = tuple[Sign, Callable[[Hop, Place, Collection[str]], bool]]

_ERRORS: tuple[Rule, ...] = (
    (Sign.THROTTLED, lambda hop, place, hosts: _throttled(hop)),
    (Sign.LB_ERROR, lambda hop, place, hosts: not node_spoke(hop)),
)
REDIRECT: tuple[Rule, ...] = (
    (Sign.ACCEPTED, lambda hop, place, hosts: place is LOGON and sets_logon_cookies(hop)),
    (Sign.LOGON_BLOCKED, lambda hop, place, hosts: _bounced(hop) and reason_of(hop) in _BLOCKED),
    (
        Sign.LOGON_REFUSED,
        lambda hop, place, hosts: place is LOGON and _page(hop) == _LOGON_PAGE,
    ),
    (Sign.SERVER_ERROR, lambda hop, place, hosts: _page(hop) in _ERROR_PAGES),
    (Sign.LOGGED_OFF, lambda hop, place, hosts: place is LOGOFF and not _bounced(hop)),
    (Sign.LOGON_REDIRECT, lambda hop, place, hosts: _page(hop) == _LOGON_PAGE),
    (Sign.HANDED_ON, lambda hop, place, hosts: place is LOGON),
    (
        Sign.AUTHORITY_REDIRECT,
        lambda hop, place, hosts: bool(hosts and host_of(hop.location) not in {"", *hosts}),
    ),
    (Sign.LB_REDIRECT, lambda hop, place, hosts: not node_spoke(hop)),
    (Sign.ANONYMOUS, lambda hop, place, hosts: place is ANONYMOUS),
)
SUCCESS: tuple[Rule, ...] = (
    (Sign.WRONG_MAILBOX, lambda hop, place, hosts: hop.body.owner in _STRANGERS),
    (Sign.FOREIGN_LOGON, lambda hop, place, hosts: hop.body.is_ == "foreign_logon"),
    (
        Sign.HANDED_ON,
        lambda hop, place, hosts: hop.body.is_ == "auto_submit" or _FE_ERROR in hop.headers,
    ),
    (
        Sign.LOGON_REFUSED,
        lambda hop, place, hosts: place is LOGON and hop.body.is_ == "logon_page",
    ),
    (Sign.LOGGED_OFF, lambda hop, place, hosts: place is LOGOFF),
    (Sign.ANONYMOUS, lambda hop, place, hosts: place is ANONYMOUS),
    (Sign.LOGON_PAGE_AS_DATA, lambda hop, place, hosts: hop.body.is_ == "logon_page"),
    (Sign.THROTTLED, lambda hop, place, hosts: _throttled(hop)),
    (Sign.SERVER_ERROR, lambda hop, place, hosts: _OWA_ERROR in hop.headers),
    (Sign.TRUNCATED, lambda hop, place, hosts: hop.error not in (None, "abandoned")),
    (Sign.FAULT, lambda hop, place, hosts: hop.body.code not in _FINE),
)
LOGIN_TIMEOUT: tuple[Rule, ...] = (
    (Sign.LOGON_REFUSED, lambda hop, place, hosts: place is LOGON),
    (
        Sign.BENIGN_440,
        lambda hop, place, hosts: place is MANIFEST and _of_back_end(hop, place),
    ),
    # Of any other path no benign one is known, and a page leaves for the logon page all the same.
    (Sign.SERVER_ERROR, lambda hop, place, hosts: _of_back_end(hop, place)),
)
UNREACHED: tuple[Rule, ...] = (
    *_ERRORS,
    (Sign.SERVER_ERROR, lambda hop, place, hosts: _BE_SERVER in hop.headers),
)

# Status -> its rules, and the sign when none of them holds.
RULES: dict[int, tuple[tuple[Rule, ...], Sign]] = {
    **dict.fromkeys((301, 302, 303, 307, 308), (REDIRECT, Sign.SERVED)),
    names.LOGIN_TIMEOUT: (LOGIN_TIMEOUT, Sign.LOGIN_TIMEOUT),
    names.CANARY_REFUSED: ((), Sign.CANARY_REFUSED),
    names.VERSION_MISMATCH: (_ERRORS[1:], Sign.VERSION_MISMATCH),
    names.LANGUAGE_NEEDED: ((), Sign.SERVED),
    429: ((), Sign.THROTTLED),
    500: (_ERRORS[:1], Sign.SERVER_ERROR),
    502: (UNREACHED, Sign.FRONT_END_503),
    503: (UNREACHED, Sign.FRONT_END_503),
    504: (UNREACHED, Sign.FRONT_END_503),
}
# Hundreds of the status -> the same, for every status that RULES does not name.
RULES_BY_HUNDRED: dict[int, tuple[tuple[Rule, ...], Sign]] = {
    2: (SUCCESS, Sign.SERVED),
    3: ((), Sign.SERVED),
    4: (_ERRORS, Sign.REQUEST_REFUSED),
    5: (_ERRORS, Sign.SERVER_ERROR),
}


def plain_body(body: Evidence) -> bool:
    """Whether nothing in this body could make an answer of OWA anything else than SERVED."""
    return body.code in _FINE and body.owner not in _STRANGERS and body.is_ not in _TELLING_BODIES


def read(hop: Hop, hosts: Collection[str] = HOSTS_UNKNOWN) -> Sign:
    """The sign that this answer is.

    `hosts`: names of the service, in lower case; without them no redirect is taken for one to a
    foreign authority.
    """
    if hop.protocol != "owa":
        return read_answer(hop)
    status = hop.status
    if status is None:
        return Sign.NO_ANSWER
    place = place_of(hop.request)
    if (  # nearly every answer leaves here, and the rules below stay out of the hot path
        status == 200
        and hop.error is None
        and place is ORDINARY
        and plain_body(hop.body)
        and _OWA_ERROR not in hop.headers
        and _FE_ERROR not in hop.headers
    ):
        return SERVED
    rules, otherwise = RULES.get(status) or RULES_BY_HUNDRED.get(
        status // 100, ((), Sign.REQUEST_REFUSED)
    )
    for sign, holds in rules:
        if holds(hop, place, hosts):
            return sign
    return otherwise


def serves(hop: Hop, sign: Sign) -> bool:
    """Whether an answer shows that whoever asked is let in: OWA's own data, or a back end's word."""
    if sign not in _LET_IN or hop.status != 200:
        return False
    behind = _BE_SERVER in hop.headers or _CALCULATED_BE in hop.headers
    return behind or hop.body.is_ in ("boot_page", "json") or hop.body.owner == "own"


def hop_class(hop: Hop, hosts: Collection[str] = HOSTS_UNKNOWN) -> str:
    """What the node must have confessed: served, refused, refused_bare, benign; "none": no node was reached.

    Beside OWA: served, challenged, refused, lost_context; "refused" by a front end or a back end.
    """
    sign = read(hop, hosts)
    if hop.protocol == "owa" and sign in REFUSED and not carries_logon_cookies(hop):
        return "refused_bare"
    return SIGNS[sign].class_
