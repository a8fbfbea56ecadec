"""The logon form's POST and the log-off at a front end.

Falls if: a logon accepts what a real one refuses, its cookies are other ones, or a log-off revokes a copy.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from exsim.org.settings import Organisation
from exsim.wire import names
from tests.org.farm import (
    CHROME,
    HOST,
    Browser,
    Farm,
    changed,
    logged_on,
    set_cookie_lines,
    set_cookies,
)

NEW, NEW_2, OLD = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"


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
    nodes = tuple(replace(node, build=build) for node in organisation.nodes)
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
