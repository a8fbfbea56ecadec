"""A lab that stands: where its handle is, and what the handle tells.

The handle is a socket in a directory that only its owner may enter.  It tells everything a load needs,
passwords of the simulated mailboxes included, which is why it is no file.
"""

from __future__ import annotations

import glob
import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from exsim.runs.accounts import Account
from exsim.runs.rig import Rig


class StandingLab(msgspec.Struct, frozen=True):
    """What a standing lab tells whoever asks it."""

    scenario: str  # the file, absolute
    rig: Rig
    accounts: tuple[Account, ...]


def handle_path(scenario: Path) -> Path:
    """Where the lab of `scenario` has its handle, while it stands."""
    digest = hashlib.sha256(str(scenario.resolve()).encode()).hexdigest()[:8]
    owner = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"exsim-{owner}" / f"{scenario.stem}-{digest}.sock"


def handles(name: str, scenario: Path | None = None) -> list[Path]:
    """The handles of every lab whose scenario is called `name`, or of that `scenario` alone."""
    if scenario is not None:
        return [handle_path(scenario)]
    return sorted(handle_path(Path(name)).parent.glob(f"{glob.escape(name)}-*.sock"))


def encode(lab: StandingLab) -> bytes:
    return msgspec.json.encode(lab)


def decode(data: bytes) -> StandingLab:
    """Raises msgspec.DecodeError on anything else."""
    return msgspec.json.decode(data, type=StandingLab)
