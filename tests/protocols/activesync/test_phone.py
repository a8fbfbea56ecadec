"""Falls if: a telephone that is led elsewhere, or told something new, asks as it asked before."""

from __future__ import annotations

from random import Random

from exsim.protocols.activesync.device import Device
from exsim.protocols.activesync.phone import Phone
from exsim.protocols.activesync.settings import Settings
from exsim.protocols.agent import Account, Agent
from exsim.protocols.negotiate import Signer

ACCOUNT = Account("user01@example.com", "LAB\\user01", "x")


def test_what_is_asked_again_is_asked_anew_where_anything_changed() -> None:
    device = Device("user01@example.com", "EXSIM01", 60.0, "14.1")
    client = Agent("mail.example", Random(1), ACCOUNT)
    phone = Phone(client, ACCOUNT, Settings(binary_query=True), Signer(ACCOUNT, "basic"), device, 1)
    asked = [phone.request("Sync", None).target]
    for change in ("path", "policy_key", "version"):
        if change == "path":
            phone.path = "/elsewhere"
        else:
            setattr(device, change, {"policy_key": 77, "version": "16.1"}[change])
        asked += [phone.request("Sync", None).target, phone.request("Sync", None).target]
    assert asked[1].startswith("/elsewhere?") and not asked[0].startswith("/elsewhere?")
    assert asked[1] == asked[2] and asked[3] == asked[4] and asked[5] == asked[6]
    assert len(set(asked)) == 4 and phone.request("FolderSync", None).target not in asked
