"""pyactivesync, an ActiveSync client that nobody here wrote, through the lab's HAProxy and straight at a node.

Falls if: it cannot provision, list, synchronise, change, fetch, move, send or wait; or any of its requests is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from pyactivesync import Client, FolderType
from pyactivesync.models import BodyType, EmailChange

from exsim.lab.lab import Lab
from exsim.wire import names
from tests.lab.rig import node, plan

pytestmark = pytest.mark.lab
SCALE = 0.02  # of the org's timers: a heartbeat of a minute passes in 1.2 seconds
# The incident's own balancer, but for the time-out by which it cuts every longer heartbeat
PATIENT = plan("roundrobin").text.replace("timeout server 60s", "timeout server 15m")
NEW, OTHER, OLD = "EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"


def mailbox(number: int, home: str) -> dict[str, str]:
    return {
        "address": f"user{number:02d}@isp.lab",
        "logon": f"LAB\\user{number:02d}",
        "password": f"Correct-{number}",
        "home": home,
        "sid": f"S-1-5-21-1-2-3-{1100 + number}",
    }


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    boxes = [mailbox(1, NEW), mailbox(2, OTHER)]
    nodes = [node(NEW), node(OTHER), node(OLD)]
    folder = tmp_path_factory.mktemp("lab")
    patient = replace(plan("roundrobin"), text=PATIENT)
    lab = Lab(folder, nodes, boxes, [patient], redact=lambda line: line, time_scale=SCALE)
    with lab:
        places = {"balancer": lab.addresses["roundrobin"], "node": lab.nodes[OLD]["https"]}
        yield SimpleNamespace(lab=lab, places=places, boxes=boxes)


@pytest.fixture(params=["balancer", "node"])
def phone(
    farm: SimpleNamespace, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(farm.lab.ca_pem_path))
    box = farm.boxes[0]
    port = farm.places[request.param].rpartition(":")[2]
    with Client(
        f"localhost:{port}", box["logon"], box["password"], user=box["address"],
        device_id=f"witness{request.param}", timeout=10.0,
    ) as client:  # fmt: skip
        client._transport.session.headers["Host"] = farm.lab.host
        yield client


def inbox_of(phone: Client) -> str:
    return next(folder.id for folder in phone.list_folders() if folder.type == FolderType.INBOX)


def whole(phone: Client, folder: str) -> tuple[str, list[str], list[str]]:
    """The newest key of a folder, and the numbers and subjects of what lies in it."""
    first = phone.sync_folder(folder)
    assert first.added == [] and first.sync_key != "0"
    told = phone.sync_folder(folder, first.sync_key)
    subjects = [str(item.fields.get("Email.Subject")) for item in told.added]
    return told.sync_key, [item.server_id for item in told.added], subjects


def test_it_provisions_and_reads_the_mailbox(farm: SimpleNamespace, phone: Client) -> None:
    assert int(phone.provision()) > 0
    key, numbers, subjects = whole(phone, inbox_of(phone))
    assert len(numbers) >= 5 and names.MARKER + farm.boxes[0]["address"] in subjects
    again = phone.sync_folder(inbox_of(phone), key)
    assert (again.added, again.sync_key) == ([], key)


def test_it_changes_fetches_moves_and_estimates(phone: Client) -> None:
    inbox = inbox_of(phone)
    key, numbers, _ = whole(phone, inbox)
    assert phone.get_item_estimate(inbox, key) == 0
    changed = phone.apply_email_changes(inbox, key, [EmailChange(numbers[0], read=True)])
    assert changed.statuses == {numbers[0]: "1"} and changed.sync_key != key
    for kind in (BodyType.PLAIN_TEXT, BodyType.HTML, BodyType.MIME):
        assert phone.fetch_item(inbox, numbers[0], body_type=kind).body.type == kind
    made = phone.create_folder("Kept")
    moved = phone.move_item(numbers[0], inbox, made.id)
    assert moved.startswith(made.id)
    phone.update_folder(made.id, "Kept longer")
    phone.delete_folder(made.id)


def test_it_sends_mail_and_is_woken_by_it(farm: SimpleNamespace, phone: Client) -> None:
    inbox = inbox_of(phone)
    key, _, _ = whole(phone, inbox)
    assert phone.ping([inbox], heartbeat=60).status == "1"
    message = EmailMessage()
    message["To"], message["Subject"] = farm.boxes[0]["address"], "from a witness"
    message.set_content("hello")
    phone.send_mail(message)
    woken = phone.ping([inbox], heartbeat=3540)
    assert (woken.status, list(woken.changed_folder_ids)) == ("2", [inbox])
    told = phone.sync_folder(inbox, key)
    assert [item.fields.get("Email.Subject") for item in told.added] == ["from a witness"]


def test_nothing_that_it_asked_was_refused(farm: SimpleNamespace) -> None:
    said = [
        line
        for path in farm.lab.directory.glob("nodes/*.jsonl")
        for line in path.read_text().splitlines()
    ]
    assert said and all('"class":"served"' in line for line in said)
