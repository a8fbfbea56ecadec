"""What judgement is told about a run besides its sessions: the scenario, the nodes, the balancer, the rig.

Values only.  Nothing here is measured from sessions; that is what `Findings` holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exsim.judgement.expectations import Expectations


@dataclass(frozen=True, slots=True)
class Node:
    """One Exchange server that the run knows of.  `version`: one of wire.names.VERSIONS, or ""."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """What is wrong with a simulated organisation: a name and a sentence."""

    name: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Balancer:
    """What stood before the nodes.  `config` is the text as run, with its secrets taken out.

    `changes`: what was altered in the operator's file, a sentence each.  `warnings`: what the balancer
    itself said of it.  `log_findings`: what its log shows ("frontend full, 1000 connections").
    `log_missing`: lines of its log that nobody kept.  `cookie`: name of its persistence cookie, where it has one.
    """

    version: str = ""  # "HAProxy 2.8.25"
    source: str = ""  # where the binary came from
    name: str = ""  # of the file
    config: str = ""
    changes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    log_findings: tuple[str, ...] = ()
    cookie: str = ""
    log_missing: int = 0


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What the run did to the organisation, in numbers; `things` names what is still there."""

    logons: int = 0
    wrong_passwords: int = 0
    mails: int = 0
    items: int = 0
    things: tuple[str, ...] = ()


DEFAULT_EXPECTATIONS = Expectations()
NOTHING_LEFT = LeftBehind()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Everything about a run that its sessions do not say.

    `rig`: lab (balancer and nodes are ours), target (neither is), shadow (our balancer, real nodes).
    `started` and `ended` are UTC, ISO 8601; `duration` in seconds as planned, `lasted` as it was.
    `connections`: how many a client opens at most; `opened`: the same for each protocol.  `homes`: account -> node that is claimed to hold
    its mailbox.  `stopped`: why a safety stop ended the run.  `crashed`: what broke of exsim itself.  `lateness`: seconds behind its own plan, at
    worst.  `h2_offered`: None when nobody asked.  `unmasked`: sessions were steered across on purpose.
    `resolved`: every address that the url's name had; `address` is the one that was used.
    `distrust`: names that are not believed, a sentence each; `keeping`: what the balancer keeps, by its fingerprint.
    `no_end`: nobody has written the run's end: it goes on, or whoever would have was killed.
    `looks`: how often a load process looked whether it is late, and `late_looks` how often it was (50 ms or more); `busy`: the share
    of one core that the busiest of them used; `stood_still`: seconds, the longest, in which one of them did nothing while it had users.
    `notes`: what else a reader has to know, such as accounts that were refused, a sentence without its stop each.
    `lost_workers`: load processes that a signal ended, a name and the signal each.
    `assumed`: what of the scenario's mechanism is inferred.  `not_measured`: further things that were left out, a noun phrase each.  `unread_lines`: lines of the
    history that could not be read; `broken_parts`: files of it that are damaged, or not there.
    `absent`: histories, by name, whose load process came to its end and that are not there; `cut_off`: those that are, without that end.
    """

    title: str = ""
    scenario: str = ""
    run: str = ""
    exsim: str = "0.1.0"
    rig: str = "lab"
    presets: tuple[Preset, ...] = ()
    url: str = ""
    address: str = ""
    resolved: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    homes: dict[str, str] = field(default_factory=dict)
    expect: Expectations = DEFAULT_EXPECTATIONS
    balancer: Balancer | None = None
    started: str = ""
    ended: str = ""
    duration: float = 0.0
    lasted: float = 0.0
    users: int = 0
    connections: int = 6
    opened: dict[str, int] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    time_scale: float = 1.0
    lateness: float = 0.0
    looks: int = 0
    late_looks: int = 0
    busy: float = 0.0
    stood_still: float = 0.0
    h2_offered: bool | None = None
    interrupted: bool = False
    no_end: bool = False
    stopped: str = ""
    crashed: str = ""
    notes: tuple[str, ...] = ()
    lost_workers: tuple[str, ...] = ()
    unmasked: bool = False
    left_behind: LeftBehind = NOTHING_LEFT
    not_measured: tuple[str, ...] = ()
    unread_lines: int = 0
    broken_parts: int = 0
    absent: tuple[str, ...] = ()
    cut_off: tuple[str, ...] = ()
    distrust: tuple[str, ...] = ()
    keeping: str = ""
    assumed: str = ""
    brought: bool = False  # sessions were logged on elsewhere: at which front end is not known

    def version_of(self, name: str | None) -> str:
        """The version of the node called `name`, or "" when it is not known."""
        return next((node.version for node in self.nodes if node.name == name), "")

    @property
    def cut_short(self) -> str:
        """Why the run is less than it was to be; "" when it came to its end."""
        return (
            self.crashed
            or self.stopped
            or ("interrupted" if self.interrupted else "")
            or ("no end" if self.no_end else "")
            or ", ".join(f"{one} died" for one in self.lost_workers)
        )

    def opens(self, protocol: str) -> int:
        """How many connections a client of this protocol opens at most."""
        return self.opened.get(protocol, self.connections)

    @property
    def simulated(self) -> bool:
        return self.rig == "lab"
