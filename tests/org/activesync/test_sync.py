"""Falls if: a key counts that must not, one that must does not, or an item is told twice, never, or to a stranger."""

from __future__ import annotations

import msgspec
import pytest

from exsim.org.settings import ActiveSync
from exsim.wire import names
from exsim.wire.wbxml import Element, decode, tags
from tests.org.activesync.phone import (
    DELETED,
    DRAFTS,
    INBOX,
    SENT,
    Phone,
    air,
    folders,
    ping,
    pinging,
    settings,
    syncing,
)
from tests.org.farm import Farm, behind

email = tags("Email")
FIVE = 5  # items that a mailbox is born with


def added(collection: Element) -> list[str]:
    commands = collection.find("Commands")
    found = [] if commands is None else commands.all("Add")
    return [element.text("ServerId") or "" for element in found]


def seconds_of(farm: Farm, phone: Phone, command: str, root: Element | None) -> float:
    before = farm.now
    phone.ask(command, root)
    return farm.now - before


def receive(farm: Farm, phone: Phone, subject: str = "new") -> None:
    """Mail comes in, sent by another device of the same user (of one whose mailbox lies there too)."""
    other = Phone(farm, phone.node, phone.mailbox, device_id="Sender")
    other.provision()
    mime = f"To: {phone.mailbox.address}\r\nSubject: {subject}\r\n\r\nhello\r\n".encode()
    compose = tags("ComposeMail")
    made = compose("SendMail", compose("ClientId", "1"), compose("Mime", mime))
    answer = other.ask("SendMail", made)
    assert (answer.status, answer.body) == (200, b"")


# Folders ------------------------------------------------------------------------------------------


def folder_sync(phone: Phone, key: str) -> Element:
    return phone.told("FolderSync", folders("FolderSync", folders("SyncKey", key)))


def test_a_device_without_a_key_is_told_every_folder_once(phone: Phone) -> None:
    first = folder_sync(phone, "0")
    changes = first.find("Changes")
    assert changes is not None
    types = {each.text("DisplayName"): each.text("Type") for each in changes.all("Add")}
    assert types["Inbox"] == "2" and types["Calendar"] == "8" and types["Contacts"] == "9"
    assert changes.text("Count") == str(len(types)) == "11"
    again = folder_sync(phone, first.text("SyncKey") or "")
    assert again.text("Changes", "Count") == "0"


def test_a_key_of_nobody_is_refused(phone: Phone) -> None:
    assert folder_sync(phone, "77").text("Status") == "9"


def test_a_folder_is_made_renamed_and_removed(phone: Phone) -> None:
    key = folder_sync(phone, "0").text("SyncKey") or ""

    def change(command: str, **fields: str) -> Element:
        parts = [folders(name, value) for name, value in fields.items()]
        return phone.told(command, folders(command, folders("SyncKey", key), *parts))

    made = change("FolderCreate", ParentId="0", DisplayName="Ideas", Type="12")
    assert made.text("Status") == "1"
    number = made.text("ServerId") or ""
    assert (
        change("FolderCreate", ParentId="0", DisplayName="Ideas", Type="12").text("Status") == "2"
    )
    key = made.text("SyncKey") or ""
    renamed = change("FolderUpdate", ServerId=number, ParentId="0", DisplayName="Plans")
    assert renamed.text("Status") == "1"
    key = renamed.text("SyncKey") or ""
    assert folder_sync(phone, key).text("Changes", "Count") == "0"  # its own change is not news
    assert change("FolderDelete", ServerId=INBOX).text("Status") == "3"
    gone = change("FolderDelete", ServerId=number)
    assert gone.text("Status") == "1"
    assert change("FolderDelete", ServerId=number).text("Status") in ("4", "9")


# Sync ---------------------------------------------------------------------------------------------


def test_key_0_gives_a_key_and_nothing_else(phone: Phone) -> None:
    begun = phone.sync("0")
    assert begun.text("Status") == "1" and begun.text("SyncKey") not in ("0", None)
    assert begun.find("Commands") is None


def test_changes_asked_for_with_key_0_are_an_error(phone: Phone) -> None:
    assert phone.sync("0", air("GetChanges")).text("Status") == "4"


def test_the_items_come_once_and_bear_the_mailboxes_marker(phone: Phone) -> None:
    whole = phone.sync(phone.first_key())
    assert len(set(added(whole))) == FIVE
    subjects = {
        element.text("ApplicationData", "Email:Subject") for element in whole.find("Commands") or ()
    }
    assert subjects == {names.MARKER + phone.mailbox.address}
    answer = phone.ask("Sync", syncing(whole.text("SyncKey") or ""))
    assert (answer.status, answer.body) == (200, b"")  # nothing has changed


def test_a_window_tells_the_rest_in_turn(phone: Phone) -> None:
    window = air("WindowSize", "2")
    first = phone.sync(phone.first_key(), window)
    assert first.find("MoreAvailable") is not None
    second = phone.sync(first.text("SyncKey") or "", window)
    third = phone.sync(second.text("SyncKey") or "", window)
    assert third.find("MoreAvailable") is None
    told = [*added(first), *added(second), *added(third)]
    assert len(told) == len(set(told)) == FIVE


def test_the_key_before_counts_because_an_answer_may_be_lost(phone: Phone) -> None:
    key = phone.first_key()
    lost, again = phone.sync(key), phone.sync(key)
    assert added(again) == added(lost)
    assert phone.ask("Sync", syncing(again.text("SyncKey") or "")).body == b""
    assert phone.sync(lost.text("SyncKey") or "").text("Status") == "3"


def test_a_key_before_that_one_does_not_count(farm: Farm, phone: Phone) -> None:
    oldest = phone.first_key()
    before = phone.sync(oldest).text("SyncKey") or ""
    receive(farm, phone)
    phone.sync(before)
    refused = phone.sync(oldest)
    assert (refused.text("Status"), refused.text("SyncKey")) == ("3", "0")


def test_keys_of_a_process_that_is_gone_do_not_count(farm: Farm, phone: Phone) -> None:
    key = phone.first_key()
    again = Farm(farm.organisation, farm.now + 1)
    same = Phone(again, phone.node, phone.mailbox, key=phone.key)
    assert same.sync(key).text("Status") == "3"


def test_what_is_no_folder_asks_for_the_hierarchy(phone: Phone) -> None:
    assert phone.sync("0", collection="99").text("Status") == "12"


def test_what_came_is_told_and_what_is_gone_too(farm: Farm, phone: Phone) -> None:
    key = phone.sync(phone.first_key()).text("SyncKey") or ""
    receive(farm, phone, "hello")
    news = phone.sync(key)
    fresh = added(news)
    assert len(fresh) == 1
    other = Phone(farm, phone.node, phone.mailbox, key=0, device_id="Tablet")
    other.provision()
    theirs = other.sync(other.first_key()).text("SyncKey") or ""
    commands = air("Commands", air("Delete", air("ServerId", fresh[0])))
    other.sync(theirs, commands)
    after = phone.sync(news.text("SyncKey") or "")
    assert after.text("Commands", "Delete", "ServerId") == fresh[0]


def test_what_a_device_changes_itself_is_not_told_to_it(phone: Phone) -> None:
    whole = phone.sync(phone.first_key())
    number = added(whole)[0]
    read = air("ServerId", number), air("ApplicationData", email("Read", "1"))
    gone = air("Delete", air("ServerId", added(whole)[1]))
    unknown = air("Change", air("ServerId", f"{INBOX}:999"), air("ApplicationData"))
    done = phone.sync(
        whole.text("SyncKey") or "", air("Commands", air("Change", *read), gone, unknown)
    )
    assert done.find("Commands") is None
    assert done.text("Responses", "Change", "Status") == "8"
    assert phone.ask("Sync", syncing(done.text("SyncKey") or "")).body == b""
    moved = phone.sync(phone.first_key(DELETED), collection=DELETED)
    assert len(added(moved)) == 1


BODY = tags("AirSyncBase")("Body", tags("AirSyncBase")("Data", "Subject: idea\r\n\r\nx"))
DRAFT = air("Commands", air("Add", air("ClientId", "d1"), air("ApplicationData", BODY)))


def test_a_draft_is_made_once_however_often_it_is_sent(farm: Farm) -> None:
    phone = Phone(farm, "EXCH13", farm.organisation.mailboxes[1], 161)
    phone.provision()
    key = phone.first_key(DRAFTS)
    first = phone.sync(key, DRAFT, collection=DRAFTS)
    assert first.text("Responses", "Add", "Status") == "1"
    again = phone.sync(first.text("SyncKey") or "", DRAFT, collection=DRAFTS)
    number = first.text("Responses", "Add", "ServerId")
    assert again.text("Responses", "Add", "ServerId") == number
    assert added(phone.sync(phone.first_key(DRAFTS), collection=DRAFTS)) == [number]


@pytest.mark.parametrize(("version", "folder"), [(161, SENT), (141, DRAFTS)])
def test_no_other_mail_is_made_by_a_sync(farm: Farm, version: int, folder: str) -> None:
    phone = Phone(farm, "EXCH13", farm.organisation.mailboxes[1], version)
    phone.provision()
    refused = phone.sync(phone.first_key(folder), DRAFT, collection=folder)
    assert refused.text("Responses", "Add", "Status") == "6"


def test_an_empty_sync_repeats_the_last_full_one(farm: Farm, phone: Phone) -> None:
    assert phone.told("Sync").text("Status") == "13"  # nothing was ever asked
    phone.sync(phone.first_key())
    assert phone.ask("Sync").body == b""
    receive(farm, phone)
    whole = decode(phone.ask("Sync").body).find("Collections", "Collection")
    assert whole is not None and len(added(whole)) == 1


BAD_WAITS = [
    ([air("Wait", "5"), air("HeartbeatInterval", "100")], "4", None),
    ([air("HeartbeatInterval", "59")], "14", "60"),
    ([air("HeartbeatInterval", "4000")], "14", "3540"),
    ([air("Wait", "0")], "14", "1"),
    ([air("Wait", "60")], "14", "59"),
    ([air("Wait", "soon")], "4", None),
]


@pytest.mark.parametrize(("parts", "status", "limit"), BAD_WAITS, ids=range(len(BAD_WAITS)))
def test_a_wait_out_of_range_says_what_the_limit_is(
    phone: Phone, parts: list[Element], status: str, limit: str | None
) -> None:
    root = syncing(phone.first_key())
    answered = phone.told("Sync", air("Sync", *root, *parts))
    assert (answered.text("Status"), answered.text("Limit")) == (status, limit)


def test_a_sync_with_a_wait_is_held_as_long_as_nothing_comes(farm: Farm, phone: Phone) -> None:
    key = phone.sync(phone.first_key()).text("SyncKey") or ""
    held = air("Sync", *syncing(key), air("HeartbeatInterval", "120"))
    assert seconds_of(farm, phone, "Sync", held) == 120.0
    receive(farm, phone)
    assert seconds_of(farm, phone, "Sync", held) == 0.0


# Ping ---------------------------------------------------------------------------------------------


def test_a_ping_is_held_for_its_heartbeat(farm: Farm, phone: Phone) -> None:
    phone.sync(phone.first_key())
    assert seconds_of(farm, phone, "Ping", ping(480, INBOX)) == 480.0
    assert phone.told("Ping").text("Status") == "1"  # the same again, without a word
    phone.key = 0
    assert phone.told("Ping").text("Status") == "1"  # and no policy key is asked for


def test_a_ping_follows_the_time_scale(farm: Farm) -> None:
    quick = Farm(msgspec.structs.replace(farm.organisation, time_scale=0.1))
    phone = Phone(quick, "EXCH13", farm.organisation.mailboxes[0])
    assert seconds_of(quick, phone, "Ping", ping(600, INBOX)) == pytest.approx(60.0)


def test_a_ping_ends_at_once_when_something_is_there(farm: Farm, phone: Phone) -> None:
    phone.sync(phone.first_key())
    receive(farm, phone)
    answered = phone.told("Ping", ping(480, SENT, INBOX))
    assert answered.text("Status") == "2"
    assert answered.text("Folders", "Folder") == INBOX


BAD_PINGS = [
    (None, "3", None),
    (pinging("Ping", pinging("HeartbeatInterval", "480")), "3", None),
    (ping(59, INBOX), "5", "60"),
    (ping(3541, INBOX), "5", "3540"),
    (ping(480, INBOX, INBOX), "4", None),
    (ping(480, "99"), "7", None),
]


@pytest.mark.parametrize(("root", "status", "nearest"), BAD_PINGS, ids=range(len(BAD_PINGS)))
def test_a_ping_that_cannot_be_says_why(
    phone: Phone, root: Element | None, status: str, nearest: str | None
) -> None:
    answered = phone.told("Ping", root)
    assert (answered.text("Status"), answered.text("HeartbeatInterval")) == (status, nearest)


def test_a_ping_of_too_many_folders_says_how_many(farm: Farm) -> None:
    few = Farm(behind(farm.organisation, "*", activesync=ActiveSync(most_folders=1)))
    phone = Phone(few, "EXCH13", farm.organisation.mailboxes[0])
    answered = phone.told("Ping", ping(480, INBOX, SENT))
    assert (answered.text("Status"), answered.text("MaxFolders")) == ("6", "1")


# Who it is ----------------------------------------------------------------------------------------


def test_settings_say_whose_mailbox_it_is(phone: Phone) -> None:
    asked = settings("Settings", settings("UserInformation", settings("Get")))
    told = phone.told("Settings", asked)
    path = ("UserInformation", "Get", "Accounts", "Account", "EmailAddresses", "SMTPAddress")
    assert told.text(*path) == phone.mailbox.address
    phone.version = 140
    path = ("UserInformation", "Get", "EmailAddresses", "SMTPAddress")
    assert phone.told("Settings", asked).text(*path) == phone.mailbox.address
