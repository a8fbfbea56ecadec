"""Where a configuration is moved to, and what was changed on the way: values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from exsim.lb.errors import MovingError

HARMLESS = "harmless"
MAY_MATTER = "may matter"


@dataclass(frozen=True, slots=True)
class Change:
    """One line that differs.  `line` 0: there was none.  `kind`: "harmless" or "may matter"."""

    line: int
    before: str
    after: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Edit:
    """What a rule makes of a line; `after` None drops it."""

    after: str | None
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Rig:
    """A place on this machine.

    `nodes`, `nodes_tls`: node -> host:port, for servers without and with `ssl`.  `next_address(ssl)` gives each
    bind its address ("127.0.0.1:34567").  `log`: host:port of a datagram listener.  `servers`: an explicit
    server name -> node, before any guess.  `release`: of the HAProxy that will run.  `time_scale`
    multiplies its timeouts.  `most_connections`: what this machine's file descriptors allow.
    `node_tls`: the words of a server that speaks TLS; `trust` says what they check.  `sni`: the name that
    it is asked for, "" leaves that to the file.  `naming`: where an operator says which node a server is.
    """

    nodes: Mapping[str, str]
    next_address: Callable[[bool], str]
    certificate: str
    log: str
    socket: str
    nodes_tls: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, str] = field(default_factory=dict)
    release: tuple[int, int] = (2, 8)
    time_scale: float = 1.0
    most_connections: int = 4000
    node_tls: tuple[str, ...] = ("verify", "none")
    trust: str = "the certificate of a node is not checked"
    sni: str = ""
    naming: str = "[lab] servers"


@dataclass(frozen=True, slots=True)
class Bind:
    """One listening address.  `name` as the configuration calls it, or ""."""

    lb_frontend: str
    name: str
    ssl: bool
    address: str


@dataclass(slots=True)
class Retargeted:
    """A configuration that runs here.  `servers`: lb_server -> node.

    `origin`: for each line of `text` its number in the file as given, 0 for a line that was added.
    """

    text: str
    changes: list[Change] = field(default_factory=list)
    servers: dict[str, str] = field(default_factory=dict)
    binds: list[Bind] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Moving:
    """The state of one retargeting: the rig, the file's name for messages, and what was made so far."""

    rig: Rig
    source: str
    made: Retargeted
    peer: str = ""  # what the file's peers call this balancer
    passes: bool = False  # whatever comes: no bind ends TLS, and nothing reads HTTP

    def error(self, line: int, what: str) -> MovingError:
        return MovingError(f"{self.source}:{line}: {what}")
