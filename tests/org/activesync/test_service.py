"""Falls if: a command is let through without policy, version or query; or turned down in another protocol's words."""

from __future__ import annotations

import msgspec
import pytest

from exsim.org.activesync.policy import Policy
from exsim.org.settings import ActiveSync, Organisation
from exsim.wire.activesync import PATH
from exsim.wire.wbxml import decode, tags
from tests.org.activesync.phone import Phone, acknowledging, folders, provisioning
from tests.org.farm import Farm, behind, server

FOLDER_SYNC = folders("FolderSync", folders("SyncKey", "0"))


def with_settings(organisation: Organisation, **values: object) -> Farm:
    return Farm(behind(organisation, "*", activesync=ActiveSync(**values)))  # type: ignore[arg-type]


def test_nobody_is_served_without_credentials(farm: Farm, stranger: Phone) -> None:
    stranger.mailbox = msgspec.structs.replace(stranger.mailbox, password="wrong")
    answer = stranger.raw("OPTIONS", PATH)
    assert answer.status == 401 and farm.confessions[-1].class_ == "refused"


@pytest.mark.parametrize(
    ("home", "latest"),
    [("EXCH13", "14.1"), ("EXCH16-SYD-01", "16.1")],
)
def test_options_offer_what_the_mailboxes_version_speaks(
    farm: Farm, home: str, latest: str
) -> None:
    owner = next(box for box in farm.organisation.mailboxes if box.home == home)
    answer = Phone(farm, "EXCH16-SYD-02", owner).raw("OPTIONS", PATH)
    assert answer.status == 200
    assert (answer.header("MS-ASProtocolVersions") or "").split(",")[-1] == latest
    assert "FolderSync" in (answer.header("MS-ASProtocolCommands") or "")
    assert answer.header("X-FEServer") == "EXCH16-SYD-02"
    assert answer.header("X-BEServer") == home


def test_a_node_of_2010_serves_by_itself_and_has_no_names_but_its_own(
    organisation: Organisation,
) -> None:
    old = server("EXCH10", "2010")
    box = msgspec.structs.replace(organisation.mailboxes[0], home="EXCH10")
    nodes = (*organisation.nodes, old)
    farm = Farm(msgspec.structs.replace(organisation, nodes=nodes, mailboxes=(box,)))
    phone = Phone(farm, "EXCH10", box)
    answer = phone.raw("OPTIONS", PATH)
    assert answer.status == 200 and answer.header("X-DiagInfo") == "EXCH10"
    assert answer.header("X-FEServer") is None and answer.header("X-BEServer") is None
    assert "16.0" not in (answer.header("MS-ASProtocolVersions") or "")
    phone.provision()
    assert phone.told("FolderSync", FOLDER_SYNC).text("Status") == "1"


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("version", [140, 141])
def test_who_has_no_policy_is_told_so_in_a_document(
    stranger: Phone, version: int, binary: bool
) -> None:
    stranger.version, stranger.binary = version, binary
    assert stranger.told("FolderSync", FOLDER_SYNC).text("Status") == "142"


def test_who_speaks_an_older_protocol_is_told_so_by_http(stranger: Phone) -> None:
    stranger.version = 121
    answer = stranger.ask("FolderSync", FOLDER_SYNC)
    assert (answer.status, answer.body) == (449, b"")
    assert answer.reason == "Retry after sending a PROVISION command"


def test_both_phases_give_the_key_that_counts(stranger: Phone) -> None:
    stranger.provision()
    assert stranger.told("FolderSync", FOLDER_SYNC).text("Status") == "1"


def test_the_first_phases_key_is_not_enough(stranger: Phone) -> None:
    first = stranger.told("Provision", provisioning())
    stranger.key = int(first.text("Policies", "Policy", "PolicyKey") or "")
    assert stranger.told("FolderSync", FOLDER_SYNC).text("Status") == "144"


def test_a_wrong_key_is_not_acknowledged(stranger: Phone) -> None:
    answered = stranger.told("Provision", acknowledging("12345"))
    assert answered.text("Status") == "1"
    assert answered.text("Policies", "Policy", "Status") == "5"
    assert answered.text("Policies", "Policy", "PolicyKey") is None


def test_a_device_that_does_not_say_what_it_is_gets_no_policy(stranger: Phone) -> None:
    page = tags("Provision")
    policy = page("Policy", page("PolicyType", "MS-EAS-Provisioning-WBXML"))
    bare = page("Provision", page("Policies", policy))
    assert stranger.told("Provision", bare).text("Status") == "165"
    stranger.version = 140
    assert stranger.told("Provision", bare).text("Status") == "1"


def test_a_policy_key_counts_after_a_restart_and_at_no_other_device(
    farm: Farm, phone: Phone
) -> None:
    again = Farm(farm.organisation, farm.now + 1)
    same = Phone(again, phone.node, phone.mailbox, key=phone.key)
    assert same.told("FolderSync", FOLDER_SYNC).text("Status") == "1"
    other = Phone(farm, phone.node, phone.mailbox, key=phone.key, device_id="Phone2")
    assert other.told("FolderSync", FOLDER_SYNC).text("Status") == "144"


def test_a_policy_that_changes_asks_for_provisioning_again(organisation: Organisation) -> None:
    farm = with_settings(organisation, policy_changes=600.0)
    phone = Phone(farm, "EXCH13", organisation.mailboxes[0])
    phone.provision()
    farm.now += 600.0
    assert phone.told("FolderSync", FOLDER_SYNC).text("Status") == "143"
    farm.now += 600.0
    assert phone.told("FolderSync", FOLDER_SYNC).text("Status") == "144"


def test_without_provisioning_no_key_is_asked_for(organisation: Organisation) -> None:
    farm = with_settings(organisation, provisioning=False)
    phone = Phone(farm, "EXCH13", organisation.mailboxes[0])
    assert phone.told("FolderSync", FOLDER_SYNC).text("Status") == "1"


def test_the_first_folder_sync_says_what_the_server_speaks(phone: Phone) -> None:
    answer = phone.ask("FolderSync", FOLDER_SYNC)
    assert answer.header("X-MS-RP") == answer.header("MS-ASProtocolVersions")
    key = decode(answer.body).text("SyncKey") or ""
    again = phone.ask("FolderSync", folders("FolderSync", folders("SyncKey", key)))
    assert again.header("X-MS-RP") is None


@pytest.mark.parametrize(("version", "status"), [(121, 200), (140, 451), (141, 451)])
def test_a_better_place_is_named_to_who_understands_it(
    organisation: Organisation, version: int, status: int
) -> None:
    there = "https://mail.contoso.example/Microsoft-Server-ActiveSync"
    farm = with_settings(organisation, redirect=there, provisioning=False)
    phone = Phone(farm, "EXCH13", organisation.mailboxes[0], version)
    answer = phone.ask("FolderSync", FOLDER_SYNC)
    assert answer.status == status
    assert answer.header("X-MS-Location") == (there if status == 451 else None)


@pytest.mark.parametrize(
    ("status", "version", "http", "within"),
    [
        (132, 141, 200, "132"),
        (133, 141, 200, "133"),
        (134, 141, 200, "134"),
        (135, 141, 200, "135"),
        (12, 141, 200, "12"),
        (111, 121, 503, None),
        (132, 121, 403, None),
        (500, 141, 500, None),
    ],
)
def test_a_fault_of_the_scenario_is_answered_in_the_protocols_way(
    organisation: Organisation, status: int, version: int, http: int, within: str | None
) -> None:
    statuses = {f"FolderSync:{status}": 1.0}
    farm = with_settings(organisation, statuses=statuses, provisioning=False)
    phone = Phone(farm, "EXCH13", organisation.mailboxes[0], version)
    answer = phone.ask("FolderSync", FOLDER_SYNC)
    assert answer.status == http
    assert (decode(answer.body).text("Status") if answer.body else None) == within
    settings = tags("Settings")
    whole = phone.told(
        "Settings", settings("Settings", settings("UserInformation", settings("Get")))
    )
    assert whole.text("Status") == "1"


BAD = [
    ("POST", f"{PATH}", b"", 400),
    ("POST", f"{PATH}?Cmd=Nothing&DeviceId=a&DeviceType=b", b"", 400),
    ("POST", f"{PATH}?Cmd=FolderSync&DeviceType=b", b"", 400),
    ("POST", f"{PATH}?%%%%", b"", 400),
    ("POST", f"{PATH}?jAAJBAp2MTQwRGV2aWNl", b"", 400),
    ("POST", f"{PATH}?Cmd=FolderSync&DeviceId=a&DeviceType=b", b"\x03\x01", 400),
    ("POST", f"{PATH}?Cmd=FolderSync&DeviceId=a&DeviceType=b", b"<html>", 400),
    ("GET", f"{PATH}?Cmd=FolderSync&DeviceId=a&DeviceType=b", b"", 501),
    ("POST", f"{PATH}?Cmd=ValidateCert&DeviceId=a&DeviceType=b", b"", 501),
]


@pytest.mark.parametrize(("method", "target", "body", "status"), BAD)
def test_what_is_no_command_is_refused_and_nothing_breaks(
    organisation: Organisation, method: str, target: str, body: bytes, status: int
) -> None:
    farm = with_settings(organisation, provisioning=False)
    phone = Phone(farm, "EXCH13", organisation.mailboxes[0])
    assert phone.raw(method, target, body).status == status
    assert farm.confessions[-1].class_ == "served"


def test_a_version_that_the_server_does_not_speak_is_refused(stranger: Phone) -> None:
    stranger.version = 161  # its mailbox lives on 2013
    assert stranger.ask("FolderSync", FOLDER_SYNC).status == 505


def test_the_keys_of_a_policy_differ() -> None:
    keys = {
        key
        for device in ("a", "b")
        for generation in (0, 1)
        for policy in [Policy("S-1", device, generation)]
        for key in (policy.temporary, policy.final)
    }
    assert len(keys) == 8
