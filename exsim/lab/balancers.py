"""The balancers of a lab, or before real nodes: each file moved here, checked, run with its log kept."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exsim.lab.ports import address_of, held
from exsim.lb.binary import Binary
from exsim.lb.cfg import read
from exsim.lb.log import LogCapture
from exsim.lb.process import Balancer, check
from exsim.lb.program import Program
from exsim.lb.retarget import retarget
from exsim.lb.rig import Bind, Change, Retargeted, Rig
from exsim.lb.runtime import Runtime

MOST_CONNECTIONS = 1000  # where nobody says what this machine can carry; assumed
SPARE_DESCRIPTORS = 200  # for checks, logs and listeners; assumed


@dataclass(frozen=True, slots=True)
class BalancerPlan:
    """A balancer to run: `text` is any HAProxy configuration, or nginx's, `source` what to call it in messages.

    `servers` (lb_server -> node) where names alone do not tell.
    """

    name: str
    text: str
    source: str = "haproxy.cfg"
    servers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Behind:
    """The nodes behind a balancer: node -> host:port, without and with TLS.

    `node_tls`, `trust`: what a server that speaks TLS is checked by, as HAProxy's words and in ours.  `sni`:
    the name that it is asked for.  `naming`: where an operator says which node a server is.
    """

    nodes: Mapping[str, str]
    nodes_tls: Mapping[str, str]
    node_tls: tuple[str, ...] = ("verify", "none")
    trust: str = "the certificate of a node is not checked"
    sni: str = ""
    naming: str = "[lab] servers"


class LabBalancer:
    """One balancer that runs here.

    `cfg` is the configuration as it runs (with whatever secrets it has), `warnings` HAProxy's own about it,
    `address` where clients go: its first TLS bind, or its first at all.
    """

    software = "HAProxy"

    def __init__(
        self, plan: BalancerPlan, binary: Binary, log: Path, redact: Callable[[bytes], bytes]
    ) -> None:
        self.name = plan.name
        self.cfg = ""
        self.changes: list[Change] = []
        self.warnings: list[str] = []
        self.servers: dict[str, str] = {}
        self.binds: list[Bind] = []
        self.address = ""
        self._plan = plan
        self._binary = binary
        self._log = LogCapture(log, redact)
        self._certificate = (Path(), "")  # where it is read, and what then stood there
        self._held: list[socket.socket] = []
        self._process: Program | None = None
        self._haproxy: Balancer | None = None  # the same, where it is one

    def start(
        self,
        home: Path,
        certificate: Path,
        behind: Behind,
        *,
        port: int = 0,
        time_scale: float = 1.0,
    ) -> None:
        """Move the configuration here, check it, and run it.  Raises LbError or LabError.

        `home`: a directory of its own for its files.  `port` of its first TLS bind; 0: any.
        """
        self._certificate = (certificate, certificate.read_text())
        runtime_socket = str(home / f"{self.name}.sock")
        rig = Rig(
            nodes=behind.nodes,
            nodes_tls=behind.nodes_tls,
            node_tls=behind.node_tls,
            trust=behind.trust,
            sni=behind.sni,
            naming=behind.naming,
            next_address=self._addresses(port),
            certificate=str(certificate),
            log=self._log.address,
            socket=runtime_socket,
            servers=self._plan.servers,
            release=self._binary.release,
            time_scale=time_scale,
            most_connections=most_connections(),
        )
        made = retarget(self._plan.text, rig, self._plan.source)
        self._takes(made)
        path = home / f"{self.name}.cfg"
        path.touch(mode=0o600)
        path.write_text(made.text)
        self.warnings = check(self._binary, path, made, self._plan.source)
        self._process = self._haproxy = Balancer(self._binary, path, runtime_socket)
        self._process.start()

    def _takes(self, made: Retargeted) -> None:
        self.cfg, self.changes, self.servers = made.text, made.changes, made.servers
        self.binds = made.binds
        self.address = next((one.address for one in made.binds if one.ssl), made.binds[0].address)

    def reload(self) -> None:
        """As an operator's `systemctl reload haproxy`, with the same configuration.  Raises LbError."""
        assert self._haproxy is not None, "not started"
        place, text = self._certificate
        place.touch(mode=0o600)
        place.write_text(text)
        try:
            self._haproxy.reload()
        finally:
            place.unlink()

    def full(self) -> list[str]:
        """A sentence for each frontend that was full at some time, with its line; ask while it runs."""
        return [
            f"{self._limit_line(one.lb_frontend)}frontend {one.lb_frontend} full, {one.limit} connections"
            for one in self.runtime.frontends()
            if one.was_full
        ]

    def _limit_line(self, lb_frontend: str) -> str:
        for section in read(self._plan.text):
            if section.name == lb_frontend and (line := section.first("maxconn")):
                return f"{self._plan.source}:{line.number}: "
        return ""

    @property
    def runtime(self) -> Runtime:
        """Its runtime socket; only while it runs."""
        assert self._haproxy is not None, "not started"
        return self._haproxy.runtime

    @property
    def version(self) -> str:
        """Of the binary, as it says itself."""
        return self._binary.version

    @property
    def path(self) -> str:
        """Where the binary is."""
        return self._binary.path

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def log_lines(self) -> int:
        return self._log.lines

    def died(self) -> int | None:
        """Its exit code, if it ended by itself."""
        return self._process.died() if self._process else None

    def words(self) -> str:
        return self._process.words() if self._process else ""

    def stop(self) -> None:
        """End it, then its log, then give its ports back."""
        process, self._process, self._haproxy = self._process, None, None
        if process is not None:
            process.stop()
        self._log.close()
        for one in self._held:
            one.close()
        self._held.clear()

    def _addresses(self, port: int) -> Callable[[bool], str]:
        wanted = [port] if port else []

        def next_address(tls: bool) -> str:
            self._held.append(held(wanted.pop() if tls and wanted else 0))
            return address_of(self._held[-1])

        return next_address


def most_connections() -> int:
    """How many connections a HAProxy of this user can carry: two descriptors each."""
    try:
        import resource  # not on Windows, where no HAProxy is started either
    except ImportError:
        return MOST_CONNECTIONS
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return 100_000
    return max(100, (hard - SPARE_DESCRIPTORS) // 2)
