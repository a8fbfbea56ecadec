"""What a back end answers: pages, services, canaries, channels, stalls.

Falls if: an answer lacks the mailbox's marker or the back end's build, a canary is asked for where a real
one is not, the channel's clock is another, or a benign 440 wipes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from exsim.org.actions import READING, SESSION, WRITING
from exsim.org.settings import Organisation
from exsim.wire import names
from tests.org.farm import START, Browser, Farm, behind, changed, incident, set_cookies

NEW, NEW_2, OLD = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"
MARKER = names.MARKER + "user02@lab.example"
MARKED = [
    "FindItem",
    "GetItem",
    "FindConversation",
    "FindFolder",
    "GetFolder",
    "GetFolderMruConfiguration",
    "GetOwaUserConfiguration",
    "GetReminders",
    "GetMailTips",
]


def logged_on(farm: Farm, number: int = 1) -> Browser:
    browser = Browser(farm)
    browser.logon(NEW, farm.organisation.mailboxes[number])
    browser.get(NEW, "/owa/")
    return browser


def test_the_start_page_bears_markers_build_and_cookies(farm: Farm) -> None:
    browser = Browser(farm)
    browser.logon(NEW, farm.organisation.mailboxes[1])
    answer = browser.get(NEW, "/owa/")
    page = answer.body.decode()
    assert any(marker in page for marker in names.BOOT_MARKERS)
    assert (
        "window.clientId" in page and f"{names.STATIC_ROOT}15.1.669.32/scripts/preboot.js" in page
    )
    assert MARKER in page
    assert {name for name, _ in set_cookies(answer)} >= {"UC", "X-OWA-CANARY", "ClientId"}
    assert len(browser.cookies["UC"]) == 32


def test_a_page_that_is_kept_tells_its_build(organisation: Organisation) -> None:
    browser = logged_on(Farm(behind(organisation, NEW, app_cache=True)))
    assert browser.cookies[names.APP_CACHE_VERSION] == "15.1.669.32:en-usbase"


@pytest.mark.parametrize("action", sorted(READING | WRITING | SESSION))
def test_every_known_action_is_answered_with_the_build(farm: Farm, action: str) -> None:
    answer = logged_on(farm).serve(NEW, action)
    assert answer.status == 200
    body = json.loads(answer.body)
    if action != "SubscribeToNotification":
        version = body["Header"]["ServerVersionInfo"]
        assert (version["MinorVersion"], version["MajorBuildNumber"]) == (1, 669)
        assert body["Body"]["ResponseMessages"]["Items"][0]["ResponseCode"] == "NoError"
    if action in MARKED:
        assert MARKER.encode() in answer.body


@pytest.mark.parametrize("action, status", [("findITEM", 200), ("NoSuchAction", 500), ("", 500)])
def test_an_unknown_action_is_an_error_that_keeps_the_session(
    farm: Farm, action: str, status: int
) -> None:
    browser = logged_on(farm)
    answer = browser.serve(NEW, action)
    assert answer.status == status and (answer.header("X-OWA-Error") is None) is (status == 200)
    assert farm.confessions[-1].class_ == "served" and "cadata" in browser.cookies


def test_session_data_needs_no_canary_and_names_the_mailbox(farm: Farm) -> None:
    browser = Browser(farm)
    browser.logon(NEW, farm.organisation.mailboxes[1])
    answer = browser.post(NEW, "/owa/sessiondata.ashx?appcacheclient=0")
    parts = json.loads(answer.body)
    assert {"owaUserConfig", "findFolders", "findConversation"} <= set(parts)
    assert MARKER.encode() in answer.body and b'"MajorBuildNumber":669' in answer.body


def test_posts_without_a_body_carry_their_json_in_a_header(farm: Farm) -> None:
    browser = logged_on(farm)
    data = "%7B%22subscriptionData%22%3A%5B%7B%22SubscriptionId%22%3A%22NewMail%22%7D%5D%7D"
    target = "/owa/service.svc?action=SubscribeToNotification&EP=1&ID=-5"
    canary = browser.cookies[names.CANARY]
    answer = browser.post(NEW, target, X_OWA_CANARY=canary, X_OWA_UrlPostData=data)
    assert json.loads(answer.body)[0]["SubscriptionId"] == "NewMail"
    broken = browser.post(NEW, target, X_OWA_CANARY=canary, X_OWA_UrlPostData="%7B")
    assert broken.status == 500


@pytest.mark.parametrize(
    "method, target, checked",
    [
        ("POST", "/owa/service.svc?action=FindItem", True),
        ("POST", "/owa/ev.owa2?ns=PendingRequest&ev=FinishNotificationRequest&UA=0", True),
        ("GET", "/owa/ev.owa2?ns=PendingRequest&ev=PendingNotificationRequest", True),
        ("GET", "/owa/service.svc/s/GetFileAttachment?id=1", True),
        ("POST", "/owa/lang.owa", True),
        ("GET", "/owa/", False),
        ("POST", "/owa/sessiondata.ashx", False),
        ("POST", "/owa/plt1.ashx", False),
        ("GET", "/owa/keepalive.owa", False),
        ("GET", "/owa/ping.owa?UA=0", False),
    ],
)
def test_the_canary_is_asked_for_where_a_real_one_is(
    farm: Farm, method: str, target: str, checked: bool
) -> None:
    browser = logged_on(farm)
    canary = browser.cookies.pop(names.CANARY)
    answer = browser.ask(NEW, method, target)
    assert (answer.status == 449) is checked
    assert "cadata" in browser.cookies and farm.confessions[-1].class_ == "served"
    if checked:
        fresh = browser.cookies[names.CANARY]
        assert fresh != canary and len(fresh) == 76
        assert browser.ask(NEW, method, target, headers={names.CANARY: fresh}).status != 449
        joint = "&" if "?" in target else "?"
        assert browser.ask(NEW, method, f"{target}{joint}{names.CANARY}={fresh}").status != 449


def test_another_users_canary_is_refused(farm: Farm) -> None:
    first, second = logged_on(farm, 1), logged_on(farm, 2)
    foreign = second.cookies[names.CANARY]
    assert first.serve(NEW, X_OWA_CANARY=foreign).status == 449


def test_a_canary_of_another_secret_is_refused(organisation: Organisation) -> None:
    browser = logged_on(Farm(organisation))
    browser.farm = Farm(behind(organisation, "*", canary_secret="another"))
    assert browser.serve(NEW).status == 449
    assert browser.serve(NEW).status == 200  # with the fresh one


@pytest.mark.parametrize(
    "hours, status, renewed", [(0.9, 200, False), (1.1, 200, True), (25, 449, True)]
)
def test_a_canary_ages(farm: Farm, hours: float, status: int, renewed: bool) -> None:
    browser = logged_on(farm)
    farm.now += hours * 3600
    if hours > 12:  # the logon has gone by then; the canary is its own matter
        canary = browser.cookies[names.CANARY]
        browser.logon(NEW, farm.organisation.mailboxes[1])
        browser.cookies[names.CANARY] = canary
    answer = browser.serve(NEW)
    assert answer.status == status
    assert (names.CANARY in dict(set_cookies(answer))) is renewed


def test_a_lost_user_context_is_made_anew_in_silence(farm: Farm) -> None:
    browser = logged_on(farm)
    first = browser.cookies["UC"]
    assert "UC" not in dict(set_cookies(browser.serve(NEW)))
    farm.now += 9 * 60
    assert browser.serve(NEW).status == 200 and browser.cookies["UC"] != first


def test_the_channel_lives_320_seconds(farm: Farm) -> None:
    browser = logged_on(farm)
    canary = browser.cookies[names.CANARY]
    base = "/owa/ev.owa2?ns=PendingRequest&UA=0&ev="
    opened = browser.post(NEW, base + "FinishNotificationRequest", X_OWA_CANARY=canary)
    cid = json.loads(opened.body)["cid"]
    answer = browser.get(NEW, f"{base}PendingNotificationRequest&cid={cid}&X-OWA-CANARY={canary}")
    assert answer.header("X-NoCompression") == answer.header("X-NoBuffering") == "1"
    assert farm.stream is not None
    times = [at - START for at, _ in farm.stream.pieces]
    assert times == pytest.approx([40.0 * tick for tick in range(1, 9)])
    words = [piece.split(b"data:'")[1].split(b"'")[0] for _, piece in farm.stream.pieces]
    assert words == [b"alive1"] * 7 + [b"restart"]
    assert len(farm.confessions) == 4  # one for the whole stream


def test_the_channel_follows_the_time_scale(certificates: dict[str, str]) -> None:
    farm = Farm(incident(certificates, time_scale=0.1))
    browser = logged_on(farm)
    target = "/owa/ev.owa2?ns=PendingRequest&ev=PendingNotificationRequest"
    browser.get(NEW, target, X_OWA_CANARY=browser.cookies[names.CANARY])
    assert farm.now - START == pytest.approx(32.0)


@pytest.mark.parametrize(
    "method, target, status",
    [
        ("GET", "/owa/ping.owa?UA=0", 242),
        ("GET", "/owa/keepalive.owa", 200),
        ("POST", "/owa/plt1.ashx", 200),
        ("GET", "/owa/exhealth.check", 200),
        ("GET", "/owa/prem/15.1.669.32/scripts/boot.js", 200),
        ("GET", "/owa/prem/15.0.1293.2/scripts/boot.js", 404),
        ("GET", "/owa/userspecificresourceinjector.ashx?ver=15.1.669.32", 200),
        ("GET", "/owa/nothing.ashx", 404),
    ],
)
def test_small_paths(farm: Farm, method: str, target: str, status: int) -> None:
    answer = logged_on(farm).ask(NEW, method, target)
    assert answer.status == status and answer.header("X-BEServer") == NEW
    if ".js" not in target:
        assert answer.header("X-OWA-Version") == "15.1.669.32"


def test_a_manifest_without_its_cookie_is_a_benign_440(farm: Farm) -> None:
    browser = logged_on(farm)
    answer = browser.get(NEW, "/owa/appCacheManifestHandler.ashx?owamanifest=1")
    assert answer.status == 440 and answer.header("X-BEServer") == NEW and not answer.close
    assert b"440 Login Timeout" not in answer.body and "cadata" in browser.cookies
    assert (farm.confessions[-1].class_, farm.confessions[-1].cause) == ("benign", "manifest")
    browser.cookies["offline"] = "0"
    again = browser.get(NEW, "/owa/appCacheManifestHandler.ashx?owamanifest=1")
    assert again.status == 200 and again.body.startswith(b"CACHE MANIFEST")


@pytest.mark.parametrize(
    "build, status", [("15.1.669.32", 200), ("15.1.669.1", 200), ("15.0.1293.2", 412), ("", 200)]
)
def test_a_page_of_another_build_is_412(
    organisation: Organisation, build: str, status: int
) -> None:
    browser = logged_on(Farm(behind(organisation, NEW, version_check=True)))
    answer = browser.serve(NEW, X_OWA_VersionId=build)
    assert answer.status == status
    if status == 412:
        assert answer.header("X-OWA-ExtendedErrorCode") == "0"


@pytest.mark.parametrize(
    "stall, held",
    [({"sessiondata.ashx": 1.0}, 12.0), ({"/owa/sessiondata.ashx": 1.0}, 12.0), ({}, 2.0)],
)
def test_answers_can_be_held(
    certificates: dict[str, str], stall: dict[str, float], held: float
) -> None:
    organisation = incident(certificates, time_scale=0.5)
    values: dict[str, Any] = {"stall": stall, "stall_seconds": 20.0, "think": 2.0}
    farm = Farm(behind(organisation, NEW, **values))
    browser = Browser(farm)
    browser.logon(NEW, organisation.mailboxes[1])
    browser.post(NEW, "/owa/sessiondata.ashx")
    assert farm.now - START == held


def test_a_share_of_stalls_is_a_share(organisation: Organisation) -> None:
    farm = Farm(behind(organisation, NEW, stall={"sessiondata.ashx": 0.3}, stall_seconds=1.0))
    browser = Browser(farm)
    browser.logon(NEW, organisation.mailboxes[1])
    for _ in range(200):
        browser.post(NEW, "/owa/sessiondata.ashx")
    assert 40 <= farm.now - START <= 80


def test_the_correlation_is_echoed_only_when_sent(farm: Farm) -> None:
    browser = logged_on(farm)
    plain = browser.serve(NEW)
    assert plain.header("X-OWA-CorrelationId") is None and plain.header("X-FrontEnd-Begin") is None
    sent = browser.serve(NEW, X_OWA_CorrelationId="A_1", X_OWA_ClientBegin="now")
    assert sent.header("X-OWA-CorrelationId") == "A_1" and sent.header("X-OWA-ClientBegin") == "now"
    assert sent.header("X-BackEnd-Begin") == sent.header("X-FrontEnd-Begin")


def test_the_control_panel_shares_the_logon(farm: Farm) -> None:
    browser = logged_on(farm)
    page = browser.get(NEW, "/ecp/")
    assert page.status == 200 and b"Exchange Admin Center" in page.body
    canary = browser.cookies[names.ECP_CANARY]
    target = "/ecp/DDI/DDIService.svc/GetList"
    assert browser.post(NEW, target).header("X-ECP-ERROR") == "InvalidCanary"
    assert browser.post(NEW, f"{target}?msExchEcpCanary={canary}").status == 200


@pytest.mark.parametrize("method, status", [("GET", 302), ("POST", 440)])
def test_404_in_the_control_panel_ends_the_session(farm: Farm, method: str, status: int) -> None:
    browser = logged_on(farm)
    answer = browser.ask(NEW, method, "/ecp/nothing.aspx")
    assert answer.status == status and "cadata" not in browser.cookies
    assert (farm.confessions[-1].class_, farm.confessions[-1].cause) == ("refused", "not_found")
    assert answer.header("X-BEServer") is None


def test_the_control_panels_query_pins_the_back_end(farm: Farm) -> None:
    browser = logged_on(farm)
    browser.get(NEW, "/ecp/?ExchClientVer=15")
    assert browser.cookies["ExchClientVer"] == "15"
    browser.post(OLD, "/owa/service.svc")
    assert "ExchClientVer" not in browser.cookies


def test_an_answer_can_come_late(certificates: dict[str, str]) -> None:
    organisation = incident(certificates, time_scale=0.5)
    farm = Farm(changed(organisation, OLD, answer_delay={"/owa/plt1.ashx": 16.0}))
    browser = logged_on(farm)
    assert browser.post(OLD, "/owa/plt1.ashx").status == 440
    assert farm.now - START == 8.0 and farm.confessions[-1].utc == "2017-03-20T08:53:28.000Z"
