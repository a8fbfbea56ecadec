"""EWS at its edges: what is no request, versions, throttling, and hostile XML.

Falls if: anything that a client sends ends in a traceback, an entity is expanded, a fault has no code,
or a switched-off fault shows.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from exsim.org.ews import identifier, soap
from exsim.org.ews.affinity import server_number
from exsim.org.settings import EwsFaults
from exsim.wire.message import headers_named
from tests.org.ews.player import NODE, SPACES, Client, codes, documents, envelope, farm, node

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    + envelope("<m:GetFolder>&b;</m:GetFolder>").partition(b"?>")[2]
)
GET = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>"
    '<t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>'
)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "ErrorInvalidRequest"),
        (b"<", "ErrorInvalidRequest"),
        (b"\xff\xfe<\x00", "ErrorInvalidRequest"),
        (b"<html/>", "ErrorInvalidRequest"),
        (BOMB, "ErrorInvalidRequest"),
        (BOMB.decode().encode("utf-16"), "ErrorInvalidRequest"),
        (envelope(""), "ErrorInvalidRequest"),
        (envelope("<m:Nonsense/>"), "ErrorSchemaValidation"),
        (envelope("<m:GetFolder/>"), "ErrorSchemaValidation"),
        (envelope(GET, "Exchange2030"), "ErrorInvalidServerVersion"),
        (b" " * (soap.MOST + 1), "ErrorInvalidRequest"),
    ],
)
def test_what_is_no_request_is_a_fault_with_its_code(certificates, body, code):
    client = Client(farm(certificates))
    answer = client.post(body)
    (document,) = documents(answer.body)
    assert answer.status == 500
    assert document.findtext(".//s:Fault/faultcode", "", SPACES) == f"a:{code}"
    assert document.find("s:Header/t:ServerVersionInfo", SPACES) is not None


@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=300) | some.text(max_size=300).map(str.encode))
def test_random_bytes_are_refused_or_read_and_never_crash(data):
    try:
        soap.read(data)
    except soap.Refused as error:
        assert error.code
    identifier.read(data.decode("latin-1"))


@pytest.mark.parametrize(
    ("version", "schema", "status"),
    [
        ("2013", "Exchange2013_SP1", 200),
        ("2013", "Exchange2016", 500),
        ("2016", "Exchange2016", 200),
        ("2010", "Exchange2010_SP2", 200),
        ("2010", "Exchange2013", 500),
    ],
)
def test_a_server_knows_the_versions_up_to_its_own(certificates, version, schema, status):
    client = Client(farm(certificates, node(version=version)))
    assert client.post(envelope(GET, schema)).status == status


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [("fault", 500, "ErrorServerBusy"), ("message", 200, "ErrorInternalServerError")],
)
def test_throttling_says_so(certificates, form, status, code):
    faults = EwsFaults(busy=1.0, busy_form=form, back_off=7.5)
    client = Client(farm(certificates, node(faults=faults)))
    document = client.ask(GET)
    assert client.answer.status == status
    found = codes(document) or [
        document.findtext(".//s:Fault/faultcode", "", SPACES).removeprefix("a:")
    ]
    assert found == [code]
    values = {one.get("Name"): one.text for one in document.iterfind(".//t:Value", SPACES)}
    assert values in (
        {"BackOffMilliseconds": "7500"},
        {"InnerErrorResponseCode": "ErrorServerBusy"},
    )


def test_throttling_may_be_a_bare_503(certificates):
    faults = EwsFaults(busy=1.0, busy_form="unavailable")
    client = Client(farm(certificates, node(faults=faults)))
    assert client.post(envelope(GET)).status == 503
    assert client.farm.confessions[-1].class_ == "served"  # it costs no session


def test_a_healthy_node_is_never_busy(certificates):
    client = Client(farm(certificates))
    assert all(client.codes(GET) == ["NoError"] for _ in range(50))


def test_every_client_is_given_one_cookie_of_its_own(certificates):
    client = Client(farm(certificates))
    client.post(envelope(GET))
    (line,) = [
        line
        for line in headers_named(client.answer.headers, "Set-Cookie")
        if line.startswith("exchangecookie=")
    ]
    assert len(line.partition("=")[2].partition(";")[0]) == 32
    client.post(envelope(GET))
    assert "exchangecookie" not in str(client.answer.headers)
    assert client.answer.header("X-BEServer") == NODE


def test_the_number_behind_the_servers_name_is_its_version(certificates):
    documented = node()
    assert server_number(documented) == 0x7000_8000 | 15 << 22 | 1 << 16 | 669
    assert server_number(msgspec.structs.replace(documented, build="15.0.775.38")) == 1941996295
