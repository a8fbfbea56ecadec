"""Autodiscover at a node, asked for in memory; among the questions those of a client that we did not write.

Falls if: a question is answered with another mailbox's addresses, the error page of a GET is not error 600,
MAPI over HTTP is told of to somebody who did not say that he speaks it, or a redirect is not what was set.
"""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import msgspec
import pytest

from exsim.org.settings import Autodiscover, BackEnd, Organisation
from exsim.wire import names
from exsim.wire.message import Request
from tests.org.ews.player import ALICE, BOB, NODE
from tests.org.farm import HOST, Farm, changed, server

OUTLOOK, PHONE = names.AUTODISCOVER_OUTLOOK, names.AUTODISCOVER_PHONE
POX, SOAP = "/Autodiscover/Autodiscover.xml", "/autodiscover/autodiscover.svc"
A = f"{{{names.AUTODISCOVER_SPACE}}}"


def farm(certificates, version="2016", build=None, front=None, **says):
    node = server(NODE, version, back_end=BackEnd(autodiscover=Autodiscover(**says)))
    if build:
        node = msgspec.structs.replace(node, build=build)
    made = Organisation((node,), (ALICE, BOB), certificates)
    return Farm(changed(made, "*", authentication={"autodiscover": ("basic",)}, **(front or {})))


def ask(farm, path, body=None, who=ALICE, **headers):
    pair = base64.b64encode(f"{who.logon}:{who.password}".encode()).decode()
    fields = [("Host", HOST), ("Authorization", f"Basic {pair}"), ("Content-Type", "text/xml")]
    fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return farm.ask(NODE, Request("POST" if body else "GET", path, fields, body or b"", "http"))


def pox(address=ALICE.address, asked=names.AUTODISCOVER_ASKED, told=OUTLOOK):
    return (
        f'<Autodiscover xmlns="{asked}"><Request><EMailAddress>{address}</EMailAddress>'
        f"<AcceptableResponseSchema>{told}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


def test_a_get_by_somebody_who_is_signed_in_sees_error_600(certificates):
    answer = ask(farm(certificates), POX)
    error = ElementTree.fromstring(answer.body).find(".//{*}Error")
    assert (answer.status, error.findtext("{*}ErrorCode")) == (200, "600")
    assert error.findtext("{*}Message") == "Invalid Request"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<Autodiscover", "600"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Autodiscover/>', "600"),
        ("<Autodiscover/>".encode("utf-16"), "600"),
        (pox(told="urn:other"), "601"),
        (pox("nobody@exlab.test"), "500"),
    ],
)
def test_what_cannot_be_answered_is_answered_with_an_error(certificates, body, code):
    found = ElementTree.fromstring(ask(farm(certificates), POX, body).body)
    assert found.findtext(".//{*}ErrorCode") == code


def test_outlook_is_told_of_the_mailbox_that_it_asked_for(certificates):
    answer = ask(farm(certificates), POX, pox(BOB.address))
    document = ElementTree.fromstring(answer.body)
    assert document.tag == f"{{{names.AUTODISCOVER_TOLD}}}Autodiscover"
    response = document.find(f"{{{OUTLOOK}}}Response")
    assert response.findtext(f".//{{{OUTLOOK}}}AutoDiscoverSMTPAddress") == BOB.address
    types = [one.text for one in response.iterfind(f".//{{{OUTLOOK}}}Type")]
    assert types == ["EXCH", "EXPR"]
    assert response.findtext(f".//{{{OUTLOOK}}}EwsUrl") == f"https://{HOST}/EWS/Exchange.asmx"


@pytest.mark.parametrize(
    ("capability", "build", "offered", "told"),
    [
        ("1", "15.1.669.32", True, True),
        ("2", "15.0.847.32", True, True),
        ("", "15.1.669.32", True, False),
        ("0", "15.1.669.32", True, False),
        ("x", "15.1.669.32", True, False),
        ("1", "15.0.775.38", True, False),  # before SP1
        ("1", "15.1.669.32", False, False),
    ],
)
def test_mapi_over_http_is_told_of_to_those_who_speak_it(
    certificates, capability, build, offered, told
):
    made = farm(certificates, build=build, mapi_http=offered)
    answer = ask(made, POX, pox(), X_MapiHttpCapability=capability)
    found = ElementTree.fromstring(answer.body).find(f".//{{{OUTLOOK}}}Protocol[@Type='mapiHttp']")
    assert (found is not None) is told
    if told:
        url = found.findtext(f"{{{OUTLOOK}}}MailStore/{{{OUTLOOK}}}InternalUrl")
        assert url.startswith(f"https://{HOST}/mapi/emsmdb/?MailboxId=") and url.endswith("@exlab.test")  # fmt: skip


def test_a_telephone_is_told_where_activesync_is(certificates):
    body = pox(asked=names.AUTODISCOVER_PHONE_ASKED, told=PHONE)
    found = ElementTree.fromstring(ask(farm(certificates), POX, body).body)
    assert found.findtext(f".//{{{PHONE}}}Type") == "MobileSync"
    assert found.findtext(f".//{{{PHONE}}}Url") == f"https://{HOST}/Microsoft-Server-ActiveSync"


@pytest.mark.parametrize(
    ("says", "action", "element"),
    [
        ({"redirect_url": "https://other/x"}, "redirectUrl", "RedirectUrl"),
        ({"redirect_address": BOB.address}, "redirectAddr", "RedirectAddr"),
        ({"redirect_address": ALICE.address.upper()}, "settings", None),  # is asked for already
    ],
)
def test_a_redirect_is_what_was_set(certificates, says, action, element):
    made = farm(certificates, **says)
    found = ElementTree.fromstring(ask(made, POX, pox()).body)
    assert found.findtext(f".//{{{OUTLOOK}}}Action") == action
    if element:
        assert found.findtext(f".//{{{OUTLOOK}}}{element}") == next(iter(says.values()))
    code = {"redirectUrl": "RedirectUrl", "redirectAddr": "RedirectAddress"}.get(action, "NoError")
    user = ElementTree.fromstring(ask(made, SOAP, question()).body).find(f".//{A}UserResponse")
    assert user.findtext(f"{A}ErrorCode") == code


def test_a_directory_that_iis_moved_sends_everybody_on_unasked(certificates):
    made = farm(certificates, front={"moved": {"autodiscover": "https://mail.exlab.test/x"}})
    answer = made.ask(NODE, Request("GET", POX, [("Host", HOST)], b"", "http"))
    assert (answer.status, answer.header("Location")) == (302, "https://mail.exlab.test/x")


def question(address=ALICE.address, wanted=None):
    """What exchangelib 5.6.0 itself writes."""
    from exchangelib.properties import UserResponse
    from exchangelib.services.get_user_settings import GetUserSettings

    class Toy:
        service_endpoint = f"https://{HOST}{SOAP}"

    service = object.__new__(GetUserSettings)
    service.protocol = Toy()
    GetUserSettings._account_to_impersonate = None
    settings = sorted(UserResponse.SETTINGS_MAP) if wanted is None else wanted
    payload = service.get_payload(users=[address], settings=settings)
    return service.wrap(content=payload, api_version="Exchange2016")


def test_what_exchangelib_asks_is_answered_so_that_it_understands(certificates):
    from exchangelib.properties import UserResponse

    answer = ask(farm(certificates), SOAP, question())
    element = ElementTree.fromstring(answer.body).find(f".//{A}UserResponse")
    told = UserResponse.from_xml(elem=element, account=None)
    assert told.autodiscover_smtp_address == ALICE.address
    assert told.ews_url == f"https://{HOST}/EWS/Exchange.asmx"
    assert told.user_settings["user_display_name"] == f"exsim-marker:{ALICE.address}"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"<x/>", 500, b"InvalidRequest"),
        (question("nobody@exlab.test"), 200, b"InvalidUser"),
        (question().replace(b"GetUserSettings", b"GetDomainSettings"), 500, b"ActionNotSupported"),
    ],
)
def test_soap_errors(certificates, body, status, code):
    answer = ask(farm(certificates), SOAP, body)
    assert answer.status == status and code in answer.body
