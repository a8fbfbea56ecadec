"""Falls if: a hostile answer gets through a telephone's readers as anything but data, or an owner is mistaken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.protocols.activesync import documents, reading
from exsim.protocols.activesync.device import Device, device_id_of, new_device
from exsim.protocols.activesync.evidence import observe
from exsim.protocols.activesync.settings import Settings
from exsim.protocols.flow import Request, Response
from exsim.session.hop import Evidence
from exsim.wire import names
from exsim.wire.wbxml import Element, decode, encode, tags
from tests.wire.test_wbxml import TREES
from tests.wire.wbxml_vectors import dialogue_documents

air = tags("AirSync")
email = tags("Email")
settings = tags("Settings")
OWN, OTHER, NOBODY = "a@isp.example", "b@isp.example", "c@elsewhere.example"
ACCOUNTS = frozenset({OWN, OTHER})


def answered(root: Element | bytes, status: int = 200) -> Response:
    body = encode(root) if isinstance(root, Element) else root
    return Response(status, [(b"content-type", b"application/vnd.ms-sync.wbxml")], body, None)


def asked(step: str = "sync", account: str = OWN) -> Request:
    return Request("POST", "/Microsoft-Server-ActiveSync", step=step, account=account)


def item(subject: str) -> Element:
    data = air("ApplicationData", email("Subject", subject))
    added = air("Add", air("ServerId", "3:1"), data)
    status = air("Status", "1")
    collection = air("Collection", air("SyncKey", "1"), status, air("Commands", added))
    return air("Sync", air("Collections", collection))


def addresses(*told: str) -> Element:
    listed = settings("EmailAddresses", *(settings("SMTPAddress", each) for each in told))
    return settings(
        "Settings",
        settings("Status", "1"),
        settings("UserInformation", settings("Status", "1"), settings("Get", listed)),
    )


OWNERS = [
    (item(names.MARKER + OWN), "own"),
    (item(names.MARKER + OTHER), "other"),
    (item(names.MARKER + NOBODY), "stranger"),
    (item("hello"), None),
    (addresses(OWN), "own"),
    (addresses(OTHER), "other"),
    (addresses(NOBODY), "stranger"),
    (addresses(NOBODY, OWN.upper()), "own"),  # one mailbox, several addresses
    (addresses(), None),
    (air("Sync", air("Status", "1"), air("ServerId", names.MARKER + OTHER)), "other"),  # short
]


@pytest.mark.parametrize(("root", "owner"), OWNERS)
def test_an_answer_says_whose_mailbox_it_is(root: Element, owner: str | None) -> None:
    found = observe(asked(), answered(root), ACCOUNTS)
    assert (found.is_, found.code, found.owner) == ("answer", "1", owner)


def test_a_marker_in_an_answer_that_cannot_be_read_counts_too() -> None:
    body = encode(item(names.MARKER + OTHER))[:-2]
    found = observe(asked(), answered(body), ACCOUNTS)
    assert (found.is_, found.owner) == ("unreadable", "other")
    html = f"<html>{names.MARKER}{OTHER}</html>".encode()
    assert observe(asked(), answered(html, 500), ACCOUNTS).owner == "other"


KINDS = [
    ("sync", b"", 200, "empty", None),
    ("sync", b"<html>", 200, "unreadable", None),
    ("sync", b"Unauthorized", 401, "challenge", None),
    ("sync", encode(air("Sync", air("Status", "5"))), 200, "fault", "5"),
    ("ping", encode(tags("Ping")("Ping", tags("Ping")("Status", "5"))), 200, "answer", "5"),
    ("folder_sync", encode(air("Sync", air("Status", "111"))), 200, "fault", "111"),
    ("sync", encode(air("Sync")), 200, "answer", None),
    ("options", b"200 OK<br/>EX.LAB", 200, "health", None),
    (
        "sync",
        encode(air("Sync", air("Status", "1"))),
        503,
        Evidence().is_,
        None,
    ),  # nothing of it is read
]


@pytest.mark.parametrize(("step", "body", "status", "kind", "code"), KINDS)
def test_an_answer_is_of_a_kind(
    step: str, body: bytes, status: int, kind: str, code: str | None
) -> None:
    found = observe(asked(step), answered(body, status), ACCOUNTS)
    assert (found.is_, found.code) == (kind, code)


STATUSES = [
    (air("Sync", air("Status", "3")), "3"),
    (item("x"), "1"),
    (air("Sync", air("Collections", air("Collection", air("Status", "1")), air("Collection", air("Status", "12")))), "12"),
    (air("Sync", air("Status", "1"), air("Collections", air("Collection", air("Status", "8")))), "8"),
    (documents.take_policy("1"), "1"),
    (air("Sync"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("root", "status"), STATUSES)
def test_one_status_decides(root: Element, status: str) -> None:
    assert reading.status_of(root) == status


def readers(root: Element | None) -> None:
    reading.status_of(root)
    reading.collections_in(root)
    reading.mail_folders_in(root)
    reading.policy_key_in(root)
    reading.changed_in(root)
    reading.seconds_in(root, "HeartbeatInterval")


@given(TREES)
def test_any_document_is_read_without_a_stumble(tree: Element) -> None:
    readers(tree)
    observe(asked(), answered(tree), ACCOUNTS)


@given(st.sampled_from(dialogue_documents()), st.data())
def test_a_changed_byte_of_a_real_answer_is_read_or_called_unreadable(
    document: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(document) - 1))
    changed = document[:at] + data.draw(st.binary(min_size=1, max_size=1)) + document[at + 1 :]
    response = answered(changed)
    readers(reading.document_of(response)[0])
    assert observe(asked(), response, ACCOUNTS).is_ in ("answer", "fault", "unreadable")


@pytest.mark.parametrize("document", dialogue_documents(), ids=range(77))
def test_answers_of_other_servers_are_read(document: bytes) -> None:
    readers(decode(document))
    assert observe(asked(), answered(document), ACCOUNTS).is_ == "answer"


# The device ------------------------------------------------------------------------------------------


def test_a_device_has_a_name_that_any_server_takes() -> None:
    name = device_id_of("User01@isp.example")
    assert name == device_id_of("user01@isp.example") != device_id_of("user02@isp.example")
    assert len(name) == 32 and name.isalnum()


VERSIONS = [
    ("2.5,12.0,12.1,14.0,14.1,16.0,16.1", "16.1"),
    ("2.0,2.1,2.5,12.0,12.1,14.0,14.1", "14.1"),
    ("2.5,12.0, 12.1", "12.1"),
    ("", ""),
    ("99.9,<script>", ""),
]


@pytest.mark.parametrize(("offered", "chosen"), VERSIONS)
def test_the_newest_common_version_is_chosen(offered: str, chosen: str) -> None:
    device = new_device(OWN, Settings())
    device.choose_version(offered)
    assert device.version == chosen


def waits(limit: float, rounds: int, **values: float) -> list[float]:
    """The heartbeats that a device asks for behind a balancer that cuts at `limit`."""
    own = Settings(**values)  # type: ignore[arg-type]
    device, asked = new_device(OWN, own), []
    for _ in range(rounds):
        asked.append(device.heartbeat)
        if device.heartbeat < limit:
            device.passed(own)
        else:
            device.cut(own)
    return asked


WAITS = [
    (60.0, [480, 240, 120, 60, 60, 60]),
    (180.0, [480, 240, 120, 120, 120, 120]),
    (900.0, [480, 780, 1080, 780, 780, 780]),
    (1e9, [480, 780, 1080, 1380, 1680, 1800]),
    (61.0, [480, 240, 120, 60, 60, 60]),
]


@pytest.mark.parametrize(("limit", "expected"), WAITS)
def test_a_device_settles_below_what_was_cut(limit: float, expected: list[float]) -> None:
    assert waits(limit, len(expected)) == expected


@given(st.floats(1, 4000), st.floats(60, 3540))
def test_a_device_stays_within_its_bounds(limit: float, first: float) -> None:
    own = Settings()
    assert all(
        min(own.shortest_heartbeat, first) <= wait <= max(own.longest_heartbeat, first)
        for wait in waits(limit, 30, heartbeat=first)
    )


def test_what_was_fetched_can_be_forgotten() -> None:
    device = Device(OWN, "X", 480.0, hierarchy="1", folders=["3"], keys={"3": "9"})
    device.forget()
    assert (device.hierarchy, device.folders, device.keys) == ("0", [], {})
