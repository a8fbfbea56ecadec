"""From a rig to the places that clients connect to: the balancer, and each node with the url's own Host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.probe_target import Place
from exsim.drive.target import Target
from exsim.drive.tls import context
from exsim.lab.errors import LabError
from exsim.lab.reach import resolved
from exsim.runs.addresses import endpoint, is_address
from exsim.runs.errors import ScenarioError
from exsim.runs.rig import Rig

if TYPE_CHECKING:
    from exsim.drive.tls import Tls


def host_of(rig: Rig) -> str:
    """Host, with its port where the url has one of its own."""
    return urlsplit(rig.url).netloc.removesuffix(":443")


def rig_place(rig: Rig, path: Path, nodes: bool = True) -> Place:
    """Where a client connects; `nodes`: also to each node by itself.

    Raises ScenarioError for certificates that cannot be read, EnvironmentProblem for a name without address.
    """
    host = host_of(rig)
    try:
        tls = context(None if rig.ca == "system" else rig.ca, rig.insecure)
    except OSError as problem:  # a file that is no certificate is one as well
        why = problem.strerror or problem
        raise ScenarioError(str(path), "target.ca", f"{rig.ca}: {why}") from None
    before = context(rig.lb_ca) if rig.lb_ca else tls
    targets: dict[str | None, Target] = {None: _target(rig.address, host, before)}
    if nodes:
        targets |= {name: _target(address, host, tls) for name, address in rig.nodes.items()}
    return Place(host, rig.address, targets, lb_servers=rig.lb_servers, lb_cookie=rig.lb_cookie)


def _target(address: str, host: str, tls: Tls) -> Target:
    scheme, where, port = endpoint(address)
    try:
        where = where if is_address(where) else resolved(where)
    except LabError as problem:
        raise EnvironmentProblem(str(problem)) from None
    return Target(where, port, host, tls if scheme == "https" else None)
