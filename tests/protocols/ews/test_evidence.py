"""What is read in an answer of EWS: kind, code, build, and whose mailbox it is.

Falls if: a code or an owner is overlooked, an id of another mailbox passes for one's own, or any bytes
whatever crash the reading.
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from exsim.protocols.ews import bodies, evidence, identifier, reading
from exsim.protocols.flow import Request, Response

OWN, OTHER = "user01@isp.com.au", "user02@isp.com.au"
ACCOUNTS = frozenset((OWN, OTHER))
GUID = "7e616754-278d-49bb-805a-0f7864fe3dc5"
FOREIGN = "11111111-2222-3333-4444-555555555555"
# The id of a store as an Exchange wrote it, packed: notes of the Gromox project (doc/ews_spec.rst)
PACKED = bytes.fromhex(
    "0103240037653631363735342d323738642d343962620 02d383035612d30663738363466653364633500 2e000003"
    "8586831abed9c14194c55d3d8901759901000100000 1a5187b6fbcdcea1ed03c5657000003 0f000000".replace(
        " ", ""
    )
)


def plain_id(guid: str = GUID) -> str:
    body = b"\x00\x03" + len(guid).to_bytes(2, "little") + guid.encode() + b"\x00\x01\x00x"
    return base64.b64encode(body).decode()


def soap(inside: str, prefix: str = "s") -> bytes:
    return (
        f'<?xml version="1.0"?><{prefix}:Envelope xmlns:{prefix}="http://schemas.xmlsoap.org/soap/'
        'envelope/"><s:Header><h:ServerVersionInfo MajorVersion="15" MinorVersion="1"'
        ' MajorBuildNumber="2507" MinorBuildNumber="6" Version="V2017" xmlns:h="x"/></s:Header>'
        f"<s:Body>{inside}</s:Body></{prefix}:Envelope>"
    ).encode()


def coded(*codes: str) -> str:
    return "".join(f"<m:ResponseCode>{code}</m:ResponseCode>" for code in codes)


def seen(body: bytes, status: int = 200, mailbox: str = "", error: str | None = None):
    request = Request("POST", "/EWS/Exchange.asmx", account=OWN, mailbox=mailbox)
    return evidence.observe(request, Response(status, [], body, None, error), ACCOUNTS)


@pytest.mark.parametrize(
    ("body", "status", "kind", "code"),
    [
        (b"", 200, "empty", None),
        (b"", 401, "challenge", None),
        (b"<html>401</html>", 401, "challenge", None),
        (soap(coded("NoError")), 200, "answer", "NoError"),
        (soap(coded("NoError"), "soap11"), 200, "answer", "NoError"),
        (soap(coded("NoError", "ErrorItemNotFound")), 200, "fault", "ErrorItemNotFound"),
        (soap(coded("ErrorInternalServerError")), 200, "fault", "ErrorInternalServerError"),
        (
            soap(coded("ErrorSubscriptionNotFound")),
            200,
            "lost_context",
            "ErrorSubscriptionNotFound",
        ),
        (
            soap(
                "<s:Fault><faultcode xmlns:a='x'>a:ErrorServerBusy</faultcode><detail>"
                "<e:ResponseCode xmlns:e='x'>ErrorServerBusy</e:ResponseCode></detail></s:Fault>"
            ),
            500,
            "fault",
            "ErrorServerBusy",
        ),
        (
            soap(
                coded("ErrorInternalServerError")
                + '<t:Value Name="InnerErrorResponseCode">ErrorServerBusy</t:Value>'
            ),
            200,
            "fault",
            "ErrorServerBusy",
        ),
        (soap(coded("NoError"))[:-20], 200, "unreadable", "NoError"),
        (b"<html>sign in</html>", 200, "unreadable", None),
        (b"<html>503</html>", 503, "", None),
        (b"200 OK<br/>EX1.LAB", 200, "health", None),
    ],
)
def test_a_body_is_what_it_is(body, status, kind, code):
    found = seen(body, status)
    assert (found.is_, found.code, found.bytes) == (kind, code, len(body))


def test_the_build_stands_in_every_answer():
    assert seen(soap("")).build == "15.1.2507.6"
    assert seen(soap("").replace(b"MinorBuildNumber", b"x")).build is None


@pytest.mark.parametrize(
    ("inside", "mailbox", "owner"),
    [
        ("", GUID, None),
        (f"<t:Subject>exsim-marker:{OWN}</t:Subject>", "", "own"),
        (f"<t:Subject>exsim-marker:{OTHER}</t:Subject>", "", "other"),
        ("<t:Subject>exsim-marker:no@body.example</t:Subject>", "", "stranger"),
        (f'<t:FolderId Id="{plain_id()}"/>', "", None),
        (f'<t:FolderId Id="{plain_id()}"/>', GUID, "own"),
        (f'<t:FolderId Id="{plain_id(FOREIGN)}"/>', GUID, "stranger"),
        (f'<t:FolderId Id="{plain_id()}"/><t:ItemId Id="{plain_id(FOREIGN)}"/>', GUID, "stranger"),
        (f'<t:FolderId Id="{base64.b64encode(PACKED).decode()}"/>', GUID, "own"),
        ('<t:FolderId Id="AAAA"/><t:ItemId Id="nonsense"/>', GUID, None),
        (f"<t:Subject>exsim-marker:{OWN}</t:Subject><t:ItemId Id='x'/>", FOREIGN, "own"),
        (
            f'<t:Subject>exsim-marker:{OTHER}</t:Subject><t:ItemId Id="{plain_id()}"/>',
            GUID,
            "other",
        ),
    ],
)
def test_the_owner_is_told_by_markers_and_by_ids(inside, mailbox, owner):
    assert seen(soap(inside), mailbox=mailbox).owner == owner


def test_an_id_of_a_real_server_is_read_packed_and_plain():
    assert identifier.mailbox_of(base64.b64encode(PACKED).decode()) == GUID
    unpacked = b"\x00" + identifier.unpacked(PACKED[1:])
    assert identifier.mailbox_of(base64.b64encode(unpacked).decode()) == GUID


@pytest.mark.parametrize(
    "text",
    ["", "!", "AA==", "AAM=", "AAMkAA==", "AQMkAP8=", base64.b64encode(b"\x01" + b"\xff" * 300).decode(),
     plain_id("not-a-guid"), plain_id("١" * 36), "A" * 4000],
)  # fmt: skip
def test_what_is_no_id_names_nobody(text):
    assert identifier.mailbox_of(text) is None


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=400), some.sampled_from([200, 401, 500, 503]))
@example(b"<s:Envelope " + b"<" * 300, 200)
def test_random_bytes_never_crash(data, status):
    for body in (data, soap(""), soap("").replace(b"<s:Body>", b"<s:Body>" + data)):
        found = seen(body, status, GUID)
        assert found.bytes == len(body)
    identifier.mailbox_of(base64.b64encode(data).decode())
    identifier.unpacked(data)
    list(reading.documents(data + soap("") + data))


def test_a_long_answer_is_read_in_good_time():
    body = soap("<m:ResponseCode>NoError</m:ResponseCode>" * 50_000 + "<" * 50_000)
    assert seen(body, mailbox=GUID).code == "NoError"


@pytest.mark.parametrize(
    ("build", "schema"),
    [
        (None, "Exchange2010_SP2"),
        ("14.3.123.4", "Exchange2010_SP2"),
        ("15.0.775.38", "Exchange2013"),
        ("15.0.847.32", "Exchange2013_SP1"),
        ("15.1.669.32", "Exchange2016"),
        ("15.2.2562.17", "Exchange2016"),
        ("x.y", "Exchange2010_SP2"),
    ],
)
def test_the_schema_is_the_newest_that_the_server_knows(build, schema):
    assert bodies.schema_for(build) == schema


def test_a_stream_is_cut_into_its_documents_wherever_the_pieces_end():
    whole = soap("a") + soap("b") + b"<s:Env"
    found, held = [], b""
    for octet in whole:
        held += bytes((octet,))
        over = 0
        for end, document in reading.documents(held):
            over = end
            found.append(document)
        held = held[over:]
    assert (found, held) == ([soap("a"), soap("b")], b"<s:Env")
