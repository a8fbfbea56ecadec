"""The addresses of directories: where a logon leads, when it is handed on to another site, and no more.

Falls if: a logon page leads away from the host that was asked, a mailbox of another site is proxied though
its site has a name of its own (or handed on though it has none), credentials are sent on to where they
came from, or an address has a say in anything else.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exsim.org.namespace import destination, host_of
from exsim.org.settings import Organisation
from exsim.wire import names
from tests.org.farm import HOST, Browser, Farm, changed

NEW, NEW_2, OLD = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"
OWN, OTHER = f"https://{HOST}/owa", "https://mail.perth.example/owa/"


def sited(organisation: Organisation, **sites: str) -> Organisation:
    """The same with some nodes in other sites."""
    named = {name.replace("_", "-"): site for name, site in sites.items()}
    nodes = tuple(
        msgspec.structs.replace(node, site=named.get(node.name, node.site))
        for node in organisation.nodes
    )
    return msgspec.structs.replace(organisation, nodes=nodes)


def external(organisation: Organisation, name: str, url: str) -> Organisation:
    return changed(organisation, name, external_urls={"owa": url})


@pytest.mark.parametrize(
    ("external_url", "internal_url", "leads_to"),
    [
        ("", "", f"https://{HOST}/owa/"),
        (OWN, "", f"https://{HOST}/owa/"),
        (f"https://{HOST}/OWA/", "", f"https://{HOST}/OWA/"),
        (OTHER, "", f"https://{HOST}/owa/"),
        (OTHER, f"https://{HOST}/owa/inside", f"https://{HOST}/owa/inside/"),
        ("nonsense", "https://[", f"https://{HOST}/owa/"),
    ],
)
def test_a_logon_leads_to_the_directorys_address_on_the_host_that_was_asked(
    organisation: Organisation, external_url: str, internal_url: str, leads_to: str
) -> None:
    set_ = changed(
        organisation, NEW, external_urls={"owa": external_url}, internal_urls={"owa": internal_url}
    )
    assert destination(set_.node(NEW), HOST) == leads_to
    page = Browser(Farm(set_)).get(NEW, f"{names.LOGON_PAGE}?replaceCurrent=1")
    assert f'value="{leads_to}"' in page.body.decode()


def test_the_target_of_the_page_itself_comes_first(organisation: Organisation) -> None:
    farm = Farm(external(organisation, NEW, f"https://{HOST}/OWA/"))
    page = Browser(farm).get(
        NEW, f"{names.LOGON_PAGE}?replaceCurrent=1&url=https%3a%2f%2f{HOST}%2fecp%2f"
    )
    assert f'value="https://{HOST}/ecp/"' in page.body.decode()


def logon(organisation: Organisation, node: str, mailbox: int, **form: Any) -> Any:
    """The logon's answer; mailbox 0 lives at 2013, 1 and 2 at the nodes of 2016."""
    return Browser(Farm(organisation)).logon(node, organisation.mailboxes[mailbox], **form)


def test_a_mailbox_of_another_site_with_a_name_of_its_own_is_handed_on(
    organisation: Organisation,
) -> None:
    answer = logon(external(sited(organisation, EXCH13="PER"), OLD, OTHER), NEW, 0)
    assert (answer.status, answer.reason) == (200, "200 - OK")
    assert answer.header(names.FE_ERROR) == "CasRedirect"
    cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert cookies == ["PBack=1; path=/"]
    body = answer.body.decode()
    assert 'action="https://mail.perth.example/owa/auth.owa"' in body
    assert f'name="destination" value="{OTHER}"' in body and 'name="password"' in body


@pytest.mark.parametrize(
    ("site", "url"),
    [("SYD", OTHER), ("PER", ""), ("PER", OWN), ("PER", "nonsense")],
    ids=["same site", "no name of its own", "the same name", "no address"],
)
def test_every_other_mailbox_is_served_here(
    organisation: Organisation, site: str, url: str
) -> None:
    answer = logon(external(sited(organisation, EXCH13=site), OLD, url), NEW, 0)
    assert answer.status == 302
    assert any(value.startswith("cadata=") for _, value in answer.headers)


def test_what_would_lead_back_is_a_loop(organisation: Organisation) -> None:
    """The node's own outside name is another than the one that it was asked by."""
    moved = external(sited(organisation, EXCH13="PER"), OLD, OWN)
    answer = logon(external(moved, NEW, "https://mail.sydney.example/owa"), NEW, 0)
    assert answer.status == 403 and b"Redirect loop detected" in answer.body


def test_a_wrong_password_is_handed_on_to_nobody(organisation: Organisation) -> None:
    organisation = external(sited(organisation, EXCH13="PER"), OLD, OTHER)
    answer = logon(organisation, NEW, 0, password="wrong")
    assert answer.status == 302 and "reason=2" in (answer.header("Location") or "")


def test_addresses_have_no_say_in_who_reads_whose_logon(organisation: Organisation) -> None:
    for name in (NEW, NEW_2, OLD):
        organisation = external(organisation, name, f"https://{name.lower()}.example.net/owa")
    found = {}
    for issuer in (NEW, NEW_2, OLD):
        for reader in (NEW, NEW_2, OLD):
            browser = Browser(Farm(organisation))
            assert browser.logon(issuer, organisation.mailboxes[1]).status == 302
            found[issuer, reader] = browser.post(reader, names.SESSION_DATA).status
    assert {pair for pair, status in found.items() if status == 440} == {(NEW, OLD), (NEW_2, OLD)}


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://A.example/owa", "a.example"), ("", ""), ("owa", ""), ("https://[", "")],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host
