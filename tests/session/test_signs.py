"""Falls if: an answer is read as another sign, or its class differs from what a node confesses for it."""

from __future__ import annotations

from typing import Any

import pytest

from exsim.session.hop import Evidence, Hop
from exsim.session.meaning import SIGNS
from exsim.session.signs import Sign, hop_class, read, reason_of, serves
from exsim.wire.standing import SOURCES
from tests.session.test_answers import ROWS as OTHER_PROTOCOLS

FE = {"x-feserver": "EX16-01"}
BE = {**FE, "x-calculatedbetarget": "ex16-02.example.com", "x-beserver": "EX16-02"}
E14 = {"x-diaginfo": "EX10-01"}
LB = {"x-lb-server": "owa/n1"}
LOGON = (
    "https://mail.example.com/owa/auth/logon.aspx?url=https%3a%2f%2fm%2fowa%3freason%3d7&reason=0"
)
SET = dict.fromkeys(("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig"), "h")
WIPED = dict.fromkeys(SET)
REFUSED = Evidence(bytes=154, is_="refusal_440")
LIVE = dict(SET)
POLL, OWA, FORM = "POST /owa/service.svc?action=GetItem", "GET /owa/", "POST /owa/auth.owa"
MANIFEST = "GET /owa/appCacheManifestHandler.ashx?owamanifest=1"


def hop(request: str, status: int | None, headers: dict[str, str], **fields: Any) -> Hop:
    return Hop(
        utc="", t=1.0, took=0.1, user=1, session="1.1", seq=1, protocol="owa", step="",
        request=request, status=status, headers=headers, **fields,
    )  # fmt: skip


ROWS: list[tuple[str, Hop, Sign, str]] = [
    # Logon
    ("accepted", hop(FORM, 302, FE, set_cookies=SET, location="https://m/owa/"), Sign.ACCEPTED, "served"),
    ("accepted by 2010", hop(FORM, 302, E14, set_cookies={"sessionid": "h"}), Sign.ACCEPTED, "served"),
    ("wrong password", hop(FORM, 302, FE, location=f"{LOGON[:-1]}2"), Sign.LOGON_REFUSED, "refused_bare"),
    ("kept out by a rule", hop(FORM, 302, FE, location=f"{LOGON[:-1]}5"), Sign.LOGON_BLOCKED, "refused_bare"),
    ("kept out by a rule while logged on", hop(OWA, 302, FE, location=f"{LOGON[:-1]}6", cookies=LIVE, set_cookies=WIPED), Sign.LOGON_BLOCKED, "refused"),
    ("wrong password while logged on", hop(FORM, 302, FE, location=LOGON, cookies=LIVE, set_cookies=WIPED), Sign.LOGON_REFUSED, "refused"),
    ("wrong password elsewhere", hop("POST /ecp/auth.owa", 440, FE, body=REFUSED), Sign.LOGON_REFUSED, "refused_bare"),
    ("bad form", hop(FORM, 400, FE), Sign.REQUEST_REFUSED, "served"),
    ("no certificate", hop(FORM, 302, FE, location="https://m/owa/auth/errorFE.aspx?CafeError=NoFbaSSL"), Sign.SERVER_ERROR, "served"),
    ("no Auth certificate", hop(FORM, 500, FE), Sign.SERVER_ERROR, "served"),
    ("another site, credentials sent on", hop(FORM, 200, {**FE, "x-owa-feerror": "CasRedirect"}), Sign.HANDED_ON, "served"),
    ("another site, page that submits", hop(FORM, 200, FE, body=Evidence(is_="auto_submit")), Sign.HANDED_ON, "served"),
    ("another site, plain", hop(FORM, 302, FE, location="https://other/owa/"), Sign.HANDED_ON, "served"),
    ("another site, of a page", hop(OWA, 200, {**FE, "x-owa-feerror": "CasRedirect"}), Sign.HANDED_ON, "served"),
    ("sent on, and not said where", hop(FORM, 302, FE), Sign.HANDED_ON, "served"),
    ("logon page again", hop(FORM, 200, FE, body=Evidence(is_="logon_page")), Sign.LOGON_REFUSED, "refused_bare"),
    # Anonymous
    ("root", hop("GET /", 302, FE, location="/owa/"), Sign.ANONYMOUS, "served"),
    ("logon page", hop("GET /owa/auth/logon.aspx?replaceCurrent=1", 200, FE, body=Evidence(is_="logon_page")), Sign.ANONYMOUS, "served"),
    ("health check", hop("GET /owa/HealthCheck.htm", 200, FE, body=Evidence(is_="health")), Sign.ANONYMOUS, "served"),
    ("drained", hop("GET /owa/HealthCheck.htm", None, {}, error="closed"), Sign.NO_ANSWER, "none"),
    # Refusals
    ("post refused", hop(POLL, 440, FE, body=REFUSED, cookies=LIVE, set_cookies=WIPED), Sign.LOGIN_TIMEOUT, "refused"),
    ("post refused, bare", hop(POLL, 440, FE, body=REFUSED), Sign.LOGIN_TIMEOUT, "refused_bare"),
    ("post refused with a lone renewed cookie", hop(POLL, 440, FE, body=REFUSED, cookies={"cadataTTL": "h"}), Sign.LOGIN_TIMEOUT, "refused"),
    ("post refused, nothing wiped", hop(POLL, 440, FE, body=REFUSED, cookies=LIVE), Sign.LOGIN_TIMEOUT, "refused"),
    ("post refused, headers stripped", hop(POLL, 440, {}, body=REFUSED, cookies=LIVE), Sign.LOGIN_TIMEOUT, "refused"),
    ("head refused", hop("HEAD /owa/", 440, FE, body=Evidence(is_="empty")), Sign.LOGIN_TIMEOUT, "refused_bare"),
    ("telemetry after log-off", hop("POST /owa/plt1.ashx", 440, FE, body=REFUSED), Sign.LOGIN_TIMEOUT, "refused_bare"),
    ("refused by 2010", hop(POLL, 440, E14, cookies={"sessionid": "h"}), Sign.LOGIN_TIMEOUT, "refused"),
    ("a back end's name on a wiping 440", hop(POLL, 440, BE, cookies=LIVE, set_cookies=WIPED), Sign.LOGIN_TIMEOUT, "refused"),
    ("get refused", hop(OWA, 302, FE, location=LOGON, cookies=LIVE, set_cookies=WIPED), Sign.LOGON_REDIRECT, "refused"),
    ("get refused, bare", hop(OWA, 302, FE, location=LOGON), Sign.LOGON_REDIRECT, "refused_bare"),
    ("get refused, relative", hop(OWA, 302, FE, location="/owa/auth/Logon.aspx?reason=0"), Sign.LOGON_REDIRECT, "refused_bare"),
    ("ecp's 404 made a refusal", hop("GET /ecp/x", 302, FE, location=LOGON, cookies=LIVE), Sign.LOGON_REDIRECT, "refused"),
    ("expired event of 2010", hop("GET /owa/ev.owa?oeh=1&ns=x", 440, E14, cookies=LIVE), Sign.LOGIN_TIMEOUT, "refused"),
    ("redirect followed elsewhere", hop(POLL, 200, FE, body=Evidence(is_="logon_page"), cookies=LIVE), Sign.LOGON_PAGE_AS_DATA, "refused"),
    # Log-off
    ("log-off", hop("GET /owa/logoff.owa", 302, BE, location="/owa/auth/signout.aspx", set_cookies=WIPED, cookies=LIVE), Sign.LOGGED_OFF, "served"),
    ("legacy log-off", hop("GET /owa/logoff.owa", 302, BE, location=LOGON, set_cookies=WIPED, cookies=LIVE), Sign.LOGGED_OFF, "served"),
    ("log-off unread", hop("GET /owa/logoff.owa", 302, FE, location="https://m/owa/auth/signout.aspx"), Sign.LOGGED_OFF, "served"),
    ("log-off bounced by 2010", hop("GET /owa/logoff.owa", 302, E14, location=LOGON, cookies=LIVE), Sign.LOGON_REDIRECT, "refused"),
    # Benign
    ("no manifest", hop(MANIFEST, 440, BE, cookies=LIVE), Sign.BENIGN_440, "benign"),
    ("no manifest, headers stripped", hop(MANIFEST, 440, {}, cookies=LIVE), Sign.BENIGN_440, "benign"),
    ("no manifest, another cookie deleted", hop(MANIFEST, 440, BE, cookies=LIVE, set_cookies={"UserContext": None}), Sign.BENIGN_440, "benign"),
    ("a back end's 440 elsewhere", hop(POLL, 440, BE, cookies=LIVE), Sign.SERVER_ERROR, "served"),
    ("a front end's, of the manifest", hop(MANIFEST, 440, FE, cookies=LIVE, set_cookies=WIPED), Sign.LOGIN_TIMEOUT, "refused"),
    # Served, and wrong without a loss
    ("answer", hop(POLL, 200, BE, cookies=LIVE, body=Evidence(is_="json", owner="own", code="NoError")), Sign.SERVED, "served"),
    ("answer that says nothing", hop(POLL, 200, {}, cookies=LIVE), Sign.SERVED, "served"),
    ("ping", hop("GET /owa/ping.owa?UA=0", 242, BE, cookies=LIVE), Sign.SERVED, "served"),
    ("not modified", hop("GET /owa/prem/1/a.js", 304, BE, cookies=LIVE), Sign.SERVED, "served"),
    ("language page", hop(OWA, 302, BE, location="/owa/languageselection.aspx"), Sign.SERVED, "served"),
    ("language needed", hop(POLL, 442, BE), Sign.SERVED, "served"),
    ("a call that went well", hop(POLL, 200, BE, body=Evidence(is_="json", code="NoError")), Sign.SERVED, "served"),
    ("a call that failed", hop(POLL, 200, BE, body=Evidence(is_="json", code="ErrorItemNotFound")), Sign.FAULT, "served"),
    ("another's call that failed", hop(POLL, 200, BE, body=Evidence(is_="json", code="500", owner="other")), Sign.WRONG_MAILBOX, "served"),
    ("a redirect that says not where", hop(OWA, 302, FE), Sign.SERVED, "served"),
    ("canary", hop(POLL, 449, BE, cookies=LIVE), Sign.CANARY_REFUSED, "served"),
    ("other build", hop(POLL, 412, BE, cookies=LIVE), Sign.VERSION_MISMATCH, "served"),
    ("exception", hop(POLL, 500, {**BE, "x-owa-error": "OwaLockTimeoutException"}), Sign.SERVER_ERROR, "served"),
    ("language not set", hop(POLL, 204, {**BE, "x-owa-error": "OwaInvalidUserLanguageException"}), Sign.SERVER_ERROR, "served"),
    ("error page", hop(OWA, 302, BE, location="/owa/auth/errorfe.aspx?httpCode=500"), Sign.SERVER_ERROR, "served"),
    ("error page of 2010", hop(OWA, 302, E14, location="/owa/auth/error.aspx"), Sign.SERVER_ERROR, "served"),
    ("back end down", hop(POLL, 503, {**FE, "x-calculatedbetarget": "b.example.com"}), Sign.FRONT_END_503, "served"),
    ("back end slow", hop(POLL, 504, FE), Sign.FRONT_END_503, "served"),
    ("a node's own, asked directly", hop(POLL, 503, {}, origin="EX16-01"), Sign.FRONT_END_503, "served"),
    ("a back end's 503", hop(POLL, 503, BE), Sign.SERVER_ERROR, "served"),
    ("throttled", hop(POLL, 200, BE, body=Evidence(is_="json", code="ErrorServerBusy")), Sign.THROTTLED, "served"),
    ("over budget", hop(POLL, 503, {**BE, "x-owa-error": "x.OverBudgetException"}), Sign.THROTTLED, "served"),
    ("offload not configured", hop(OWA, 403, FE), Sign.REQUEST_REFUSED, "served"),
    ("script of another build", hop("GET /owa/prem/1/a.js", 404, BE), Sign.REQUEST_REFUSED, "served"),
    ("broken off", hop(POLL, 200, BE, error="truncated", ended="truncated"), Sign.TRUNCATED, "served"),
    ("run stopped while it streamed", hop(POLL, 200, BE, error="abandoned", ended="abandoned"), Sign.SERVED, "served"),
    ("another's mail", hop(POLL, 200, BE, body=Evidence(is_="json", owner="other")), Sign.WRONG_MAILBOX, "served"),
    ("a stranger's mail", hop(OWA, 200, BE, body=Evidence(is_="boot_page", owner="stranger")), Sign.WRONG_MAILBOX, "served"),
    ("somebody else's logon page", hop(OWA, 200, {}, body=Evidence(is_="foreign_logon")), Sign.FOREIGN_LOGON, "served"),
    # No node
    ("balancer's 503", hop(POLL, 503, {}), Sign.LB_ERROR, "none"),
    ("balancer's 502", hop(POLL, 502, {}), Sign.LB_ERROR, "none"),
    ("balancer's 504", hop(POLL, 504, {"content-type": "text/html"}), Sign.LB_ERROR, "none"),
    ("balancer's 400", hop(POLL, 400, {}), Sign.LB_ERROR, "none"),
    ("balancer's 408", hop(POLL, 408, {}), Sign.LB_ERROR, "none"),
    ("a node's 400 behind a stripping balancer", hop(FORM, 400, LB), Sign.REQUEST_REFUSED, "served"),
    ("a node's 503 with a request-id alone", hop(POLL, 503, {}, request_id="g"), Sign.FRONT_END_503, "served"),
    ("balancer's redirect", hop("GET /owa", 302, {}, location="https://m/owa/"), Sign.LB_REDIRECT, "none"),
    ("reset", hop(POLL, None, {}, error="reset"), Sign.NO_ANSWER, "none"),
    ("abandoned", hop(POLL, None, {}, error="abandoned", ended="abandoned"), Sign.NO_ANSWER, "none"),
    ("a status nobody knows", hop(POLL, 999, FE), Sign.REQUEST_REFUSED, "served"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "sign", "class_"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_each_answer_is_its_sign_and_of_its_class(answer: Hop, sign: Sign, class_: str) -> None:
    assert (read(answer), hop_class(answer)) == (sign, class_)


def test_every_sign_that_one_answer_can_be_stands_in_the_table() -> None:
    together = {Sign.COOKIES_TAKEN, Sign.EXPIRED, Sign.REPLACED, Sign.AUTHORITY_REDIRECT}
    together |= {Sign.UNASKED}  # depends on whom the client is
    read_here = {sign for _, _, sign, _ in ROWS}
    assert read_here | {sign for _, _, sign, _ in OTHER_PROTOCOLS} == set(Sign) - together


@pytest.mark.parametrize(
    ("answer", "lets_in"),
    [
        (hop(POLL, 200, BE), True),
        (hop(POLL, 200, {**FE, "x-calculatedbetarget": "b.example.com"}), True),
        (hop(OWA, 200, {}, body=Evidence(is_="boot_page")), True),
        (hop(POLL, 200, {}, body=Evidence(is_="json")), True),
        (hop(OWA, 200, {}, body=Evidence(is_="html", owner="own")), True),
        (hop(OWA, 200, FE, body=Evidence(is_="html")), False),  # a page that anybody may have made
        (hop(OWA, 302, BE, location="/owa/languageselection.aspx"), False),
        (hop(OWA, 200, BE, body=Evidence(is_="boot_page", owner="other")), False),
        (hop(POLL, 503, BE), False),
    ],
)
def test_an_answer_lets_somebody_in_where_only_a_mailbox_could_have_given_it(
    answer: Hop, lets_in: bool
) -> None:
    assert serves(answer, read(answer)) is lets_in


@pytest.mark.parametrize(
    ("hosts", "sign"),
    [((), Sign.SERVED), (("mail.example.com",), Sign.AUTHORITY_REDIRECT), (("sts.example.com",), Sign.SERVED)],
)  # fmt: skip
def test_only_another_host_than_the_service_is_a_foreign_authority(
    hosts: tuple[str, ...], sign: Sign
) -> None:
    assert read(hop(OWA, 302, FE, location="https://STS.example.com/adfs/ls?x"), hosts) is sign


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (LOGON, "0"),
        (f"{LOGON[:-1]}3", "3"),
        ("/owa/auth/logon.aspx?reason=2&url=x", "2"),
        ("/owa/auth/logon.aspx", None),
        (None, None),
    ],
)
def test_the_reason_is_the_redirects_own_and_not_that_of_an_address_within_it(
    location: str | None, reason: str | None
) -> None:
    assert reason_of(hop(OWA, 302, FE, location=location)) == reason


def test_every_sign_has_a_meaning_and_cites_a_source() -> None:
    assert set(SIGNS) == set(Sign)
    for meaning in SIGNS.values():
        assert meaning.source == "assumed" or set(meaning.source.split()) <= set(SOURCES)
        assert meaning.class_ in {
            "served",
            "refused",
            "benign",
            "challenged",
            "lost_context",
            "none",
        }


@pytest.mark.parametrize("location", ["http://[", "https://[::1", "//", "logon.aspx", "\x00", "%"])
def test_a_location_that_cannot_be_read_raises_nothing(location: str) -> None:
    assert read(hop(OWA, 302, FE, location=location), {"mail.example.com"}) in set(Sign)
