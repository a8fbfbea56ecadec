"""Reading one hop of a protocol that signs in by HTTP itself: EWS, ActiveSync, Outlook and what it asks.

The same contract as `signs`, which sends such hops here: tables by status, and in each the first rule that
holds names the sign.  What a protocol's own codes mean stands in `CODES`.
"""

from __future__ import annotations

from collections.abc import Callable

from exsim.session.hop import Hop
from exsim.session.meaning import Sign
from exsim.wire import names

COMPLETE = frozenset({"basic", "ntlm_3", "token"})  # requests that carry all that is needed
SIGNED_IN = COMPLETE | {"bound"}
OTHERS = frozenset({"other", "stranger"})
IN_CHANNEL = "RPC_IN_DATA"

# Seconds between two pieces that HAProxy adds to an interleaved stream (205 ms measured), and how many
# pieces it takes to tell.
SLOW = (0.18, 0.24)
TELLING_PIECES = 4

_NODE_HEADERS = tuple(
    name.lower()
    for name in (
        names.FE_SERVER,
        names.DIAG_INFO,
        names.BE_SERVER,
        names.CALCULATED_BE,
        names.LB_SERVER,
    )
)

# Protocol -> its own code -> what it says.  A code that is not here is read by the kind of the body.
CODES: dict[str, dict[str, Sign]] = {
    "ews": {
        **dict.fromkeys(
            (
                "ErrorServerBusy",
                "ErrorExceededConnectionCount",
                "ErrorExceededSubscriptionCount",
                "ErrorExceededFindCountLimit",
            ),
            Sign.THROTTLED,
        ),
        "ErrorSubscriptionNotFound": Sign.CONTEXT_LOST,
    },
    "activesync": {
        **dict.fromkeys(("132", "133", "134", "135"), Sign.STATE_LOST),
        **dict.fromkeys(("142", "143", "144", "449"), Sign.PROVISION),
    },
    "mapi_http": {
        "10": Sign.CONTEXT_LOST,
        "6": Sign.COOKIES_MISSING,
        "13": Sign.COOKIES_MISSING,
        "15": Sign.OUT_OF_SEQUENCE,
    },
}
SUCCESSES = frozenset({None, "1"})  # codes that stand in no table: nothing is wrong
# (step, status of ActiveSync) -> the same, for numbers that mean something else in each command
_DEVICE_STATE = frozenset({("sync", "3"), ("sync", "13"), ("ping", "3"), ("folder_sync", "9")})

# Kind of the body -> sign, where the code says nothing.
KINDS: dict[str, Sign] = {
    "accepted": Sign.ACCEPTED,
    "lost_context": Sign.CONTEXT_LOST,
    "fault": Sign.FAULT,
    "unreadable": Sign.UNREADABLE,
    "logon_page": Sign.UNREADABLE,
    "foreign_logon": Sign.UNREADABLE,
}


def node_spoke(hop: Hop) -> bool:
    """Whether anything shows that a node made this answer: its headers, or IIS's own name."""
    return (
        bool(hop.request_id)
        or hop.origin is not None
        or any(name in hop.headers for name in _NODE_HEADERS)
        or hop.headers.get("server", "").startswith("Microsoft")
    )


def is_channel(hop: Hop) -> bool:
    """An IN channel of RPC over HTTP, which has no answer as long as all is well (RPCH)."""
    waited = hop.body.is_ == "unanswered"  # in vain: nothing was ever joined to it
    return hop.status is None and hop.error is None and hop.method == IN_CHANNEL and not waited


def _coded(hop: Hop) -> Sign | None:
    """What the protocol's own code says; None: nothing that is not said by the kind."""
    code = hop.body.code
    if code is None:
        return None
    if hop.protocol == "activesync" and (hop.step, code) in _DEVICE_STATE:
        return Sign.STATE_LOST
    return CODES.get(hop.protocol, {}).get(code)


def _cut(hop: Hop) -> bool:
    """The answer had begun, and broke off by nobody's wish here."""
    return hop.error not in (None, "abandoned")


def _slow(hop: Hop) -> bool:
    body = hop.body
    # Between two answers over RPC channels lies a call and an answer: both are delayed, or one (420 ms measured).
    delays = (1, 2) if hop.protocol == "outlook_anywhere" else (1,)
    return body.pieces >= TELLING_PIECES and any(
        SLOW[0] * each <= body.median_gap <= SLOW[1] * each for each in delays
    )


Rule = tuple[Sign, Callable[[Hop], bool]]

_BALANCER: dict[int, Sign] = {
    408: Sign.LB_NO_BODY,
    413: Sign.LB_TOO_LARGE,
    504: Sign.LB_TIMEOUT,
}
UNAUTHORIZED: tuple[Rule, ...] = (
    (Sign.UNBOUND, lambda hop: hop.auth == "bound"),
    (Sign.UNAUTHORIZED, lambda hop: hop.auth in COMPLETE),
)
MOVED: tuple[Rule, ...] = ((Sign.LB_REDIRECT, lambda hop: not node_spoke(hop)),)
UNREACHED: tuple[Rule, ...] = (
    (Sign.THROTTLED, lambda hop: "retry-after" in hop.headers),
    (Sign.SERVER_ERROR, lambda hop: names.BE_SERVER.lower() in hop.headers),
)
# Status -> its rules, and the sign when none of them holds; codes and kinds have been asked before.
RULES: dict[int, tuple[tuple[Rule, ...], Sign]] = {
    401: (UNAUTHORIZED, Sign.CHALLENGE),
    429: ((), Sign.THROTTLED),
    449: ((), Sign.PROVISION),  # ActiveSync up to 12.1: ASPROV
    451: ((), Sign.HANDED_ON),  # ActiveSync: a better server is named
    502: (UNREACHED, Sign.FRONT_END_503),
    503: (UNREACHED, Sign.FRONT_END_503),
    504: (UNREACHED, Sign.FRONT_END_503),
}
RULES_BY_HUNDRED: dict[int, tuple[tuple[Rule, ...], Sign]] = {
    2: (((Sign.TRUNCATED, _cut), (Sign.SLOW_PIECES, _slow)), Sign.SERVED),
    3: (MOVED, Sign.SERVED),
    5: ((), Sign.SERVER_ERROR),
}


def says_all(hop: Hop) -> bool:
    """Whether status and body alone say that it was served."""
    body = hop.body
    return (
        hop.status == 200
        and body.is_ == "answer"
        and body.code in SUCCESSES
        and body.owner not in OTHERS
        and body.pieces == 0
        and hop.error is None
    )


def read_answer(hop: Hop) -> Sign:
    """The sign that this answer is."""
    status, body = hop.status, hop.body
    if says_all(hop):
        return Sign.SERVED  # nearly every answer leaves here
    if status is None:
        return Sign.SERVED if is_channel(hop) else Sign.NO_ANSWER
    if body.owner in OTHERS:
        return Sign.WRONG_MAILBOX
    if status >= 400 and status != 401 and not node_spoke(hop):
        return _BALANCER.get(status, Sign.LB_ERROR)
    if status != 401:
        said = _coded(hop) or KINDS.get(body.is_)
        if said is not None:
            return said
    rules, otherwise = RULES.get(status) or RULES_BY_HUNDRED.get(
        status // 100, ((), Sign.REQUEST_REFUSED)
    )
    return next((sign for sign, holds in rules if holds(hop)), otherwise)


def besides(hop: Hop) -> Sign | None:
    """What is wrong with an answer that begins a session: it is a stream, and may break off or crawl."""
    if _cut(hop):
        return Sign.TRUNCATED
    return Sign.SLOW_PIECES if _slow(hop) else None
