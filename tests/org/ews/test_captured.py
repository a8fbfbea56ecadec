"""What exchangelib sent to a recording server, sent here in the same order.

Falls if: the first request is not challenged, an answer lacks what that client cannot go on without, or
one of its 18 requests is not understood.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from exsim.wire.message import Request, headers_named
from tests.org.ews.player import (
    ALICE,
    NODE,
    SPACES,
    Client,
    captured,
    codes,
    documents,
    farm,
    ids,
    texts,
)
from tests.org.farm import HOST

KEPT = ("X-AnchorMailbox", "X-PreferServerAffinity", "User-Agent", "Accept-Encoding")
MISSING = ("ErrorFolderNotFound",)  # of those that exchangelib takes for a folder that is not there
ITEM_ID = re.compile(rb'<t:ItemId Id="[^"]*"')
SUBSCRIPTION = re.compile(rb"SUB1")


@pytest.fixture(scope="module")
def played(certificates):
    """Every captured request, and the answer to it."""
    client, found = Client(farm(certificates)), []
    folders, items, subscription = [], [], ""
    for operation, headers, body in captured():
        body = SUBSCRIPTION.sub(subscription.encode(), body)
        if operation == "GetFolder" and b"<t:FolderId " in body:
            named = "".join(f'<t:FolderId Id="{one}"/>' for one in folders).encode()
            body = re.sub(rb"(<t:FolderId [^>]*/>)+", named, body)
        if items:
            body = ITEM_ID.sub(b'<t:ItemId Id="' + items[-1].encode() + b'"', body)
        if "Authorization" not in headers:
            request = Request("POST", "/EWS/Exchange.asmx", [("Host", HOST)], body, "http")
            found.append((operation, client.farm.ask(NODE, request), []))
            continue
        answer = client.post(body, **{k: v for k, v in headers.items() if k in KEPT})
        stream, client.farm.stream = client.farm.stream, None
        raw = b"".join(data for _, data in stream.pieces) if stream else answer.body
        parts = documents(raw)
        if operation == "FindFolder":
            folders = ids(parts[0], "FolderId")
        if operation == "CreateItem":
            items = ids(parts[0], "ItemId")
        if operation == "Subscribe":
            subscription = parts[0].findtext(".//m:SubscriptionId", "", SPACES)
        found.append((operation, answer, parts))
    return found


def at(played, number):
    """Answer and documents of capture `number`, as it is called there."""
    return played[number - 1][1:]


def test_all_eighteen_are_there(played):
    assert len(played) == 18


def test_the_first_is_asked_for_credentials(played):
    answer, _ = at(played, 1)
    assert answer.status == 401
    assert list(headers_named(answer.headers, "WWW-Authenticate")) == [f'Basic realm="{HOST}"']


def test_each_answer_says_which_version_answered(played):
    for operation, answer, parts in played[1:]:
        assert answer.status == 200, operation
        for part in parts:
            info = part.find("s:Header/t:ServerVersionInfo", SPACES)
            version = [info.get(name) for name in ("MajorVersion", "MinorVersion")]
            builds = [info.get(name) for name in ("MajorBuildNumber", "MinorBuildNumber")]
            assert (version, builds) == (["15", "1"], ["669", "32"])


def test_the_malformed_id_is_an_error_of_its_message(played):
    assert codes(at(played, 2)[1][0]) == ["ErrorInvalidIdMalformed"]


def test_root_and_inbox_have_what_the_client_reads(played):
    for number, key in ((3, "root"), (4, "inbox")):
        part = at(played, number)[1][0]
        assert codes(part) == ["NoError"]
        assert texts(part, "DistinguishedFolderId") == [key]
        assert texts(part, "ChildFolderCount") and texts(part, "TotalCount")
    assert texts(at(played, 4)[1][0], "TotalCount") == ["5"]


def test_one_message_for_each_distinguished_folder_in_order(played):
    body = captured()[4][2]
    wanted = ids(ElementTree.fromstring(body), "DistinguishedFolderId")
    part = at(played, 5)[1][0]
    messages = part.findall(".//m:GetFolderResponseMessage", SPACES)
    assert len(messages) == len(wanted) == 31
    for key, message in zip(wanted, messages, strict=True):
        code = message.findtext("m:ResponseCode", "", SPACES)
        if code == "NoError":
            assert texts(message, "DistinguishedFolderId") == [key]
        else:
            assert code in MISSING
    assert codes(part).count("NoError") > 8


def test_all_folders_are_found_with_their_page(played):
    part = at(played, 6)[1][0]
    root = part.find(".//m:RootFolder", SPACES)
    assert root.get("IncludesLastItemInRange") == "true"
    assert root.get("TotalItemsInView") == root.get("IndexedPagingOffset")
    assert {"Inbox", "Top of Information Store", "Calendar"} <= set(texts(part, "DisplayName"))


def test_folders_are_found_again_by_their_ids(played):
    part = at(played, 7)[1][0]
    assert set(codes(part)) == {"NoError"}
    assert texts(part, "DisplayName") == texts(at(played, 6)[1][0], "DisplayName")


def test_an_item_is_listed_created_found_read_and_deleted(played):
    subjects = [f"exsim-marker:{ALICE.address}"] * 5
    assert texts(at(played, 8)[1][0], "Subject") == subjects
    (made,) = ids(at(played, 9)[1][0], "ItemId")
    assert ids(at(played, 10)[1][0], "ItemId") == [made]
    item = at(played, 11)[1][0]
    assert texts(item, "Subject") == ["hello"]
    assert texts(item, "IsRead") == ["false"]
    count = at(played, 12)[1][0].find(".//m:RootFolder", SPACES)
    assert count.get("TotalItemsInView") == "6"
    assert codes(at(played, 13)[1][0]) == ["NoError"]


def test_sent_items_are_saved(played):
    for number in (14, 15):
        part = at(played, number)[1][0]
        assert codes(part) == ["NoError"] and len(ids(part, "ItemId")) == 1


def test_the_first_subscription_of_a_group_sets_the_override_cookie(played):
    answer, _ = at(played, 16)
    lines = list(headers_named(answer.headers, "Set-Cookie"))
    override = next(line for line in lines if line.startswith("X-BackEndOverrideCookie="))
    assert override.startswith("X-BackEndOverrideCookie=exch16.lab.example~")
    for number in (17, 18):
        later = " ".join(headers_named(at(played, number)[0].headers, "Set-Cookie"))
        assert "X-BackEndOverrideCookie" not in later and "exchangecookie" not in later


def test_the_stream_is_documents_that_begin_with_ok_and_end_with_closed(played):
    parts = at(played, 17)[1]
    states = [part.findtext(".//m:ConnectionStatus", "", SPACES) for part in parts]
    assert states == ["OK", "OK", "OK", "Closed"]  # one minute: two heartbeats
    assert codes(at(played, 18)[1][0]) == ["NoError"]
