"""The documents that a telephone sends (MS-ASCMD, MS-ASPROV).  Nothing here reads an answer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from exsim.wire.activesync import POLICY_TYPE
from exsim.wire.wbxml import Element, encode, tags

_air = tags("AirSync")
_base = tags("AirSyncBase")
_folders = tags("FolderHierarchy")
_ping = tags("Ping")
_policy = tags("Provision")
_settings = tags("Settings")
_compose = tags("ComposeMail")
DEVICE_TYPE = "exsim"
WINDOW = 50  # items of one answer
CUT_BODIES = 512  # characters wanted of a body


def ask_policy() -> Element:
    """The first phase.  A device of 14.1 says what it is in the same breath."""
    told = _settings("Set", _settings("Model", DEVICE_TYPE), _settings("OS", DEVICE_TYPE))
    wanted = _policy("Policy", _policy("PolicyType", POLICY_TYPE))
    return _policy("Provision", _settings("DeviceInformation", told), _policy("Policies", wanted))


def ask_bare_policy() -> Element:
    """The first phase before 14.1."""
    wanted = _policy("Policy", _policy("PolicyType", POLICY_TYPE))
    return _policy("Provision", _policy("Policies", wanted))


def take_policy(key: str) -> Element:
    """The second phase: all of it is taken."""
    taken = _policy("PolicyType", POLICY_TYPE), _policy("PolicyKey", key), _policy("Status", "1")
    return _policy("Provision", _policy("Policies", _policy("Policy", *taken)))


def who_am_i() -> Element:
    """Whose mailbox the server takes this for: the addresses of the user."""
    return _settings("Settings", _settings("UserInformation", _settings("Get")))


def folder_sync(key: str) -> Element:
    return _folders("FolderSync", _folders("SyncKey", key))


def sync(collections: Iterable[tuple[str, str]]) -> Element:
    """`collections`: number and key of each.  With key 0 a key is all that is asked for."""
    return _air("Sync", _air("Collections", *(_collection(*each) for each in collections)))


def _collection(number: str, key: str) -> Element:
    named = _air("SyncKey", key), _air("CollectionId", number)
    if key == "0":
        return _air("Collection", *named)
    body = _base("BodyPreference", _base("Type", "1"), _base("TruncationSize", str(CUT_BODIES)))
    return _air(
        "Collection",
        *named,
        _air("DeletesAsMoves", "1"),
        _air("GetChanges"),
        _air("WindowSize", str(WINDOW)),
        _air("Options", body),
    )


@lru_cache(maxsize=256)
def ping(heartbeat: float, folders: tuple[str, ...]) -> bytes:
    """The document, encoded: the same one for all telephones that wait for the same, which hold it while they wait."""
    watched = (_ping("Folder", _ping("Id", number), _ping("Class", "Email")) for number in folders)
    interval = _ping("HeartbeatInterval", str(int(heartbeat)))
    return encode(_ping("Ping", interval, _ping("Folders", *watched)))


def send_mail(client_id: str, mime: bytes) -> Element:
    return _compose("SendMail", _compose("ClientId", client_id), _compose("Mime", mime))


def message(sender: str, recipient: str, subject: str) -> bytes:
    """A short text to one recipient; addresses come from the accounts, and hold no line end."""
    lines = (
        f"From: {sender}",
        f"To: {recipient}",
        f"Subject: {subject}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "sent by exsim",
        "",
    )
    return "\r\n".join(lines).encode()
