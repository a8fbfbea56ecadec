"""The long request: Ping, its heartbeat, and what a telephone learns when somebody between cuts it.

A device that is cut waits for a shorter time, and looks at its mailbox before it waits again, because it
cannot know what it missed (HT203209; that it looks first is *assumed*).
"""

from __future__ import annotations

from exsim.protocols.activesync import documents, fetching, reading
from exsim.protocols.activesync.phone import Phone, Said
from exsim.protocols.flow import Flow, Mark

GRACE = 30.0  # seconds beyond its heartbeat that a telephone listens (*assumed*)
LB_CUT = 504  # nobody answered in time, says who is between: measured with HAProxy
CHANGED, MISSING, BAD_INTERVAL, TOO_MANY, HIERARCHY = "2", "3", "5", "6", "7"


def wait(phone: Phone) -> Flow[None]:
    """One wait, and what follows from its end."""
    device = phone.device
    asked = device.heartbeat
    root = documents.ping(asked, tuple(device.folders))
    said = yield from phone.ask("Ping", root, asked + GRACE)
    if phone.gone():
        return
    if said.status == reading.OK:
        device.passed(phone.settings)
    elif is_cut(said):
        yield from _shorten(phone, asked, said)
    elif said.root is None:
        yield from fetching.trouble(phone, said)
        if not device.folders:
            yield from fetching.folders(phone)
    else:
        yield from _heed(phone, said)


def is_cut(said: Said) -> bool:
    """Whether somebody between ended the wait: 504, or the connection was gone."""
    response = said.response
    if response.error == "abandoned":
        return False
    return response.status == LB_CUT or response.status is None or response.error is not None


def _shorten(phone: Phone, asked: float, said: Said) -> Flow[None]:
    device = phone.device
    shorter = device.cut(phone.settings)
    facts = {"number": phone.number, "was": asked, "is": device.heartbeat, "shorter": shorter}
    yield Mark("heartbeat_cut", {**facts, "status": said.response.status})
    yield from phone.client.rest(phone.settings.think)
    yield from fetching.sync(phone, device.folders)


def _heed(phone: Phone, said: Said) -> Flow[None]:
    """What an answer to Ping asks the device to do, where it is not to wait once more."""
    device, settings = phone.device, phone.settings
    if said.status == CHANGED:
        told = reading.changed_in(said.root)
        yield from fetching.sync(phone, [each for each in told if each in device.folders])
    elif said.status == BAD_INTERVAL:
        limit = reading.seconds_in(said.root, "HeartbeatInterval")
        device.heartbeat = limit or settings.shortest_heartbeat
    elif said.status == TOO_MANY:
        del device.folders[1:]
    elif said.status == HIERARCHY:
        device.hierarchy = "0"
        yield from fetching.folders(phone)
    else:
        yield from fetching.trouble(phone, said)
        if said.status == MISSING:
            yield from fetching.sync(phone, device.folders)
