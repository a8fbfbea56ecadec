"""The keys by which a device shows that it has taken the organisation's policy (MS-ASPROV).

Computed, not stored: they count at whatever process holds the mailbox, and after its restart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from exsim.org.activesync.call import INVALID_POLICY_KEY, NOT_PROVISIONED, POLICY_REFRESH


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy for one device at one time.  `generation` grows whenever the policy changes."""

    sid: str
    device_id: str
    generation: int = 0

    @property
    def temporary(self) -> int:
        """The key of the first phase, good for acknowledging and nothing else."""
        return self._key("temporary", self.generation)

    @property
    def final(self) -> int:
        """The key that every later request shows."""
        return self._key("final", self.generation)

    def _key(self, phase: str, generation: int) -> int:
        text = f"{phase} {self.sid} {self.device_id} {generation}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") or 1

    def objection(self, shown: int) -> int | None:
        """The status by which a request that shows this key is turned down; None when it is good."""
        if shown == self.final:
            return None
        if not shown:
            return NOT_PROVISIONED
        outdated = self.generation and shown == self._key("final", self.generation - 1)
        return POLICY_REFRESH if outdated else INVALID_POLICY_KEY
