"""What a front end does by itself: logon, reading, refusing, attribution, health, probes.

Falls if: the matrix of the incident is another, an answer bears headers of a side that did not make it,
a logon accepts what a real one refuses, or a drained component answers.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from exsim.org.settings import Organisation
from exsim.org.work import Hangup, Peer
from exsim.wire import names
from exsim.wire.message import Request
from tests.org.farm import (
    CHROME,
    HOST,
    Browser,
    Farm,
    behind,
    changed,
    mailbox,
    set_cookie_lines,
    set_cookies,
)

NEW, NEW_2, OLD = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"
NODES = (NEW, NEW_2, OLD)
FE_ONLY = {"Server", "request-id", "X-FEServer", "X-Powered-By", "X-AspNet-Version"}
BE_ONLY = {"X-CalculatedBETarget", "X-BEServer", "X-DiagInfo", "X-OWA-Version"}


def logged_on(farm: Farm, node: str, number: int = 1, **more: Any) -> Browser:
    browser = Browser(farm, **more)
    assert browser.logon(node, farm.organisation.mailboxes[number]).status == 302
    assert browser.get(node, "/owa/").status == 200
    return browser


def test_the_incidents_matrix_is_one_way(farm: Farm) -> None:
    found = {
        (issuer, reader): logged_on(farm, issuer).post(reader, "/owa/sessiondata.ashx").status
        for issuer in NODES
        for reader in NODES
    }
    assert found == {
        (issuer, reader): 440 if issuer != OLD and reader == OLD else 200
        for issuer in NODES
        for reader in NODES
    }


def test_after_one_refusal_every_node_refuses(farm: Farm) -> None:
    browser = logged_on(farm, NEW)
    statuses = [browser.serve(node).status for node in (NEW, OLD, NEW, NEW_2)]
    assert statuses == [200, 440, 440, 440]
    assert [c.class_ for c in farm.confessions[-4:]] == [
        "served", "refused", "refused_bare", "refused_bare",
    ]  # fmt: skip
    assert [c.cause for c in farm.confessions[-4:]] == ["", "unreadable", "absent", "absent"]
    assert len(farm.confessions[-3].wiped) == 5 and farm.confessions[-2].wiped == ()


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, {}),
        ({OLD: {"ssl": "ssl-2"}}, {OLD: (False, False)}),
        ({OLD: {"key": "cng"}}, {OLD: (False, True)}),
        ({OLD: {"signature": "hmac"}}, {OLD: (False, False)}),
    ],
)
def test_each_fault_has_its_own_matrix(
    organisation: Organisation, settings: dict[str, Any], expected: dict[str, tuple[bool, bool]]
) -> None:
    healthy = changed(organisation, "*", encrypt_with="ssl", decrypt_with=("ssl",))
    for name, values in settings.items():
        healthy = changed(healthy, name, **values)
    farm = Farm(healthy)
    box = healthy.mailboxes[1]

    def reads(issuer: str, reader: str) -> bool:
        browser = Browser(farm)
        browser.logon(issuer, box)
        return browser.get(reader, "/owa/").status == 200

    for name in NODES:
        to_it, from_it = expected.get(name, (True, True))
        other = NEW if name != NEW else NEW_2
        assert (reads(other, name), reads(name, other)) == (to_it, from_it)


def test_the_cause_stands_in_the_reason_and_the_confession(farm: Farm) -> None:
    browser = logged_on(farm, NEW)
    lone = Browser(farm)
    lone.cookies = {"cadataTTL": browser.cookies["cadataTTL"]}
    mixed = browser.copy()
    mixed.cookies["cadata"] = logged_on(farm, NEW, 2).cookies["cadata"]
    late = browser.copy()
    cases = [(Browser(farm), "absent", "0"), (lone, "incomplete", "0"), (mixed, "unreadable", "0")]
    for client, cause, reason in cases:
        answer = client.get(NEW, "/owa/")
        assert (answer.header("Location") or "").endswith(f"reason={reason}")
        assert farm.confessions[-1].cause == cause
    farm.now += 12 * 3600 + 1
    assert (late.get(NEW, "/owa/").header("Location") or "").endswith("reason=3")
    assert farm.confessions[-1].cause == "expired"


def test_a_key_once_opened_is_not_opened_again(farm: Farm) -> None:
    """A hit in the key cache skips RSA: a signature that no longer fits is not even looked at."""
    fresh = Browser(farm)
    fresh.logon(NEW, farm.organisation.mailboxes[1])
    fresh.cookies["cadataSig"] = "QUJD"
    assert fresh.copy().get(NEW, "/owa/").status == 302
    known = logged_on(farm, NEW)
    known.cookies["cadataSig"] = "QUJD"
    assert known.copy().get(NEW, "/owa/").status == 200
    assert known.copy().get(NEW_2, "/owa/").status == 302  # each front end has a cache of its own
    known.copy().get(NEW, "/owa/logoff.owa")
    assert known.copy().get(NEW, "/owa/").status == 302  # the log-off took its entry out


def test_only_an_authorised_request_fills_the_key_cache(organisation: Organisation) -> None:
    browser = logged_on(Farm(organisation), NEW)
    without = Organisation(
        nodes=organisation.nodes, mailboxes=(), certificates=organisation.certificates
    )
    browser.farm = Farm(without)
    assert (browser.copy().get(NEW, "/owa/").header("Location") or "").endswith("reason=2")
    browser.cookies["cadataSig"] = "QUJD"
    assert (browser.copy().get(NEW, "/owa/").header("Location") or "").endswith("reason=0")


def test_a_changed_password_is_reason_2(organisation: Organisation) -> None:
    before = Farm(organisation)
    browser = logged_on(before, NEW)
    boxes = (organisation.mailboxes[0],)
    after = Farm(
        Organisation(
            nodes=organisation.nodes, mailboxes=boxes, certificates=organisation.certificates
        )
    )
    browser.farm = after
    assert (browser.copy().get(NEW, "/owa/").header("Location") or "").endswith("reason=2")
    assert browser.post(NEW, "/owa/service.svc").status == 440
    assert after.confessions[-1].cause == "credentials"


@pytest.mark.parametrize("field", ["destination", "username", "password", "flags"])
def test_a_missing_field_is_400(farm: Farm, field: str) -> None:
    form = {"destination": f"https://{HOST}/owa/", "username": "u", "password": "p", "flags": "4"}
    del form[field]
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    assert Browser(farm).post(NEW, names.LOGON_POST, body).status == 400


@pytest.mark.parametrize(
    "fields, status, location",
    [
        ({}, 302, f"https://{HOST}/owa/"),
        ({"destination": f"https://{HOST.upper()}/ecp/"}, 302, f"https://{HOST.upper()}/ecp/"),
        ({"destination": "https://elsewhere.example/owa/"}, 400, None),
        ({"destination": "/owa/"}, 400, None),
        ({"flags": "junk"}, 302, f"https://{HOST}/owa/"),
        ({"username": "user02@lab.example"}, 302, f"https://{HOST}/owa/"),
        ({"username": "lab\\USER02"}, 302, f"https://{HOST}/owa/"),
    ],
)
def test_a_logon_is_judged_by_its_fields(
    farm: Farm, fields: dict[str, str], status: int, location: str | None
) -> None:
    answer = Browser(farm).logon(NEW, farm.organisation.mailboxes[1], **fields)
    assert (answer.status, answer.header("Location")) == (status, location)


@pytest.mark.parametrize(
    "path, status", [("/owa/auth.owa", 302), ("/ecp/auth.owa", 440), ("/owa/auth/owaauth.dll", 440)]
)
def test_a_wrong_password_is_302_by_one_path_only(farm: Farm, path: str, status: int) -> None:
    body = f"destination=https%3a%2f%2f{HOST}%2fowa%2f&username=x&password=y&flags=4".encode()
    answer = Browser(farm).post(NEW, path, body)
    assert answer.status == status
    if status == 302:
        assert (answer.header("Location") or "").endswith("%2fowa%2f&reason=2")
    assert farm.confessions[-1].cause == "credentials"
    assert farm.confessions[-1].class_ == "refused_bare"


def test_five_cookies_are_set_in_order_and_secure_only_over_tls(farm: Farm) -> None:
    for scheme, attributes in (("http", "path=/; HttpOnly"), ("https", "path=/; secure; HttpOnly")):
        answer = Browser(farm, scheme).logon(NEW, farm.organisation.mailboxes[1])
        lines = set_cookie_lines(answer)
        assert tuple(lines) == names.LOGON_COOKIES
        assert all(line.partition("; ")[2] == attributes for line in lines.values())


@pytest.mark.parametrize(
    "build, scheme, agent, same_site",
    [
        ("15.1.2176.9", "https", CHROME, True),
        ("15.1.2176.9", "http", CHROME, False),
        ("15.1.2176.9", "https", "curl/8", False),
        ("15.1.669.32", "https", CHROME, False),
        ("15.2.2562.17", "https", CHROME, True),
    ],
)
def test_newer_builds_say_same_site_none(
    organisation: Organisation, build: str, scheme: str, agent: str, same_site: bool
) -> None:
    nodes = tuple(type(node)(**{**_fields(node), "build": build}) for node in organisation.nodes)
    farm = Farm(
        Organisation(
            nodes=nodes, mailboxes=organisation.mailboxes, certificates=organisation.certificates
        )
    )
    body = (
        f"destination=https://{HOST}/owa/&username=LAB\\user02&password=Correct-2&flags=4".encode()
    )
    browser = Browser(farm, scheme)
    answer = browser.post(NEW, names.LOGON_POST, body, User_Agent=agent)
    assert ("path=/;SameSite=None" in set_cookie_lines(answer)["cadata"]) is same_site


def _fields(node: Any) -> dict[str, Any]:
    return {name: getattr(node, name) for name in node.__struct_fields__}


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


def test_newer_builds_name_theirs_on_their_own_answers(organisation: Organisation) -> None:
    nodes = tuple(
        type(node)(**{**_fields(node), "build": "15.2.2562.17", "version": "se"})
        for node in organisation.nodes
    )
    farm = Farm(
        Organisation(
            nodes=nodes, mailboxes=organisation.mailboxes, certificates=organisation.certificates
        )
    )
    assert Browser(farm).get(NEW, "/owa/").header("X-OWA-Version") == "15.2.2562.17"
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


def test_basic_authorization_needs_no_cookie(farm: Farm) -> None:
    good = base64.b64encode(b"LAB\\user02:Correct-2").decode()
    assert Browser(farm).get(NEW, "/owa/", Authorization=f"Basic {good}").status == 200
    bad = base64.b64encode(b"LAB\\user02:no").decode()
    assert Browser(farm).post(NEW, "/owa/x", Authorization=f"Basic {bad}").status == 440
    assert farm.confessions[-1].cause == "credentials"


@pytest.mark.parametrize("node, status", [(OLD, 500), (NEW, 302)])
def test_base64_that_is_none_breaks_2013_and_is_no_cookie_to_2016(
    farm: Farm, node: str, status: int
) -> None:
    browser = Browser(farm)
    browser.cookies = dict.fromkeys(names.LOGON_COOKIES, "%%%")
    assert browser.get(node, "/owa/").status == status


def test_certificates_that_lack_are_pages_of_their_own(organisation: Organisation) -> None:
    farm = Farm(changed(organisation, NEW, ssl="gone"))
    answer = Browser(farm).logon(NEW, organisation.mailboxes[1])
    assert (answer.header("Location") or "").endswith("/owa/auth/errorFE.aspx?CafeError=NoFbaSSL")
    browser = logged_on(farm, NEW_2)
    answer = browser.get(NEW, "/owa/")
    assert (answer.header("Location") or "").endswith("CafeError=SSLCertificateProblem")


@pytest.mark.parametrize(
    "values", [{"unreachable_logon": True}, {"signature": "hmac", "auth": None}]
)
def test_a_node_without_its_auth_certificate_fails_at_logon(
    organisation: Organisation, values: dict[str, Any]
) -> None:
    farm = Farm(changed(organisation, NEW, **values))
    assert Browser(farm).logon(NEW, organisation.mailboxes[1]).status == 500


def test_logging_off_deletes_and_revokes_nothing(farm: Farm) -> None:
    browser = logged_on(farm, NEW)
    kept = browser.copy()
    answer = browser.get(NEW, "/owa/logoff.owa")
    assert (answer.status, answer.header("Location")) == (302, names.SIGNOUT_PAGE)
    gone = {name for name, value in set_cookies(answer) if not value}
    assert gone == {*names.LOGON_COOKIES, names.USER_CONTEXT, names.CANARY}
    assert farm.confessions[-1].class_ == "served" and len(farm.confessions[-1].wiped) == 5
    assert kept.serve(NEW).status == kept.serve(NEW_2).status == 200


def test_logging_off_without_a_logon_leads_to_the_sign_out_page(farm: Farm) -> None:
    answer = Browser(farm).get(NEW, "/owa/logoff.owa")
    assert answer.header("Location") == f"https://{HOST}{names.SIGNOUT_PAGE}"
    assert farm.confessions[-1].class_ == "served"


def test_a_mailbox_knows_its_home(farm: Farm) -> None:
    assert mailbox(1, OLD).home == OLD  # the farm's first mailbox lives on 2013
