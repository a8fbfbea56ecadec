"""What a front end does by itself: attribution, health, probes, what anybody gets.

Falls if: an answer bears headers of a side that did not make it, or a drained component answers.
"""

from __future__ import annotations

import base64

import pytest
from msgspec.structs import replace

from exsim.org.settings import Organisation
from exsim.org.work import Hangup, Peer
from exsim.wire import names
from exsim.wire.message import Request
from tests.org.farm import (
    Browser,
    Farm,
    behind,
    changed,
    logged_on,
    mailbox,
)

NEW, NEW_2, OLD = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"
FE_ONLY = {"Server", "request-id", "X-FEServer", "X-Powered-By", "X-AspNet-Version"}
BE_ONLY = {"X-CalculatedBETarget", "X-BEServer", "X-DiagInfo", "X-OWA-Version"}


def test_answers_bear_the_headers_of_those_who_made_them(farm: Farm) -> None:
    browser = logged_on(farm, NEW, 0)  # its mailbox lives on EXCH13
    box = farm.organisation.mailboxes[0]
    by_front_end = [
        Browser(farm).get(NEW, "/owa/"),
        Browser(farm).post(NEW, "/owa/service.svc"),
        Browser(farm).get(NEW, "/owa/auth/logon.aspx?url=x&reason=0"),
        Browser(farm).logon(NEW, box),
    ]
    for answer in by_front_end:
        present = {name for name, _ in answer.headers}
        assert present >= FE_ONLY and not present & BE_ONLY
        assert answer.header("X-FEServer") == NEW
    passed_on = browser.serve(NEW)
    assert {name for name, _ in passed_on.headers} >= FE_ONLY | BE_ONLY
    assert passed_on.header("X-FEServer") == NEW
    assert passed_on.header("X-BEServer") == passed_on.header("X-DiagInfo") == OLD
    assert passed_on.header("X-CalculatedBETarget") == "exch13.lab.example"
    assert passed_on.header("X-OWA-Version") == "15.0.1293.2"
    assert farm.confessions[-1].back_end == OLD


def test_an_unreachable_back_end_is_503_with_its_target(organisation: Organisation) -> None:
    for broken in (
        changed(organisation, NEW, broken_back_ends=(OLD,)),
        behind(organisation, OLD, down=True),
        organisation,
    ):
        farm = Farm(broken)
        farm.unreachable = {OLD}
        browser = Browser(farm)
        browser.logon(NEW, organisation.mailboxes[0])
        answer = browser.get(NEW, "/owa/")
        present = {name for name, _ in answer.headers}
        assert answer.status == 503 and "X-CalculatedBETarget" in present
        assert not present & {"X-BEServer", "X-DiagInfo"}
        assert "cadata" in browser.cookies and farm.confessions[-1].class_ == "served"


def of_build(organisation: Organisation, version: str, build: str) -> Farm:
    """The same nodes, all of one build."""
    return Farm(
        Organisation(
            nodes=tuple(replace(node, build=build, version=version) for node in organisation.nodes),
            mailboxes=organisation.mailboxes,
            certificates=organisation.certificates,
        )
    )


@pytest.mark.parametrize(
    ("version", "build", "names_it"),
    [
        ("se", "15.2.2562.17", True),
        ("2019", "15.2.986.14", True),
        ("2019", "15.2.858.5", False),
        ("2016", "15.1.2507.12", True),  # of a 401 by /mapi: HAP1828
        ("2016", "15.1.2176.9", False),
        ("2013", "15.0.1497.12", False),
    ],
)
def test_newer_builds_name_theirs_on_their_own_answers(
    organisation: Organisation, version: str, build: str, names_it: bool
) -> None:
    farm = of_build(organisation, version, build)
    told = Browser(farm).get(NEW, "/owa/").header("X-OWA-Version")
    assert told == (build if names_it else None)
    proxied = logged_on(farm, NEW).get(NEW, "/owa/")
    assert [name for name, _ in proxied.headers].count("X-OWA-Version") == 1


def test_the_logon_cookies_never_reach_a_back_end(farm: Farm) -> None:
    browser = logged_on(farm, NEW)
    farm.forwarded.clear()
    forged = {"X_Exsim_Access_Token": "S-1-5-21-1-2-3-1101;4", "Authorization": "Basic eDp5"}
    answer = browser.serve(NEW, **forged)
    (_, request), *rest = farm.forwarded
    assert not rest and not set(request.cookies) & set(names.LOGON_COOKIES)
    assert names.CANARY in request.cookies
    tokens = [value for name, value in request.headers if name == "X-Exsim-Access-Token"]
    assert tokens == ["S-1-5-21-1-2-3-1102;4"] and b"user02@" in answer.body


def test_a_public_computer_is_told_to_the_back_end(farm: Farm) -> None:
    browser = Browser(farm)
    browser.logon(NEW, farm.organisation.mailboxes[1], flags=1)
    browser.get(NEW, "/owa/")
    request = farm.forwarded[-1][1]
    assert request.header("X-LogonType") == "Public"
    assert request.header("User-Agent") == "Mozilla/5.0 (Windows NT; owaauth)"


@pytest.mark.parametrize(
    "path", ["/owa/HealthCheck.htm", "/EWS/healthcheck.HTM", "/ecp/HealthCheck.htm"]
)
def test_a_healthy_component_says_so_with_its_name(farm: Farm, path: str) -> None:
    answer = Browser(farm).get(NEW, path)
    assert (answer.status, answer.body) == (200, b"200 OK<br/>exch16-syd-01.lab.example")


def test_health_is_asked_by_get_alone(farm: Farm) -> None:
    assert Browser(farm).ask(NEW, "HEAD", "/owa/HealthCheck.htm").status == 440
    assert Browser(farm).ask(NEW, "OPTIONS", "/owa/HealthCheck.htm").status == 440


def test_a_drained_component_hangs_up_and_confesses_nothing(organisation: Organisation) -> None:
    farm = Farm(changed(organisation, NEW, inactive=("owa",)))
    work = farm.nodes[NEW].front(Request("GET", "/owa/HealthCheck.htm"), Peer(1))
    with pytest.raises(Hangup):
        next(work)
    assert Browser(farm).get(NEW, "/ecp/HealthCheck.htm").status == 200
    assert len(farm.confessions) == 1


@pytest.mark.parametrize(
    "method, target, status",
    [
        ("GET", "/", 302),
        ("GET", "/owa/auth/logon.aspx", 200),
        ("GET", "/owa/auth/15.1.669/themes/resources/favicon.ico", 200),
        ("GET", "/owa/auth/15.1.1/themes/resources/favicon.ico", 404),
        ("GET", "/owa/auth/nothing.aspx", 404),
        ("GET", "/ecp/ping.ecp", 200),
        ("GET", "/owa/auth/errorFE.aspx?CafeError=NoFbaSSL", 200),
        ("GET", "/owa/auth/signout.aspx", 200),
        ("GET", "/elsewhere", 404),
        ("OPTIONS", "*", 404),
        ("GET", "/owa", 302),
    ],
)
def test_what_anybody_gets(farm: Farm, method: str, target: str, status: int) -> None:
    assert Browser(farm).ask(NEW, method, target).status == status
    assert len(farm.confessions) == 1


def test_a_local_probe_stops_at_the_front_end(farm: Farm) -> None:
    probe = {"X_ProbeType": names.LOCAL_PROBE}
    browser = logged_on(farm, NEW)
    farm.forwarded.clear()
    answer = browser.post(NEW_2, "/owa/service.svc", **probe)
    assert (answer.status, answer.body, farm.forwarded) == (200, b"", [])
    assert answer.header("X-CalculatedBETarget") == "exch16-syd-01.lab.example"
    refused = browser.copy().post(OLD, "/owa/service.svc", **probe)
    assert refused.status == 440
    reason = base64.b64encode(b"Login Timeout").decode()
    assert refused.header("X-FailureContext") == f"FrontEnd;440;{reason};;;;"


def test_failures_are_explained_to_probes_alone(farm: Farm) -> None:
    trigger = {"X_ClientApplication": "MapiHttpClient"}
    assert Browser(farm).post(NEW, "/owa/service.svc").header("X-FailureContext") is None
    answer = Browser(farm).post(NEW, "/owa/service.svc", **trigger)
    assert (answer.header("X-FailureContext") or "").startswith("FrontEnd;440;")
    behind_it = logged_on(farm, NEW).serve(NEW, "NoSuchAction", **trigger)
    assert (behind_it.header("X-FailureContext") or "").startswith("BackEnd;500;")


def test_a_mailbox_knows_its_home(farm: Farm) -> None:
    assert mailbox(1, OLD).home == OLD  # the farm's first mailbox lives on 2013
