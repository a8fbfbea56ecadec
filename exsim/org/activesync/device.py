"""What a back end remembers of one device: the keys of its folders and collections, and its last Ping.

In memory, and gone with the process (that Exchange keeps most of it in the mailbox is *assumed*): a device whose node was
started anew is told that its keys are wrong, and fetches everything once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
NO_KEY = "0"  # of a device that has nothing yet


class Keys(Generic[T]):
    """The state behind the newest key, and behind the one before.

    The one before counts too: an answer may have been lost on its way, and then the device asks again
    with the key that it still has.
    """

    def __init__(self) -> None:
        self._states: dict[str, T] = {}
        self.newest = NO_KEY

    def state(self, key: str) -> T | None:
        """What the device had when it got `key`; None for a key that does not count."""
        return self._states.get(key)

    def begin(self, key: str, state: T) -> None:
        """A first key."""
        self._states, self.newest = {key: state}, key

    def follow(self, used: str, key: str, state: T) -> None:
        """`key` was given to a device that showed `used`."""
        self._states, self.newest = {used: self._states[used], key: state}, key


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a device has of a collection: item number -> the item's change at that time.

    `added`: what it created itself, ClientId -> item number, so that a repeated request creates nothing.
    """

    items: dict[int, int] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a Sync wants of one collection, apart from the commands that it brings."""

    collection: str
    key: str
    changes: bool
    window: int
    body_type: int = 1
    deletes_move: bool = True


@dataclass(slots=True)
class Device:
    """One partnership of a device with a mailbox."""

    hierarchy: Keys[dict[str, str]] = field(default_factory=Keys)
    collections: dict[str, Keys[Snapshot]] = field(default_factory=dict)
    wishes: dict[str, Wish] = field(default_factory=dict)  # of its last full Sync
    heartbeat: float = 0.0  # of its last Ping, in seconds; 0 before any
    folders: tuple[str, ...] = ()  # of its last Ping
