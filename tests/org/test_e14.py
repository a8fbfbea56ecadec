"""A 2010 node: its own keys, its own form, its own headers.

Falls if: another node reads its cookies, a recycled or restarted one still does, its name stands in a
header that 2010 does not have, or a canary of the XML body is not asked for.
"""

from __future__ import annotations

import pytest

from exsim.org.settings import Organisation
from exsim.wire import names
from tests.org.farm import HOST, START, Browser, Farm, mailbox, server, set_cookies

FIRST, SECOND, NEWER = "EXCH10-01", "EXCH10-02", "EXCH16"


@pytest.fixture
def old_farm(certificates: dict[str, str]) -> Farm:
    nodes = (server(FIRST, "2010"), server(SECOND, "2010"), server(NEWER, "2016"))
    boxes = (mailbox(1, FIRST), mailbox(2, SECOND))
    return Farm(Organisation(nodes=nodes, mailboxes=boxes, certificates=certificates))


def logged_on(farm: Farm, node: str, flags: int = 4) -> Browser:
    browser = Browser(farm)
    assert browser.logon(node, farm.organisation.mailboxes[0], flags).status == 302
    return browser


def test_only_the_issuer_reads_its_cookies(old_farm: Farm) -> None:
    for issuer in (FIRST, SECOND):
        for reader in (FIRST, SECOND):
            browser = logged_on(old_farm, issuer)
            assert list(browser.cookies) == [names.E14_SESSION, names.CADATA]
            assert browser.cookies[names.CADATA].startswith('"')
            assert (browser.get(reader, "/owa/").status == 200) is (issuer == reader)


def test_crossing_wipes_both_cookies(old_farm: Farm) -> None:
    browser = logged_on(old_farm, FIRST)
    assert browser.post(SECOND, "/owa/ev.owa?oeh=1&ns=Monitoring&ev=Ping").status == 440
    assert not browser.cookies and old_farm.confessions[-1].class_ == "refused"


def test_two_logons_do_not_mix(old_farm: Farm) -> None:
    first, second = logged_on(old_farm, FIRST), logged_on(old_farm, FIRST)
    first.cookies[names.E14_SESSION] = second.cookies[names.E14_SESSION]
    assert first.get(FIRST, "/owa/").status == 302
    assert old_farm.confessions[-1].cause == "unreadable"


def test_recycling_or_starting_anew_loses_every_session(old_farm: Farm) -> None:
    browser = logged_on(old_farm, FIRST)
    old_farm.nodes[FIRST].recycle()
    assert browser.copy().get(FIRST, "/owa/").status == 302
    browser.farm = Farm(old_farm.organisation, START + 60)
    assert browser.get(FIRST, "/owa/").status == 302


def test_it_has_no_health_page_and_one_name(old_farm: Farm) -> None:
    assert Browser(old_farm).get(FIRST, "/owa/HealthCheck.htm").status == 404
    for answer in (
        Browser(old_farm).get(FIRST, "/owa/"),
        logged_on(old_farm, FIRST).get(FIRST, "/owa/"),
    ):
        assert answer.header("X-DiagInfo") == FIRST
        assert answer.header("X-FEServer") is None and answer.header("X-BEServer") is None


def test_its_form_asks_whose_computer_it_is(old_farm: Farm) -> None:
    page = Browser(old_farm).get(
        FIRST, f"/owa/auth/logon.aspx?url=https%3a%2f%2f{HOST}%2fowa%2f&reason=0"
    )
    text = page.body.decode()
    assert 'id="rdoPblc"' in text and 'id="rdoPrvt"' in text and text.count('name="trusted"') == 2
    assert f'value="https://{HOST}/owa/"' in text


def test_events_carry_their_canary_in_xml(old_farm: Farm) -> None:
    browser = logged_on(old_farm, FIRST)
    browser.get(FIRST, "/owa/")
    canary = browser.cookies[names.E14_USER_CONTEXT]
    target = "/owa/ev.owa?oeh=1&ns=Monitoring&ev=Ping"
    assert browser.post(FIRST, target, b"<params></params>").status == 449
    answer = browser.post(FIRST, target, f"<params><canary>{canary}</canary></params>".encode())
    assert answer.status == 200 and b"exsim-marker:user01@lab.example" in answer.body


@pytest.mark.parametrize("minutes, status", [(22, 200), (23, 440)])
def test_an_expired_event_is_440_by_get(old_farm: Farm, minutes: int, status: int) -> None:
    browser = logged_on(old_farm, FIRST, flags=0)
    old_farm.now += minutes * 60
    assert browser.get(FIRST, "/owa/ev.owa?oeh=1&ns=Monitoring&ev=Ping").status == status


def test_user_activity_renews(old_farm: Farm) -> None:
    browser = logged_on(old_farm, FIRST, flags=0)
    for _ in range(5):
        old_farm.now += 8 * 60
        answer = browser.get(FIRST, "/owa/")
        assert answer.status == 200 and names.CADATA in dict(set_cookies(answer))


def test_a_newer_front_end_passes_on_to_it(old_farm: Farm) -> None:
    answer = logged_on(old_farm, NEWER).get(NEWER, "/owa/")
    assert answer.status == 200 and answer.header("X-DiagInfo") == FIRST
    assert answer.header("X-CalculatedBETarget") == "exch10-01.lab.example"
    assert answer.header("X-FEServer") == NEWER


def test_leaving_deletes_everything(old_farm: Farm) -> None:
    browser = logged_on(old_farm, FIRST)
    browser.get(FIRST, "/owa/")
    answer = browser.get(FIRST, "/owa/logoff.owa")
    assert answer.header("Location") == "/owa/auth/logoff.aspx?Cmd=logoff"
    assert not browser.cookies
