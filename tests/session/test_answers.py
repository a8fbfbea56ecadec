"""Falls if: an answer of a protocol beside OWA is read as another sign, or its class is not the node's."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session.hop import Evidence, Hop
from exsim.session.signs import Sign, hop_class, read
from tests.session.calls import TARGETS

FE = {"x-feserver": "EX16-01"}
BE = {**FE, "x-beserver": "EX16-02"}
IIS = {"server": "Microsoft-IIS/7.5"}
OK = Evidence(is_="answer", owner="own")
IN = "RPC_IN_DATA /rpc/rpcproxy.dll?m:6001"


def hop(protocol: str, status: int | None, headers: dict[str, str], **fields: Any) -> Hop:
    fields = {"request": TARGETS[protocol], "step": "", "auth": "bound"} | fields
    return Hop(
        utc="", t=1.0, took=0.1, user=1, session="1.1", seq=1, protocol=protocol,
        status=status, headers=headers, **fields,
    )  # fmt: skip


def coded(is_: str, code: str | None = None, **more: Any) -> Evidence:
    return Evidence(is_=is_, code=code, **more)


ROWS: list[tuple[str, Hop, Sign, str]] = [
    # Signing in
    ("nothing sent", hop("ews", 401, FE, auth=""), Sign.CHALLENGE, "challenged"),
    ("first leg", hop("ews", 401, FE, auth="ntlm_1"), Sign.CHALLENGE, "challenged"),
    ("last leg", hop("ews", 401, FE, auth="ntlm_3"), Sign.UNAUTHORIZED, "refused"),
    ("last leg, 2010", hop("ews", 401, IIS, auth="ntlm_3"), Sign.UNAUTHORIZED, "refused"),
    ("basic", hop("activesync", 401, FE, auth="basic"), Sign.UNAUTHORIZED, "refused"),
    ("token", hop("mapi_http", 401, FE, auth="token"), Sign.UNAUTHORIZED, "refused"),
    ("bound, and behind the balancer it is not", hop("ews", 401, FE), Sign.UNBOUND, "challenged"),
    ("challenge with a body like a fault", hop("ews", 401, FE, auth="", body=coded("fault")), Sign.CHALLENGE, "challenged"),
    # Answers
    ("answer", hop("ews", 200, BE, body=OK), Sign.SERVED, "served"),
    ("answer without headers", hop("activesync", 200, {}, body=OK), Sign.SERVED, "served"),
    ("another user's", hop("ews", 200, BE, body=coded("answer", owner="other")), Sign.WRONG_MAILBOX, "served"),
    ("another user's, in a fault", hop("ews", 500, BE, body=coded("fault", owner="stranger")), Sign.WRONG_MAILBOX, "served"),
    ("connect", hop("mapi_http", 200, BE, body=coded("accepted", "0")), Sign.ACCEPTED, "served"),
    ("context", hop("mapi_http", 200, BE, body=coded("lost_context", "10")), Sign.CONTEXT_LOST, "lost_context"),
    ("context, as an answer", hop("mapi_http", 200, BE, body=coded("answer", "10")), Sign.CONTEXT_LOST, "lost_context"),
    ("cookie missing", hop("mapi_http", 200, BE, body=coded("fault", "13")), Sign.COOKIES_MISSING, "served"),
    ("sequence", hop("mapi_http", 200, BE, body=coded("fault", "15")), Sign.OUT_OF_SEQUENCE, "served"),
    ("other code", hop("mapi_http", 200, BE, body=coded("fault", "12")), Sign.FAULT, "served"),
    ("subscription", hop("ews", 200, BE, body=coded("fault", "ErrorSubscriptionNotFound")), Sign.CONTEXT_LOST, "lost_context"),
    ("an operation that failed, with 200", hop("ews", 200, BE, body=coded("fault", "ErrorInternalServerError")), Sign.FAULT, "served"),
    ("busy", hop("ews", 500, BE, body=coded("fault", "ErrorServerBusy")), Sign.THROTTLED, "served"),
    ("too many streams", hop("ews", 200, BE, body=coded("answer", "ErrorExceededConnectionCount")), Sign.THROTTLED, "served"),
    ("other fault", hop("ews", 500, BE, body=coded("fault", "ErrorInvalidRequest")), Sign.FAULT, "served"),
    ("device state", hop("activesync", 200, BE, body=coded("answer", "132")), Sign.STATE_LOST, "served"),
    ("sync key", hop("activesync", 200, BE, step="sync", body=coded("answer", "3")), Sign.STATE_LOST, "served"),
    ("3 elsewhere", hop("activesync", 200, BE, step="settings", body=coded("answer", "3")), Sign.SERVED, "served"),
    ("policy", hop("activesync", 200, BE, body=coded("answer", "142")), Sign.PROVISION, "served"),
    ("policy, old", hop("activesync", 449, FE), Sign.PROVISION, "served"),
    ("better server", hop("activesync", 451, FE), Sign.HANDED_ON, "served"),
    ("not this protocol", hop("ews", 200, FE, body=coded("unreadable")), Sign.UNREADABLE, "served"),
    ("logon page", hop("ews", 200, FE, body=coded("logon_page")), Sign.UNREADABLE, "served"),
    ("broken off", hop("ews", 200, BE, body=OK, error="truncated"), Sign.TRUNCATED, "served"),
    ("the run stopped", hop("ews", 200, BE, body=OK, error="abandoned"), Sign.SERVED, "served"),
    ("crawling", hop("ews", 200, BE, body=coded("answer", pieces=9, median_gap=0.205)), Sign.SLOW_PIECES, "served"),
    ("a call and its answer crawl", hop("outlook_anywhere", 200, BE, body=coded("answer", pieces=9, median_gap=0.42)), Sign.SLOW_PIECES, "served"),
    ("two waits of another protocol", hop("ews", 200, BE, body=coded("answer", pieces=9, median_gap=0.42)), Sign.SERVED, "served"),
    ("heartbeats", hop("ews", 200, BE, body=coded("answer", pieces=9, median_gap=2.2)), Sign.SERVED, "served"),
    ("three pieces tell nothing", hop("ews", 200, BE, body=coded("answer", pieces=3, median_gap=0.2)), Sign.SERVED, "served"),
    # Errors: whose?
    ("no server", hop("ews", 503, {}), Sign.LB_ERROR, "none"),
    ("front end", hop("ews", 503, FE), Sign.FRONT_END_503, "served"),
    ("IIS's own", hop("ews", 503, {"server": "Microsoft-HTTPAPI/2.0"}), Sign.FRONT_END_503, "served"),
    ("back end", hop("ews", 503, BE), Sign.SERVER_ERROR, "served"),
    ("come later", hop("activesync", 503, {**FE, "retry-after": "60"}), Sign.THROTTLED, "served"),
    ("silent for too long", hop("activesync", 504, {}), Sign.LB_TIMEOUT, "none"),
    ("waited for the body", hop("outlook_anywhere", 408, {}, request=IN), Sign.LB_NO_BODY, "none"),
    ("body too large", hop("outlook_anywhere", 413, {"server": "nginx"}, request=IN), Sign.LB_TOO_LARGE, "none"),
    ("in channel cut", hop("outlook_anywhere", 400, {}, request=IN), Sign.LB_ERROR, "none"),
    ("forbidden", hop("activesync", 403, FE), Sign.REQUEST_REFUSED, "served"),
    ("moved by the balancer", hop("ews", 301, {}), Sign.LB_REDIRECT, "none"),
    ("moved by a node", hop("autodiscover", 302, FE), Sign.SERVED, "served"),
    ("error", hop("ews", 500, FE), Sign.SERVER_ERROR, "served"),
    # No answer
    ("in channel, closed by its client", hop("outlook_anywhere", None, {}, request=IN, ended="closed"), Sign.SERVED, "served"),
    ("in channel, reset", hop("outlook_anywhere", None, {}, request=IN, error="reset"), Sign.NO_ANSWER, "none"),
    ("out channel", hop("outlook_anywhere", None, {}, ended="closed"), Sign.NO_ANSWER, "none"),
    ("reset", hop("ews", None, {}, error="reset"), Sign.NO_ANSWER, "none"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "made", "sign", "class_"), ROWS, ids=[row[0] for row in ROWS])
def test_an_answer_is_read_as(name: str, made: Hop, sign: Sign, class_: str) -> None:
    assert (read(made), hop_class(made)) == (sign, class_)
