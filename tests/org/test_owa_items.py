"""Items in OWA: what one protocol creates the other shows.

Falls if: OWA and EWS see two mailboxes, a list is not made anew after a change, an id of another mailbox
opens anything, or a strange request crashes the node.
"""

import json

import pytest

from tests.org.farm import Browser

NEW = "EXCH16-SYD-01"


@pytest.fixture
def page(farm):
    """A browser that is logged on at the node of its own mailbox, and the store behind it."""
    box = farm.organisation.mailboxes[1]
    browser = Browser(farm)
    browser.logon(NEW, box)
    browser.get(NEW, "/owa/")
    return browser, farm.nodes[NEW]._back._contents.box(box)


def call(browser, action, body=None, raw=None):
    """One operation; the response messages of its answer."""
    data = json.dumps({"Body": body or {}}).encode() if raw is None else raw
    fields = {"X_OWA_CANARY": browser.cookies["X-OWA-CANARY"], "Action": action}
    answer = browser.post(NEW, f"/owa/service.svc?action={action}", data, **fields)
    assert answer.status == 200, (answer.status, answer.body)
    return json.loads(answer.body)["Body"]["ResponseMessages"]["Items"]


def subjects(browser, folder="inbox"):
    (found,) = call(browser, "FindItem", {"ParentFolderIds": [{"Id": folder}]})
    return [item["Subject"] for item in found["RootFolder"]["Items"]]


def test_what_another_protocol_creates_is_in_the_list_at_once(page):
    browser, box = page
    assert subjects(browser) == [box.marker] * 5
    box.create("inbox", "by telephone", 2e9, arrives=True)
    assert subjects(browser)[0] == "by telephone"


def test_a_draft_lies_in_the_store_until_it_is_deleted(page):
    browser, box = page
    (made,) = call(browser, "CreateItem", {"Items": [{"Subject": "mine"}]})
    named = made["Items"][0]["ItemId"]
    assert (
        [item.subject for item in box.items_in("drafts")] == ["mine"] == subjects(browser, "drafts")
    )
    update = {"ItemId": named, "Updates": [{"Item": {"Subject": "ours", "IsRead": True}}]}
    (changed,) = call(browser, "UpdateItem", {"ItemChanges": [update]})
    assert changed["Items"][0]["ItemId"]["ChangeKey"] != named["ChangeKey"]
    (read,) = call(browser, "GetItem", {"ItemIds": [named]})
    assert (read["Items"][0]["Subject"], read["Items"][0]["IsRead"]) == ("ours", True)
    call(browser, "DeleteItem", {"ItemIds": [named]})
    assert box.items_in("drafts") == []
    (gone,) = call(browser, "GetItem", {"ItemIds": [named]})
    assert gone["ResponseCode"] == "ErrorItemNotFound"


def test_the_id_of_another_mailbox_opens_nothing(farm, page):
    browser = page[0]
    other = farm.organisation.mailboxes[2]
    theirs = Browser(farm)
    theirs.logon(NEW, other)
    theirs.get(NEW, "/owa/")
    (made,) = call(theirs, "CreateItem", {"Items": [{"Subject": "secret"}]})
    for action in ("GetItem", "DeleteItem"):
        (found,) = call(browser, action, {"ItemIds": [made["Items"][0]["ItemId"]]})
        assert found["ResponseCode"] == "ErrorItemNotFound" and "Items" not in found


@pytest.mark.parametrize(
    "action", ["FindItem", "GetItem", "CreateItem", "UpdateItem", "DeleteItem"]
)
@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b'{"Body":[]}', b'{"Body":{"ItemIds":[1,null,{"Id":[]}],"Items":[2],'
     b'"ItemChanges":[{"ItemId":3,"Updates":4}],"ParentFolderIds":["x"],"Paging":{"Offset":-1}}}'],
)  # fmt: skip
def test_a_strange_request_is_answered(page, action, raw):
    assert call(page[0], action, raw=raw)


def test_a_page_of_a_list_is_what_was_asked_for(page):
    browser, _ = page
    (found,) = call(browser, "FindItem", {"Paging": {"Offset": 3, "MaxEntriesReturned": 9}})
    assert found["RootFolder"]["TotalItemsInView"] == 5
    assert len(found["RootFolder"]["Items"]) == 2
