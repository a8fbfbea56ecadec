"""Falls if: mail is lost or made up, or an operation on single items reaches another one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.org.activesync.message import Message, parsed
from exsim.wire.activesync import PATH
from exsim.wire.wbxml import tags
from tests.org.activesync.phone import DELETED, INBOX, SENT, Phone, air
from tests.org.activesync.test_sync import added, receive
from tests.org.farm import Farm

compose = tags("ComposeMail")
moves = tags("Move")
operations = tags("ItemOperations")
estimate = tags("GetItemEstimate")


def test_a_message_reaches_its_recipient_and_a_copy_is_kept(farm: Farm, phone: Phone) -> None:
    mime = f"To: {phone.mailbox.address}\r\nSubject: to myself\r\n\r\nhello\r\n".encode()
    parts = compose("ClientId", "1"), compose("SaveInSentItems"), compose("Mime", mime)
    answer = phone.ask("SendMail", compose("SendMail", *parts))
    assert (answer.status, answer.body) == (200, b"")
    kept = phone.sync(phone.first_key(SENT), collection=SENT)
    assert kept.text("Commands", "Add", "ApplicationData", "Email:Subject") == "to myself"
    assert len(added(phone.sync(phone.first_key()))) == 6


def test_an_older_device_sends_the_message_bare(farm: Farm, phone: Phone) -> None:
    phone.version = 121
    target = f"{PATH}?Cmd=SendMail&User=u&DeviceId={phone.device_id}&DeviceType=exsim&SaveInSent=T"
    mime = f"To: {phone.mailbox.address}\r\nSubject: bare\r\n\r\nhello\r\n".encode()
    answer = phone.raw("POST", target, mime, kind="message/rfc822")
    assert (answer.status, answer.body) == (200, b"")
    assert len(added(phone.sync(phone.first_key(SENT), collection=SENT))) == 1


def test_a_message_to_nobody_is_refused(phone: Phone) -> None:
    made = compose("SendMail", compose("ClientId", "1"), compose("Mime", b"Subject: x\r\n\r\n"))
    assert phone.told("SendMail", made).text("Status") == "119"


def test_an_item_is_fetched_with_its_body(farm: Farm, phone: Phone) -> None:
    receive(farm, phone, "look")
    number = added(phone.sync(phone.first_key()))[0]
    wanted = air("CollectionId", INBOX), air("ServerId", number)
    fetch = operations("Fetch", operations("Store", "Mailbox"), *wanted)
    told = phone.told("ItemOperations", operations("ItemOperations", fetch))
    found = told.find("Response", "Fetch")
    assert found is not None and found.text("Status") == "1"
    assert found.text("Properties", "Email:Subject") == "look"
    body = found.text("Properties", "AirSyncBase:Body", "AirSyncBase:Data") or ""
    assert body.strip() == "hello"
    missing = operations(
        "Fetch", operations("Store", "Mailbox"), air("CollectionId", SENT), air("ServerId", number)
    )
    told = phone.told("ItemOperations", operations("ItemOperations", missing))
    assert told.text("Response", "Fetch", "Status") == "6"


def test_an_item_is_moved_and_gets_another_number(phone: Phone) -> None:
    number = added(phone.sync(phone.first_key()))[0]
    fields = moves("SrcMsgId", number), moves("SrcFldId", INBOX), moves("DstFldId", DELETED)
    told = phone.told("MoveItems", moves("MoveItems", moves("Move", *fields)))
    assert told.text("Response", "Status") == "3"
    assert (told.text("Response", "DstMsgId") or "").startswith(f"{DELETED}:")
    again = phone.told("MoveItems", moves("MoveItems", moves("Move", *fields)))
    assert again.text("Response", "Status") == "1"


def test_an_estimate_is_what_a_sync_would_bring(phone: Phone) -> None:
    def estimated(key: str) -> tuple[str | None, str | None]:
        wanted = air("SyncKey", key), estimate("CollectionId", INBOX)
        asked = estimate("Collections", estimate("Collection", *wanted))
        told = phone.told("GetItemEstimate", estimate("GetItemEstimate", asked))
        return told.text("Response", "Status"), told.text("Response", "Collection", "Estimate")

    assert estimated("1") == ("3", None)
    key = phone.first_key()
    assert estimated(key) == ("1", "5")
    after = phone.sync(key).text("SyncKey") or ""
    assert estimated(after) == ("1", "0")
    assert estimated("77") == ("4", None)


MESSAGES = [
    (b"", Message()),
    (b"Subject: a\r\nTo: x@y.example, Z <z@y.example>\r\n\r\nhi\r\n",
     Message("a", ("x@y.example", "z@y.example"), "hi\r\n")),
    (b"Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\n", Message("café")),
    (b"Subject: a\r\n\tb\r\nTo: nobody\r\n\r\n", Message("a b")),
]  # fmt: skip


@pytest.mark.parametrize(("mime", "expected"), MESSAGES)
def test_a_message_is_read(mime: bytes, expected: Message) -> None:
    assert parsed(mime) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_of_some_kind(noise: bytes) -> None:
    for mime in (noise, b"To: " + noise, b"Content-Type: " + noise + b"\r\n\r\nx"):
        assert isinstance(parsed(mime), Message)
