"""Balancers on this machine in front of nodes that are not ours: candidate files, real servers.

Clients reach them on loopback by a certificate made for the url's own host; the nodes are asked for that host,
and their certificates are checked as a client's own requests check them.  Production is not touched.
"""

from __future__ import annotations

import shutil
import ssl
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from exsim.lab.balancers import BalancerPlan, Behind, LabBalancer
from exsim.lab.certificates import Authority
from exsim.lab.died import Died
from exsim.lab.errors import LabError
from exsim.lab.scaffold import Scaffold
from exsim.lb.binary import Binary, find_haproxy

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose certificates a node may have: `ca` is "system" or a file; `host` is in each of them."""

    host: str
    ca: str = SYSTEM
    insecure: bool = False


class Shadow(Scaffold):
    """`with Shadow(…) as shadow:` and its balancers run.

    `behind`: the nodes' addresses as they are.  `directory`: the first balancer's log is its `lb.log`,
    another's `lb-NAME.log`, each line through `redact` first.  Raises MovingError for a file that its writer
    has to change, LabError for anything else.
    """

    def __init__(
        self,
        directory: Path,
        behind: Behind,
        trust: Trust,
        plans: Sequence[BalancerPlan],
        *,
        redact: Callable[[bytes], bytes],
        haproxy: str | None = None,
    ) -> None:
        self.directory = directory
        self.balancers: dict[str, LabBalancer] = {}
        self._behind = behind
        self._trust = trust
        self._plans = list(plans)
        self._redact = redact
        self._haproxy = haproxy
        self._binary: Binary | None = None
        self._home: Path | None = None

    @property
    def ca_pem_path(self) -> Path:
        """The authority that vouches for the balancers, not for the nodes; there as long as they run."""
        assert self._home is not None, "nothing runs"
        return self._home / "ca.pem"

    @property
    def haproxy_version(self) -> str:
        return self._binary.version if self._binary else ""

    @property
    def haproxy_path(self) -> str:
        return self._binary.path if self._binary else ""

    def died(self) -> list[Died]:
        """Balancers that ended without being asked to."""
        ended = ((one, one.died()) for one in self.balancers.values())
        return [Died(one.name, code, one.words()) for one, code in ended if code is not None]

    def _up(self) -> None:
        self._binary = find_haproxy(self._haproxy)
        self._home = Path(tempfile.mkdtemp(prefix="exsim-"))  # 0700
        authority = Authority("exsim shadow balancer")
        self.ca_pem_path.write_text(authority.pem)
        pem = self._home / "host.pem"
        pem.touch(mode=0o600)
        pem.write_text(authority.host_certificate([self._trust.host]))
        behind = self._checked(self._home)
        for plan in self._plans:
            log = "lb.log" if not self.balancers else f"lb-{plan.name}.log"
            balancer = LabBalancer(plan, self._binary, self.directory / log, self._redact)
            self.balancers[plan.name] = balancer
            balancer.start(self._home, pem, behind)
        pem.unlink()  # HAProxy reads it once

    def _checked(self, home: Path) -> Behind:
        """The nodes, with what is asked of their certificates."""
        trust = self._trust
        if trust.insecure:
            return replace(self._behind, sni=trust.host)
        file = Path(trust.ca)
        if trust.ca == SYSTEM:
            file = home / "trusted.pem"
            file.write_text(system_authorities())
        return replace(
            self._behind,
            sni=trust.host,
            node_tls=("verify", "required", "ca-file", str(file), "verifyhost", trust.host),
            trust=f"its certificate must be one of {trust.host}",
        )

    def _down(self) -> None:
        for balancer in self.balancers.values():
            balancer.stop()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)


def system_authorities() -> str:
    """What this machine trusts, as PEM.  Raises LabError when nothing can be found."""
    paths = ssl.get_default_verify_paths()
    files = [Path(paths.cafile)] if paths.cafile else []
    if not files and paths.capath:
        files = sorted(Path(paths.capath).glob("*.[0-9]"))  # OpenSSL's own hashed names
    texts = [file.read_text(errors="replace") for file in files if file.is_file()]
    if not texts:
        raise LabError(
            "this machine's authorities cannot be found; give a file of them, target.ca = FILE"
        )
    return "\n".join(texts)
