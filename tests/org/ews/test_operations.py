"""The operations of EWS over one mailbox store.

Falls if: a restriction or a page gives other rows than asked for, an id of another mailbox opens
anything, what is created here is not what another protocol would find, or an error has another code.
"""

from __future__ import annotations

import pytest

from tests.org.ews.player import ALICE, BOB, NODE, SPACES, Client, codes, farm, ids, texts

INBOX = '<t:DistinguishedFolderId Id="inbox"/>'
SUBJECTS = (
    "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    '<t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties></m:ItemShape>'
)


@pytest.fixture
def made(certificates):
    return farm(certificates)


@pytest.fixture
def alice(made):
    return Client(made)


def box_of(made, mailbox):
    """The store itself, past every protocol."""
    return made.nodes[NODE]._back._contents.box(mailbox)


def find(more="", view="", folder=INBOX):
    return (
        f'<m:FindItem Traversal="Shallow">{SUBJECTS}{view}{more}'
        f"<m:ParentFolderIds>{folder}</m:ParentFolderIds></m:FindItem>"
    )


def message(subject, to="", text="", folder="inbox", how="SaveOnly"):
    people = f"<t:Mailbox><t:EmailAddress>{to}</t:EmailAddress></t:Mailbox>"
    to_whom = f"<t:ToRecipients>{people}</t:ToRecipients>" if to else ""
    saved = f'<m:SavedItemFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SavedItemFolderId>'
    return (
        f'<m:CreateItem MessageDisposition="{how}">{saved if folder else ""}<m:Items><t:Message>'
        f'<t:Subject>{subject}</t:Subject><t:Body BodyType="Text">{text}</t:Body>{to_whom}'
        "<t:IsRead>0</t:IsRead></t:Message></m:Items></m:CreateItem>"
    )


def compare(test, field, value, attributes=""):
    uri = f'<t:FieldURI FieldURI="{field}"/>'
    constant = f'<t:Constant Value="{value}"/>'
    if test != "Contains":
        constant = f"<t:FieldURIOrConstant>{constant}</t:FieldURIOrConstant>"
    return f"<t:{test}{attributes}>{uri}{constant}</t:{test}>"


def within(inside):
    return f"<m:Restriction>{inside}</m:Restriction>"


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (compare("IsEqualTo", "item:Subject", "ALPHA"), ["alpha"]),
        (compare("IsNotEqualTo", "item:Subject", "alpha"), ["beta", "gamma"]),
        (compare("IsGreaterThan", "item:Subject", "alpha"), ["beta", "gamma"]),
        (compare("IsLessThanOrEqualTo", "item:Subject", "beta"), ["alpha", "beta"]),
        (compare("IsGreaterThan", "item:Size", "1000"), ["gamma"]),
        (compare("Contains", "item:Subject", "ET", ' ContainmentMode="Substring"'), ["beta"]),
        (compare("Contains", "item:Subject", "ga", ' ContainmentMode="Prefixed"'), ["gamma"]),
        (compare("Contains", "item:Subject", "ga", ' ContainmentMode="FullString"'), []),
        ('<t:Exists><t:FieldURI FieldURI="item:Body"/></t:Exists>', ["gamma"]),
        (f"<t:Not>{compare('IsEqualTo', 'message:IsRead', 'false')}</t:Not>", []),
        (
            f"<t:Or>{compare('IsEqualTo', 'item:Subject', 'alpha')}"
            f"{compare('IsEqualTo', 'item:Subject', 'gamma')}</t:Or>",
            ["alpha", "gamma"],
        ),
        (
            f"<t:And>{compare('IsEqualTo', 'item:Subject', 'alpha')}"
            f"{compare('IsEqualTo', 'item:Subject', 'gamma')}</t:And>",
            [],
        ),
    ],
)
def test_a_restriction_gives_the_rows_that_it_means(alice, test, expected):
    for subject, text in (("alpha", ""), ("beta", ""), ("gamma", "x" * 2000)):
        assert alice.codes(message(subject, text=text, folder="drafts")) == ["NoError"]
    drafts = '<t:DistinguishedFolderId Id="drafts"/>'
    assert sorted(texts(alice.ask(find(within(test), folder=drafts)), "Subject")) == expected


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (within("<t:IsAlike/>"), "ErrorUnsupportedTypeForConversion"),
        (within(compare("IsEqualTo", "item:Nonsense", "x")), "ErrorUnsupportedPathForQuery"),
        (within("<t:Not>" * 60 + "</t:Not>" * 60), "ErrorSchemaValidation"),
        (within('<t:IsEqualTo><t:FieldURI FieldURI="item:Subject"/></t:IsEqualTo>'), None),
        ("<m:IndexedPageItemView Offset='-1'/>", "ErrorSchemaValidation"),
        ("<m:IndexedPageItemView Offset='²'/>", "ErrorSchemaValidation"),
    ],
)
def test_what_is_no_restriction_and_no_page_is_a_fault(alice, inside, code):
    document = alice.ask(find(inside))
    assert alice.answer.status == 500
    fault = document.findtext(".//s:Fault/faultcode", "", SPACES)
    assert fault == f"a:{code or 'ErrorSchemaValidation'}"


@pytest.mark.parametrize(
    ("view", "rows", "offset", "last"),
    [
        ("", 5, "5", "true"),
        ('<m:IndexedPageItemView MaxEntriesReturned="2" Offset="0"/>', 2, "2", "false"),
        ('<m:IndexedPageItemView MaxEntriesReturned="2" Offset="4"/>', 1, "5", "true"),
        ('<m:IndexedPageItemView MaxEntriesReturned="2" Offset="9"/>', 0, "5", "true"),
        ('<m:IndexedPageItemView MaxEntriesReturned="0" Offset="0"/>', 0, "0", "false"),
        ('<m:IndexedPageItemView MaxEntriesReturned="2" Offset="0" BasePoint="End"/>', 2, "2", "false"),
        ('<m:IndexedPageItemView MaxEntriesReturned="9" Offset="0" BasePoint="End"/>', 5, "5", "true"),
    ],
)  # fmt: skip
def test_a_page_is_what_was_asked_for(alice, view, rows, offset, last):
    root = alice.ask(find(view=view)).find(".//m:RootFolder", SPACES)
    assert len(ids(root, "ItemId")) == rows
    told = [root.get(name) for name in ("IndexedPagingOffset", "IncludesLastItemInRange")]
    assert (told, root.get("TotalItemsInView")) == ([offset, last], "5")


def test_no_page_is_longer_than_a_thousand(made, alice):
    for number in range(1200):
        box_of(made, ALICE).create("drafts", str(number), 1.0)
    view = '<m:IndexedPageItemView MaxEntriesReturned="5000" Offset="0"/>'
    folder = '<t:DistinguishedFolderId Id="drafts"/>'
    root = alice.ask(find(view=view, folder=folder)).find(".//m:RootFolder", SPACES)
    assert (len(ids(root, "ItemId")), root.get("IncludesLastItemInRange")) == (1000, "false")


def test_rows_come_in_the_order_that_is_asked_for(alice):
    for subject in ("b", "a", "c"):
        alice.ask(message(subject, folder="drafts"))
    order = (
        '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Subject"/>'
        "</t:FieldOrder></m:SortOrder>"
    )
    drafts = '<t:DistinguishedFolderId Id="drafts"/>'
    assert texts(alice.ask(find(order, folder=drafts)), "Subject") == ["a", "b", "c"]


def test_what_is_created_lies_in_the_one_store(made, alice):
    assert alice.codes(message("hello &amp; goodbye", text="body")) == ["NoError"]
    item = box_of(made, ALICE).items_in("inbox")[0]
    assert (item.subject, item.text, item.sender) == ("hello & goodbye", "body", ALICE.address)
    assert texts(alice.ask(find()), "Subject")[0] == "hello & goodbye"


@pytest.mark.parametrize(
    ("how", "saved", "where"),
    [("SaveOnly", "", "drafts"), ("SendAndSaveCopy", "", "sentitems"), ("SendOnly", "", "")],
)
def test_sent_mail_arrives_and_its_copy_lies_where_it_should(made, alice, how, saved, where):
    document = alice.ask(message("news", BOB.address, folder=saved, how=how))
    assert codes(document) == ["NoError"]
    assert len(ids(document, "ItemId")) == bool(where)
    places = {item.folder for item in box_of(made, ALICE).items.values() if item.subject == "news"}
    assert places == ({where} if where else set())
    arrived = [item for item in box_of(made, BOB).items_in("inbox") if item.subject == "news"]
    assert len(arrived) == (how != "SaveOnly")


def test_an_item_is_changed_moved_and_deleted(made, alice):
    (made_id,) = ids(alice.ask(message("one")), "ItemId")
    update = (
        '<m:UpdateItem ConflictResolution="AutoResolve"><m:ItemChanges><t:ItemChange>'
        f'<t:ItemId Id="{made_id}"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="item:Subject"/>'
        "<t:Message><t:Subject>two</t:Subject></t:Message></t:SetItemField></t:Updates>"
        "</t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )
    before = alice.ask(find()).find(".//t:ItemId", SPACES).get("ChangeKey")
    assert alice.codes(update) == ["NoError"]
    after = alice.ask(find()).find(".//t:ItemId", SPACES).get("ChangeKey")
    assert before != after
    item = box_of(made, ALICE).items_in("inbox")[0]
    assert item.subject == "two"
    named = f'<m:ItemIds><t:ItemId Id="{made_id}"/></m:ItemIds>'
    to = '<m:ToFolderId><t:DistinguishedFolderId Id="junkemail"/></m:ToFolderId>'
    assert alice.codes(f"<m:MoveItem>{to}{named}</m:MoveItem>") == ["NoError"]
    assert item.folder == "junkemail"
    gently = f'<m:DeleteItem DeleteType="MoveToDeletedItems">{named}</m:DeleteItem>'
    assert alice.codes(gently) == ["NoError"] and item.folder == "deleteditems"
    assert alice.codes(gently) == ["NoError"] and item.number not in box_of(made, ALICE).items
    assert alice.codes(gently) == ["ErrorItemNotFound"]


def test_the_id_of_another_mailbox_opens_nothing(made, alice):
    bob = Client(made, BOB)
    (theirs,) = ids(bob.ask(message("secret")), "ItemId")
    folder = ids(bob.ask(get_folder(INBOX)), "FolderId")[0]
    named = f'<m:ItemIds><t:ItemId Id="{theirs}"/></m:ItemIds>'
    for asked in (
        f"<m:GetItem>{SUBJECTS}{named}</m:GetItem>",
        f'<m:DeleteItem DeleteType="HardDelete">{named}</m:DeleteItem>',
        get_folder(f'<t:FolderId Id="{folder}"/>'),
        get_folder(
            '<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>'
            f"{BOB.address}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>"
        ),
    ):
        document = alice.ask(asked)
        assert codes(document) == ["ErrorAccessDenied"]
        assert b"secret" not in alice.answer.body


def get_folder(folder, shape="Default"):
    return (
        f"<m:GetFolder><m:FolderShape><t:BaseShape>{shape}</t:BaseShape></m:FolderShape>"
        f"<m:FolderIds>{folder}</m:FolderIds></m:GetFolder>"
    )


def test_a_folder_says_what_lies_in_it(alice):
    document = alice.ask(get_folder(INBOX, "AllProperties"))
    assert texts(document, "TotalCount") == texts(document, "UnreadCount") == ["5"]
    order = [element.tag.partition("}")[2] for element in document.find(".//t:Folder", SPACES)]
    assert order == [
        "FolderId", "ParentFolderId", "FolderClass", "DisplayName", "TotalCount",
        "ChildFolderCount", "EffectiveRights", "DistinguishedFolderId", "UnreadCount",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        ('<t:DistinguishedFolderId Id="recipientcache"/>', "ErrorFolderNotFound"),
        ('<t:FolderId Id="nonsense"/>', "ErrorInvalidIdMalformed"),
        ('<t:FolderId Id="AAMkAA=="/>', "ErrorInvalidIdMalformed"),
    ],
)
def test_what_is_no_folder_is_an_error_of_its_message(alice, folder, code):
    assert alice.codes(get_folder(folder + INBOX)) == [code, "NoError"]


def availability(address, start="2026-11-23T09:00:00Z", end="2026-11-23T12:00:00Z", interval=60):
    return (
        "<m:GetUserAvailabilityRequest><m:MailboxDataArray><t:MailboxData><t:Email>"
        f"<t:Address>{address}</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType>"
        "</t:MailboxData></m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow>"
        f"<t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime></t:TimeWindow>"
        f"<t:MergedFreeBusyIntervalInMinutes>{interval}</t:MergedFreeBusyIntervalInMinutes>"
        "<t:RequestedView>Detailed</t:RequestedView></t:FreeBusyViewOptions>"
        "</m:GetUserAvailabilityRequest>"
    )


def test_an_appointment_makes_its_owner_busy(made, alice):
    appointment = (
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>'
        "<t:Subject>meeting</t:Subject><t:Start>2026-11-23T10:00:00Z</t:Start>"
        "<t:End>2026-11-23T11:00:00Z</t:End></t:CalendarItem></m:Items></m:CreateItem>"
    )
    assert alice.codes(appointment) == ["NoError"]
    bob = Client(made, BOB)
    assert texts(bob.ask(availability(ALICE.address)), "MergedFreeBusy") == ["020"]
    assert texts(bob.ask(availability(BOB.address)), "MergedFreeBusy") == ["000"]
    assert codes(bob.ask(availability("no@body.example"))) == ["ErrorMailRecipientNotFound"]


@pytest.mark.parametrize(
    "asked",
    [
        availability(ALICE.address, start="yesterday"),
        availability(ALICE.address, end="2026-11-23T08:00:00Z"),
        availability(ALICE.address, end="2099-11-23T08:00:00Z"),
        availability(ALICE.address, interval="0"),
        availability(ALICE.address, interval="half"),
        availability(ALICE.address, start="0001-01-01T00:00:00+23:00"),
    ],
)
def test_what_is_no_window_of_time_is_a_fault(alice, asked):
    alice.ask(asked)
    assert alice.answer.status == 500
