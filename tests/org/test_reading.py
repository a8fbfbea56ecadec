"""Who can read whose logon, and what it says where it cannot.

Falls if: the matrix of the incident is another, a cause is not what the redirect and the confession say, or
a key that was never authorised is kept.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from exsim.org.settings import Organisation
from exsim.wire import names
from tests.org.farm import (
    Browser,
    Farm,
    changed,
    logged_on,
)

NEW, NEW_2, OLD = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"
NODES = (NEW, NEW_2, OLD)


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
