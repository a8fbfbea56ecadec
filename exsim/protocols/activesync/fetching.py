"""Folders and mail: FolderSync and Sync by their keys, and how a telephone gets out of what it is told.

A device that is told that its keys are wrong begins with key 0; one whose server fails again and again
drops all it has (HT203719).  Bounded: who gets nowhere gives up.
"""

from __future__ import annotations

from collections.abc import Sequence

from exsim.protocols.activesync import documents, reading
from exsim.protocols.activesync.device import NO_KEY
from exsim.protocols.activesync.phone import MOST_ERRORS, Phone, Said
from exsim.protocols.flow import Flow, Mark

MOST_ROUNDS = 12  # of requests to get something done: also the most answers that say "more"
BEGIN_ANEW = frozenset({"132", "134"})  # the server's state is missing, or corrupt
BAD_HIERARCHY = frozenset({"9", *BEGIN_ANEW})
BAD_KEY = frozenset({"3", *BEGIN_ANEW})
HIERARCHY_CHANGED = "12"


def folders(phone: Phone) -> Flow[bool]:
    """The hierarchy; whether there is anything to watch."""
    device = phone.device
    for _ in range(MOST_ROUNDS):
        said = yield from phone.ask("FolderSync", documents.folder_sync(device.hierarchy))
        if phone.gone():
            return False
        if said.status == reading.OK:
            found = reading.mail_folders_in(said.root)[: phone.settings.folders]
            if device.hierarchy == NO_KEY:
                device.folders = found
            device.hierarchy = reading.text(said.root, "SyncKey") or NO_KEY
            return bool(device.folders)
        if said.status in BAD_HIERARCHY:
            device.forget()
        yield from trouble(phone, said)
    return (yield from gave_up(phone, "folder_sync"))


def sync(phone: Phone, wanted: Sequence[str]) -> Flow[bool]:
    """Bring `wanted` folders up to date; whether that was done."""
    device, left = phone.device, list(wanted)
    for _ in range(MOST_ROUNDS):
        if not left:
            return True
        keys = [(number, device.keys.get(number, NO_KEY)) for number in left]
        said = yield from phone.ask("Sync", documents.sync(keys))
        if phone.gone():
            return False
        if said.whole and said.root is None:
            return True  # an empty answer: nothing has changed
        told = reading.collections_in(said.root)
        if not told:
            if said.status in BAD_KEY:
                device.keys.clear()
            yield from _get_over(phone, said)
            left = [number for number in left if number in device.folders]
            continue
        left = _note(phone, told)
        if any(each.status not in ("", reading.OK) for each in told):
            yield from _get_over(phone, said)
            left = [number for number in left if number in device.folders]
    return (yield from gave_up(phone, "sync"))


def _note(phone: Phone, told: Sequence[reading.Collection]) -> list[str]:
    """Keep the new keys; the folders that are not done yet."""
    left, keys = [], phone.device.keys
    for each in told:
        if each.status in BAD_KEY:
            keys.pop(each.number, None)
            left.append(each.number)
        elif each.status not in ("", reading.OK):
            left.append(each.number)
        else:
            first = keys.get(each.number, NO_KEY) == NO_KEY
            keys[each.number] = each.key or NO_KEY
            if first or each.more:
                left.append(each.number)
    return left


def _get_over(phone: Phone, said: Said) -> Flow[None]:
    """What a telephone does before it asks again."""
    if said.status == HIERARCHY_CHANGED:
        phone.device.hierarchy = NO_KEY
        yield from folders(phone)
        return
    yield from trouble(phone, said)


def trouble(phone: Phone, said: Said) -> Flow[None]:
    """A pause; and after too many errors of the server everything once more."""
    if phone.errors >= MOST_ERRORS:
        phone.errors = 0
        yield Mark("device_reset", {"number": phone.number, "status": said.response.status})
        phone.device.forget()
    yield from phone.client.rest(phone.settings.think)


def gave_up(phone: Phone, step: str) -> Flow[bool]:
    """It tried often enough; that a stranger gets nowhere is as it should be."""
    if not phone.is_stranger:
        yield Mark("gave_up", {"number": phone.number, "step": step})
    phone.end("gave_up")
    return False
