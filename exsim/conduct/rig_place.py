"""From a rig to the places that clients connect to: the balancer, and each node with the url's own Host."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.probe_target import Place
from exsim.drive.target import Target
from exsim.drive.tls import context, context_for
from exsim.lab.errors import LabError
from exsim.lab.reach import resolved
from exsim.runs.addresses import endpoint, is_address
from exsim.runs.errors import ScenarioError
from exsim.runs.plan import signature
from exsim.runs.rig import Rig

if TYPE_CHECKING:
    from exsim.drive.tls import Tls


def host_of(rig: Rig) -> str:
    """Host, with its port where the url has one of its own."""
    return urlsplit(rig.url).netloc.removesuffix(":443")


def rig_place(rig: Rig, path: Path, nodes: bool = True, run: str = "look") -> Place:
    """Where a client connects; `nodes`: also to each node by itself.  `run`: as whom it is signed.

    Raises ScenarioError for certificates that cannot be read, EnvironmentProblem for a name without address.
    """
    host = host_of(rig)
    try:
        tls = context_for(rig)
    except OSError as problem:  # a file that is no certificate is one as well
        why = problem.strerror or problem
        raise ScenarioError(str(path), "target.ca", f"{rig.ca}: {why}") from None
    before = context(rig.lb_ca) if rig.lb_ca else tls
    whole = partial(_target, rig, host, signature(run))
    targets: dict[str | None, Target] = {None: whole(rig.address, before)}
    if nodes:
        targets |= {name: whole(address, tls) for name, address in rig.nodes.items()}
    return Place(host, rig.address, targets, lb_servers=rig.lb_servers, lb_cookie=rig.lb_cookie)


def _target(rig: Rig, host: str, signed: str, address: str, tls: Tls) -> Target:
    scheme, where, port = endpoint(address)
    proxy = endpoint(rig.proxy)[1:] if rig.proxy else None
    try:
        where = where if is_address(where) or proxy else resolved(where)
    except LabError as problem:
        raise EnvironmentProblem(str(problem)) from None
    spoken = tls if scheme == "https" else None
    return Target(where, port, host, spoken, proxy=proxy, signature=signed)
