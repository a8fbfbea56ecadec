"""What a run talks to: a balancer's address, the nodes behind it, and what is known of both.

From a lab that we start, or from a target that we do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.pem import PemProblem, reading
from exsim.drive.tls import context
from exsim.judgement.gate.over_run import is_version
from exsim.lab.balancers import BalancerPlan, Behind
from exsim.lab.errors import LabError
from exsim.lab.reach import addresses_of, first_that_answers, reach
from exsim.lb import rig as lb
from exsim.lb.errors import MovingError
from exsim.lb.nginx import is_nginx
from exsim.lb.nginx import retarget as move_nginx
from exsim.lb.retarget import retarget
from exsim.runs import document
from exsim.runs.accounts import Account
from exsim.runs.addresses import endpoint, is_address, joined
from exsim.runs.errors import OperatorError, ScenarioError
from exsim.runs.organisation import organisation_nodes
from exsim.runs.rig import Rig
from exsim.runs.runfile import BalancerChange
from exsim.runs.scenario import NO_BALANCER, Scenario
from exsim.runs.sections import Target
from exsim.wire.redact import redact_log_line

if TYPE_CHECKING:
    from exsim.lab.lab import Lab
    from exsim.lab.shadow import Shadow

SYSTEM = "system"  # the authorities that this machine trusts
BALANCER = "balancer"  # what a scenario's one balancer is called within its lab


@contextmanager
def lab_for(
    scenario: Scenario,
    directory: Path,
    accounts: Sequence[Account],
    plans: Sequence[BalancerPlan],
    haproxy: str | None = None,
) -> Iterator[Lab]:
    """The lab that `scenario` describes, up for as long as the block lasts.

    Raises EnvironmentProblem with the child's own words when it does not come up.
    """
    assert scenario.lab is not None
    section = scenario.lab
    try:
        from exsim.lab.lab import Lab  # an optional part: only who wants a lab needs its libraries
    except ImportError as missing:
        raise EnvironmentProblem(
            f"a lab needs {missing.name}, which is not installed: pip install 'exsim[lab]'"
        ) from None
    try:
        lab = Lab(
            directory,
            organisation_nodes(section),
            [account.as_mailbox() for account in accounts],
            plans,
            redact=redact_log_line,
            host=section.host,
            time_scale=section.time_scale,
            seed=scenario.seed,
            haproxy=haproxy,
            port=section.port,
        )
        with lab:
            _right_version(lab.haproxy_version, section.haproxy)
            yield lab
    except MovingError as mistake:
        raise OperatorError(str(mistake)) from None
    except LabError as problem:
        raise EnvironmentProblem(f"the lab does not come up: {problem}") from None


def _right_version(ran: str, wanted: str) -> None:
    """What a scenario asks for must be what runs; a lab without a balancer runs none."""
    if wanted and ran and not is_version(ran, wanted):
        raise EnvironmentProblem(
            f"the scenario wants HAProxy {wanted} (lab.haproxy), and the one here is {ran}; "
            "give another with --haproxy"
        )


def plan_for(scenario: Scenario, path: Path, name: str = BALANCER) -> list[BalancerPlan]:
    """The scenario's balancer, read from its file; none when it says so.  Raises OperatorError for one that cannot be moved."""
    assert scenario.lab is not None
    if scenario.lab.balancer == NO_BALANCER:
        return []
    file = path.parent / scenario.lab.balancer
    text = document.text_of(file, "utf-8")
    plan = BalancerPlan(name, text, str(scenario.lab.balancer), scenario.lab.servers)
    anywhere = dict.fromkeys(scenario.node_names, "127.0.0.1:0")
    movable(plan, Behind(anywhere, anywhere), nginx=is_nginx(text))
    return [plan]


def movable(plan: BalancerPlan, here: Behind, *, nginx: bool = False) -> None:
    """Raises OperatorError for a file that its writer has to change, before anything is begun."""
    trial = lb.Rig(
        nodes=here.nodes,
        nodes_tls=here.nodes_tls,
        next_address=lambda tls: "127.0.0.1:0",
        certificate="",
        log="",
        socket="",
        servers=plan.servers,
        naming=here.naming,
    )
    try:
        if nginx:
            move_nginx(plan.text, trial, Path(), plan.source)
        else:
            retarget(plan.text, trial, plan.source)
    except MovingError as mistake:
        raise OperatorError(str(mistake)) from None


def lab_rig(lab: Lab, scenario: Scenario, name: str = BALANCER) -> Rig:
    """How the clients of a run reach a lab through its balancer `name`."""
    assert scenario.lab is not None
    over_tls = scenario.lab.tls == "nodes" or not lab.balancers
    scheme = "https" if over_tls else "http"
    nodes = {node: f"{scheme}://{places[scheme]}" for node, places in lab.nodes.items()}
    versions: dict[str, str] = {node.name: node.version for node in scenario.lab.nodes}
    balancer = lab.balancers.get(name)
    if (
        balancer is None
    ):  # each node by itself: the url leads to the first, where nobody says otherwise
        address = next(iter(lab.nodes.values()))["https"]
        return Rig(lab.url, address, nodes, versions, str(lab.ca_pem_path))
    return Rig(
        url=lab.url,
        address=balancer.address,
        nodes=nodes,
        versions=versions,
        ca=str(lab.ca_pem_path),
        **balancer_facts(lab, name),
    )


def balancer_facts(standing: Lab | Shadow, name: str) -> dict[str, Any]:
    """What a rig says of its balancer, where that was started here."""
    balancer = standing.balancers[name]
    return {
        "config": balancer.cfg,
        "changes": tuple(
            BalancerChange(one.line, one.before, one.after, one.kind, one.why)
            for one in balancer.changes
        ),
        "warnings": tuple(balancer.warnings),
        "lb_servers": dict(balancer.servers),
        balancer.software.lower(): balancer.version,
        "haproxy_path": balancer.path,
    }


def died(standing: Lab | Shadow | None) -> list[str]:
    """What of a lab, or of balancers of one's own, ended by itself, with its exit code."""
    return [f"{one.name} ({one.code})" for one in standing.died()] if standing else []


def target_rig(target: Target, path: Path) -> Rig:
    """How the clients of a run reach a target that is not ours; its files stand relative to the scenario.

    Raises ScenarioError when its `ca` cannot be used, EnvironmentProblem when its name leads nowhere, or
    nobody listens there.  With a balancer of one's own the nodes must be there, and nobody asks for the one
    that the name leads to; until it runs, the first node stands for it.
    """
    ca = _authorities(target, path)
    certificate = _own_certificate(target, path)
    url = urlsplit(target.url)
    host, port = url.hostname or "", url.port or 443
    found: tuple[str, ...] = ()
    try:
        if target.balancer:
            places = [joined(*endpoint(text)[1:]) for text in target.nodes.values()]
            address = places[0]
        else:
            places = [target.proxy]
            if target.proxy:  # it looks the name up
                address = joined(*endpoint(target.address or f"{host}:{port}", port)[1:])
            else:
                address, found = pinned(target.address, host, port)
                places = [address]
        for place in places:
            reach(place)
    except LabError as problem:
        raise EnvironmentProblem(str(problem)) from None
    return Rig(
        url=target.url.rstrip("/"),
        address=address,
        nodes=dict(target.nodes),
        versions=dict.fromkeys(target.nodes, ""),
        ca=ca,
        insecure=target.insecure,
        hosts=target.hosts,
        logon_folder=str(path.parent.resolve()) if target.logon else "",
        resolved=found,
        tls_min=target.tls.min,
        tls_legacy=target.tls.legacy,
        client_cert=certificate[0],
        client_key=certificate[1],
        proxy=target.proxy,
    )


def pinned(address: str, host: str, port: int) -> tuple[str, tuple[str, ...]]:
    """Where to connect, and every address that was found: `address` if there is one, else `host`'s.

    Of several the first that answers is used, and no other.  Raises LabError.
    """
    if address:
        where, at = endpoint(address, port)[1:]
        found = () if is_address(where) else addresses_of(where)
        return joined(found[0] if found else where, at), found
    found = (host,) if is_address(host) else addresses_of(host)
    return joined(first_that_answers(found, port), port), found


def _own_certificate(target: Target, path: Path) -> tuple[str, str]:
    """The files of our own certificate and its key, looked at before anything is begun."""
    files = [
        str(path.parent / one) if one else "" for one in (target.client_cert, target.client_key)
    ]
    try:
        reading(lambda: context(insecure=True, certificate=files[0], key=files[1]), *files)
    except PemProblem as problem:
        raise ScenarioError(str(path), "target.client_cert", str(problem)) from None
    return files[0], files[1]


def _authorities(target: Target, path: Path) -> str:
    """The file of trusted authorities, looked at before anything is begun; or "system"."""
    if target.ca == SYSTEM:
        return SYSTEM
    file = str(path.parent / target.ca)
    try:
        reading(lambda: context(file, target.insecure), file)
    except PemProblem as problem:
        raise ScenarioError(str(path), "target.ca", str(problem)) from None
    return file
