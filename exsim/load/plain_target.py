"""A `[target]` under Locust's own command: what `exsim run` does before the load is done here as well.

Not here: the survey of what the balancer keeps, control sessions, and steered ones.
"""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from exsim.load.checking import check_accounts
from exsim.load.guard import Guard
from exsim.load.worker import Worker
from exsim.protocols.checked import ACCEPTED
from exsim.runs.addresses import joined
from exsim.runs.assignment import without
from exsim.runs.exits import Exit
from exsim.runs.plan import Plan
from exsim.runs.rig import Rig
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import Scenario
from exsim.runs.standing import StandingLab
from exsim.runs.target_accounts import target_accounts
from exsim.session.attempts import REFUSED
from exsim.session.hop import Mark


def stranger(path: Path, scenario: Scenario) -> StandingLab | None:
    """A `[target]` as its scenario names it; None when the scenario has a lab.

    Raises OperatorError, and OSError where the name has no address.
    """
    target = scenario.target
    if target is None:
        return None
    accounts = target_accounts(target, path)
    folder = path.parent
    address = target.address
    found: tuple[str, ...] = ()
    if not address:
        address, found = _resolved(target.url, bool(target.proxy))
    rig = Rig(
        url=target.url.rstrip("/"),
        address=address,
        nodes=dict(target.nodes),
        versions=dict.fromkeys(target.nodes, ""),
        ca=target.ca if target.ca == "system" else str(folder / target.ca),
        insecure=target.insecure,
        hosts=target.hosts,
        resolved=found,
        tls_min=target.tls.min,
        tls_legacy=target.tls.legacy,
        client_cert=str(folder / target.client_cert) if target.client_cert else "",
        client_key=str(folder / target.client_key) if target.client_key else "",
        proxy=target.proxy,
        logon_folder=str(folder.resolve()) if target.logon else "",
    )
    return StandingLab(str(path.resolve()), rig, tuple(accounts))


def _resolved(url: str, by_proxy: bool) -> tuple[str, tuple[str, ...]]:
    """Where to connect, the first address of the url's name; a proxy looks it up itself."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if by_proxy:
        return joined(host, port), ()
    every = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    found = tuple(dict.fromkeys(str(one[4][0]) for one in every))
    return joined(found[0], port), found


def checked(plan: Plan, book: Runbook) -> tuple[Plan, str, Exit]:
    """Each account logged on once, one after the other, before any load.

    The plan without those that were refused; and, where nothing may be loaded, why not, with the exit code.
    """
    worker = Worker(plan.order("check"))
    guard = Guard(worker)
    try:
        check_accounts(worker)
    finally:
        guard.stop()
        worker.close()
    if worker.crash is not None:
        return plan, "a flow of ours broke", Exit.BROKEN
    if worker.why:
        return plan, worker.why, Exit.STOPPED if worker.by_rule else Exit.ENVIRONMENT
    refused = {
        str(line.facts.get("address")): REFUSED
        for line in book.directory.history()
        if isinstance(line, Mark)
        and line.what == "account_checked"
        and line.facts.get("status") != ACCEPTED
    }
    for address in refused:
        book.note(f"{address}: {REFUSED}; it was not used")
    assignment = without(plan.assignment, refused)
    book.describe(plan.rig, assignment)
    logons = tuple(plan.started + at for at in worker.logons())
    return replace(plan, assignment=assignment, resting=refused, logons=logons), "", Exit.PASS
