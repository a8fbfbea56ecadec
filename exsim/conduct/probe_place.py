"""The place that a probe goes to, up for as long as it lasts: a target, or a balancer started before its nodes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exsim.conduct.probe_target import Asked, Place, place_of
from exsim.conduct.rig import BALANCER
from exsim.conduct.shadow_rig import shadow_for
from exsim.lab.balancers import BalancerPlan
from exsim.runs import document
from exsim.runs.accounts import Account, read_accounts
from exsim.runs.errors import OperatorError
from exsim.runs.rig import cookie_in
from exsim.runs.scenario import load_scenario
from exsim.runs.sections import Target
from exsim.runs.target_accounts import by_the_form


@contextmanager
def standing(asked: Asked) -> Iterator[Place]:
    """Where to go.  Raises OperatorError for a mistake, EnvironmentProblem when nobody is there."""
    if asked.balancer is None:
        yield place_of(asked)
        return
    if not asked.nodes:
        raise OperatorError(
            "--balancer: needs the nodes that it stands before: --node NAME=ADDRESS"
        )
    file = asked.balancer
    with tempfile.TemporaryDirectory(prefix="exsim-probe-") as home:
        plan = BalancerPlan(BALANCER, document.text_of(file, "utf-8"), str(file), asked.servers)
        with shadow_for(_target(asked), Path(), Path(home), [plan], asked.haproxy) as shadow:
            balancer = shadow.balancers[BALANCER]
            here = replace(asked, address=balancer.address, lb_ca=str(shadow.ca_pem_path))
            yield replace(
                place_of(here),
                about=f"{file.name} on this machine ({balancer.address}), HAProxy {shadow.haproxy_version}, "
                "in front of the nodes' own addresses",
                lb_servers=balancer.servers,
                lb_cookie=cookie_in(balancer.cfg),
            )


def _target(asked: Asked) -> Target:
    """As a scenario would say it.  That passwords may cross a wire in clear is decided by `place_of`."""
    url = asked.url if "://" in asked.url else f"https://{asked.url}"
    ca = str(Path(asked.ca).resolve()) if asked.ca else "system"
    return Target(url=url, accounts="", nodes=asked.nodes, ca=ca, insecure=asked.insecure)


# A scenario instead of words ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Said:
    """What a scenario says of its target, and the account that logs on."""

    asked: Asked
    account: Account


def said_by(path: Path, user: str, haproxy: str | None) -> Said:
    """The target of the scenario at `path`; `user`: as he logs on, or "" for the first account.

    Raises OperatorError.
    """
    target = load_scenario(path).target
    if target is None:
        raise OperatorError(
            f"{path}: has no [target]; a lab is looked at by exsim run or exsim doctor"
        )
    by_the_form(target, path)
    accounts = read_accounts(path.parent / target.accounts)
    found = [one for one in accounts if user in ("", one.logon, one.address)]
    if not found:
        raise OperatorError(f"--user {user}: is not in {target.accounts}")
    asked = Asked(
        url=target.url,
        address=target.address,
        nodes=target.nodes,
        ca=None if target.ca == "system" else str(path.parent / target.ca),
        insecure=target.insecure,
        confirm=target.confirm,
        cleartext=target.cleartext,
        balancer=path.parent / target.balancer if target.balancer else None,
        servers=target.map,
        haproxy=haproxy,
        tls_min=target.tls.min,
        tls_legacy=target.tls.legacy,
        client_cert=str(path.parent / target.client_cert) if target.client_cert else "",
        client_key=str(path.parent / target.client_key) if target.client_key else "",
        proxy=target.proxy,
    )
    return Said(asked, found[0])
