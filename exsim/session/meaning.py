"""The registry of signs: what an answer can say about the session that its request belonged to.

A sign is read from one hop alone (`signs.read`).  Whether a sign costs a session depends on that
session's state (`machine`) and on whose cookies were in the jar (`detector`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sign(StrEnum):
    """What one answer says.  The last three are said by several answers together, never by one."""

    SERVED = "served"
    ANONYMOUS = "anonymous"
    ACCEPTED = "accepted"
    LOGON_REFUSED = "logon_refused"
    LOGON_BLOCKED = "logon_blocked"
    LOGGED_OFF = "logged_off"
    LOGON_REDIRECT = "logon_redirect"
    LOGIN_TIMEOUT = "login_timeout"
    LOGON_PAGE_AS_DATA = "logon_page_as_data"
    AUTHORITY_REDIRECT = "authority_redirect"
    BENIGN_440 = "benign_440"
    CANARY_REFUSED = "canary_refused"
    VERSION_MISMATCH = "version_mismatch"
    SERVER_ERROR = "server_error"
    FRONT_END_503 = "front_end_503"
    THROTTLED = "throttled"
    REQUEST_REFUSED = "request_refused"
    HANDED_ON = "handed_on"
    FOREIGN_LOGON = "foreign_logon"
    WRONG_MAILBOX = "wrong_mailbox"
    TRUNCATED = "truncated"
    LB_ERROR = "lb_error"
    LB_REDIRECT = "lb_redirect"
    NO_ANSWER = "no_answer"
    CHALLENGE = "challenge"
    UNAUTHORIZED = "unauthorized"
    UNBOUND = "unbound"
    CONTEXT_LOST = "context_lost"
    STATE_LOST = "state_lost"
    COOKIES_MISSING = "cookies_missing"
    OUT_OF_SEQUENCE = "out_of_sequence"
    PROVISION = "provision"
    FAULT = "fault"
    UNREADABLE = "unreadable"
    UNASKED = "unasked"
    SLOW_PIECES = "slow_pieces"
    LB_TIMEOUT = "lb_timeout"
    LB_NO_BODY = "lb_no_body"
    LB_TOO_LARGE = "lb_too_large"
    COOKIES_TAKEN = "cookies_taken"
    EXPIRED = "expired"
    REPLACED = "replaced"


# Of nearly every answer; a name costs a tenth of looking one up in an Enum (Python 3.11)
SERVED, ACCEPTED, LOGON_REFUSED = Sign.SERVED, Sign.ACCEPTED, Sign.LOGON_REFUSED


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a sign means.

    `class_`: served, refused, benign, challenged, lost_context, none; OWA's "refused" becomes
    "refused_bare" when the request carried no logon cookies.  `definite`: the session's logon cookies were refused or taken.  `meets`: a front
    end read the request's logon cookies, and used them.  `finding`: wrong, though it loses no session.
    `source`: keys of `wire.standing.SOURCES`, or the word *assumed*.
    """

    sentence: str
    class_: str
    source: str
    definite: bool = False
    meets: bool = False
    finding: bool = False


SIGNS: dict[Sign, Meaning] = {
    Sign.SERVED: Meaning("answered, with the session's own cookies", "served", "CAP16", meets=True),
    Sign.ANONYMOUS: Meaning("a page that anybody gets", "served", "E13"),
    Sign.ACCEPTED: Meaning("the logon form was accepted: new logon cookies", "served", "E13 E14"),
    Sign.LOGON_REFUSED: Meaning("the name or password on the form was refused", "refused", "E13"),
    Sign.LOGON_BLOCKED: Meaning(
        "a client access rule keeps this client out (reason=5 or 6)",
        "refused",
        "E13",
        finding=True,
    ),
    Sign.LOGGED_OFF: Meaning("the client itself asked to leave", "served", "E13 MWC"),
    Sign.LOGON_REDIRECT: Meaning(
        "sent to the logon page: no session was seen", "refused", "E13 E16 ORANGE", definite=True
    ),
    Sign.LOGIN_TIMEOUT: Meaning(
        "440 by a front end: no session was seen", "refused", "E13 E16 QA-440", definite=True
    ),
    Sign.LOGON_PAGE_AS_DATA: Meaning(
        "the logon page where data was asked for: somebody followed a redirect",
        "refused",
        "E13",
        definite=True,
    ),
    Sign.AUTHORITY_REDIRECT: Meaning(
        "sent to another host than the namespace, to sign in there",
        "refused",
        "assumed",
        definite=True,
    ),
    Sign.BENIGN_440: Meaning("440 by a back end: no offline copy", "benign", "E13", meets=True),
    Sign.CANARY_REFUSED: Meaning(
        "449: the canary was refused", "served", "E13", meets=True, finding=True
    ),
    Sign.VERSION_MISMATCH: Meaning(
        "412: client and server are of different builds", "served", "E13", meets=True, finding=True
    ),
    Sign.SERVER_ERROR: Meaning("an error of the server's own", "served", "E13 MWC", finding=True),
    Sign.FRONT_END_503: Meaning(
        "the front end could not reach the back end", "served", "E13 FEERR", finding=True
    ),
    Sign.THROTTLED: Meaning("the server limits this account", "served", "E13", finding=True),
    Sign.REQUEST_REFUSED: Meaning(
        "4xx that says nothing about the session", "served", "E13", finding=True
    ),
    Sign.HANDED_ON: Meaning(
        "the logon was handed on to another server or site", "served", "E13 E16", finding=True
    ),
    Sign.FOREIGN_LOGON: Meaning(
        "a logon page that is not Exchange's", "served", "assumed", finding=True
    ),
    Sign.WRONG_MAILBOX: Meaning(
        "answered from another user's mailbox", "served", "assumed", meets=True
    ),
    Sign.TRUNCATED: Meaning("the answer broke off", "served", "assumed", meets=True, finding=True),
    Sign.LB_ERROR: Meaning("the balancer's own error", "none", "HAPROXY", finding=True),
    Sign.LB_REDIRECT: Meaning("the balancer's own redirect", "none", "HAPROXY"),
    Sign.NO_ANSWER: Meaning("no answer came", "none", "assumed", finding=True),
    # Protocols beside OWA: `answers` reads them
    Sign.CHALLENGE: Meaning("401 that asks for credentials", "challenged", "NTHT"),
    Sign.UNAUTHORIZED: Meaning(
        "401 to complete credentials", "refused", "NTHT PROXIES", definite=True
    ),
    Sign.UNBOUND: Meaning(
        "401 on a connection that had been accepted: behind the balancer it is another one",
        "challenged",
        "NTHT PROXIES",
        definite=True,
    ),
    Sign.CONTEXT_LOST: Meaning(
        "the back end does not know the context, subscription or channel",
        "lost_context",
        "OXCMAPIHTTP EWSNOTIFY RPCH",
        definite=True,
    ),
    Sign.STATE_LOST: Meaning(
        "the back end lost what it knew of the device: it begins anew",
        "served",
        "ASCMD",
        meets=True,
        finding=True,
    ),
    Sign.COOKIES_MISSING: Meaning(
        "the context's cookies did not arrive", "served", "OXCMAPIHTTP", meets=True, finding=True
    ),
    Sign.OUT_OF_SEQUENCE: Meaning(
        "a request arrived twice, or two at once", "served", "OXCMAPIHTTP", meets=True, finding=True
    ),
    Sign.PROVISION: Meaning("the device is to fetch its policy", "served", "ASPROV", meets=True),
    Sign.FAULT: Meaning(
        "an error of the protocol's own", "served", "E13", meets=True, finding=True
    ),
    Sign.UNREADABLE: Meaning("not an answer of this protocol", "served", "assumed", finding=True),
    Sign.UNASKED: Meaning(
        "a client without credentials got an answer", "served", "assumed", finding=True
    ),
    Sign.SLOW_PIECES: Meaning(
        "each piece of a stream came some 200 ms late",
        "served",
        "HAPROXY",
        meets=True,
        finding=True,
    ),
    Sign.LB_TIMEOUT: Meaning(
        "504 by the balancer: the node was silent for longer than it allows",
        "none",
        "HAPROXY",
        finding=True,
    ),
    Sign.LB_NO_BODY: Meaning(
        "408 by the balancer: it waited for a body that is sent piece by piece",
        "none",
        "HAPROXY",
        finding=True,
    ),
    Sign.LB_TOO_LARGE: Meaning(
        "413 by the balancer: it allows no body of that length", "none", "NGINX", finding=True
    ),
    Sign.COOKIES_TAKEN: Meaning(
        "an answer that did not refuse these cookies deleted them", "refused", "E13", definite=True
    ),
    Sign.EXPIRED: Meaning("refused after the session's own time was over", "refused", "E13 QA-440"),
    Sign.REPLACED: Meaning("another logon took this one's place in the jar", "served", "E13"),
}

DEFINITE = frozenset(sign for sign, meaning in SIGNS.items() if meaning.definite)
MEETS = frozenset(sign for sign, meaning in SIGNS.items() if meaning.meets)
REFUSED = frozenset(sign for sign, meaning in SIGNS.items() if meaning.class_ == "refused")
