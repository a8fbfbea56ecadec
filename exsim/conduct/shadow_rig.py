"""A balancer of one's own in front of real nodes: started here, and reached by clients as any other rig."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from exsim.conduct import rig
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.rig import BALANCER, balancer_facts, target_rig
from exsim.lab.balancers import BalancerPlan, Behind
from exsim.lab.errors import LabError
from exsim.lb.errors import MovingError
from exsim.runs import document
from exsim.runs.addresses import endpoint, joined
from exsim.runs.errors import OperatorError
from exsim.runs.rig import Rig
from exsim.runs.scenario import Scenario
from exsim.runs.sections import Target
from exsim.wire.redact import redact_log_line

if TYPE_CHECKING:
    from exsim.lab.shadow import Shadow


@contextmanager
def shadow_for(
    target: Target,
    path: Path,
    directory: Path,
    plans: Sequence[BalancerPlan],
    haproxy: str | None = None,
) -> Iterator[Shadow]:
    """`plans` in front of the nodes of `target`, up for as long as the block lasts.

    Raises OperatorError for a file that its writer has to change, EnvironmentProblem when a balancer does
    not come up.
    """
    try:
        from exsim.lab.shadow import Shadow, Trust  # an optional part, as the lab is
    except ImportError as missing:
        raise EnvironmentProblem(
            f"a balancer of one's own needs {missing.name}, which is not installed: "
            "pip install 'exsim[lab]'"
        ) from None
    ca = target.ca if target.ca == "system" else str((path.parent / target.ca).resolve())
    trust = Trust(urlsplit(target.url).hostname or "", ca, target.insecure)
    try:
        shadow = Shadow(
            directory, behind(target), trust, plans, redact=redact_log_line, haproxy=haproxy
        )
        with shadow:
            yield shadow
    except MovingError as mistake:
        raise OperatorError(str(mistake)) from None
    except LabError as problem:
        raise EnvironmentProblem(f"the balancer does not come up: {problem}") from None


def behind(target: Target) -> Behind:
    """The nodes' own addresses, by what is spoken there."""
    places: dict[str, dict[str, str]] = {"http": {}, "https": {}}
    for name, text in target.nodes.items():
        scheme, host, port = endpoint(text)
        places[scheme][name] = joined(host, port)
    return Behind(places["http"], places["https"], naming="[target.map]")


def shadow_plan(target: Target, path: Path, name: str = BALANCER) -> BalancerPlan:
    """The balancer that `target` names, read from its file.  Raises OperatorError."""
    text = document.text_of(path.parent / target.balancer, "utf-8")
    plan = BalancerPlan(name, text, target.balancer, target.map)
    movable(plan, target)
    return plan


def movable(plan: BalancerPlan, target: Target) -> None:
    """Raises OperatorError for a file that its writer has to change, before anything is begun."""
    rig.movable(plan, behind(target))


def shadow_rig(shadow: Shadow, target: Target, path: Path, name: str = BALANCER) -> Rig:
    """How clients reach real nodes through the balancer `name` that was started here."""
    return msgspec.structs.replace(
        target_rig(target, path),
        address=shadow.balancers[name].address,
        lb_ca=str(shadow.ca_pem_path),
        **balancer_facts(shadow, name),
    )


@contextmanager
def shadow_of(
    scenario: Scenario, path: Path, directory: Path, haproxy: str | None = None
) -> Iterator[tuple[Shadow, Rig]]:
    """The one balancer of a scenario's target, up, and how to reach it."""
    target = scenario.target
    assert target is not None
    plans = [shadow_plan(target, path)]
    with shadow_for(target, path, directory, plans, haproxy) as shadow:
        yield shadow, shadow_rig(shadow, target, path)
