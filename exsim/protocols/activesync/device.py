"""What a telephone keeps: who it is, the policy's key, its keys of folders, and how long it waits.

Kept for the telephone's whole life, over its sessions, as real ones keep it over restarts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from exsim.protocols.activesync.settings import Settings

NO_KEY = "0"
# What a device speaks, the newest first; what is older than 12.1 no device here does
SPEAKS = ("16.1", "16.0", "14.1", "14.0", "12.1")


def device_id_of(address: str) -> str:
    """Thirty-two letters and digits, the same for one account in every run: a server counts devices."""
    return "EXSIM" + hashlib.sha256(address.lower().encode()).hexdigest()[:27].upper()


@dataclass(slots=True)
class Device:
    """One telephone.  `keys`: number of a folder -> its sync key.  `version` as written: "14.1"."""

    address: str
    device_id: str
    heartbeat: float
    version: str = ""
    policy_key: int = 0
    hierarchy: str = NO_KEY
    folders: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    good: float = 0.0  # the longest wait that was not cut
    bad: float = 0.0  # the shortest that was; 0: none

    def forget(self) -> None:
        """All that was fetched is dropped; the next thing is everything once more."""
        self.hierarchy = NO_KEY
        self.folders.clear()
        self.keys.clear()

    def choose_version(self, offered: str) -> None:
        """The newest that both speak; what it had before where nothing fits."""
        told = {word.strip() for word in offered.split(",")}
        self.version = next((version for version in SPEAKS if version in told), self.version)

    # How long it waits --------------------------------------------------------------------------
    def passed(self, settings: Settings) -> None:
        """A wait was as long as it was asked to be: the next one may be longer, up to what was cut."""
        if self.good == self.heartbeat == settings.longest_heartbeat:
            return  # as long as it ever gets
        self.good = max(self.good, self.heartbeat)
        longer = min(self.heartbeat + settings.growth, settings.longest_heartbeat)
        if not self.bad or longer < self.bad:
            self.heartbeat = longer

    def cut(self, settings: Settings) -> bool:
        """A wait was cut: the next one is shorter; whether it can be."""
        before = self.heartbeat
        self.bad = min(self.bad or before, before)
        known = self.good if self.good < self.bad else 0.0
        shorter = known or before / 2
        self.heartbeat = max(settings.shortest_heartbeat, shorter)
        self.good = known
        return self.heartbeat < before


def new_device(address: str, settings: Settings) -> Device:
    """A telephone out of its box."""
    return Device(address, device_id_of(address), settings.heartbeat, settings.version)
