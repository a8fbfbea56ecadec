"""What the load is ordered to do, made from a scenario, a rig, and who logs on; one order for each worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

import exsim
from exsim.runs.assignment import Assignment
from exsim.runs.dice import Source
from exsim.runs.limits import shared
from exsim.runs.order import Combination, Order, Phase
from exsim.runs.rig import Rig
from exsim.runs.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the orders of one run have in common.

    `started`: its zero; `logons`: those of the last minute, of whatever shares its ceiling; seconds since 1970.
    """

    name: str
    scenario: Scenario
    rig: Rig
    assignment: Assignment
    directory: Path
    started: float
    salt: str
    resting: dict[str, str] = field(default_factory=dict)
    logons: tuple[float, ...] = ()

    def order(self, phase: Phase = "main", combinations: Sequence[Combination] = ()) -> Order:
        """The order for one phase, for a load that does all of it."""
        scenario, rig = self.scenario, self.rig
        return Order(
            scenario=self.name,
            seed=scenario.seed,
            population=scenario.population,
            load=scenario.load,
            expect=scenario.expect,
            directory=str(self.directory),
            url=rig.url,
            address=rig.address,
            started=self.started,
            salt=self.salt,
            assignments=self.assignment.users,
            spare=self.assignment.spare,
            phase=phase,
            hosts=rig.hosts,
            nodes=rig.nodes,
            versions=rig.versions,
            ca=rig.ca,
            lb_ca=rig.lb_ca,
            insecure=rig.insecure,
            tls_min=rig.tls_min,
            tls_legacy=rig.tls_legacy,
            client_cert=rig.client_cert,
            client_key=rig.client_key,
            proxy=rig.proxy,
            lb_cookie=rig.lb_cookie,
            lb_servers=rig.lb_servers,
            lb_values=rig.lb_values,
            distrusted=rig.distrusted,
            combinations=tuple(combinations),
            time_scale=scenario.time_scale,
            writes=scenario.target.writes if scenario.target is not None else "own-mailbox",
            lab=scenario.lab is not None,
            limits=scenario.limits,
            resting=self.resting,
            logons=tuple(at - self.started for at in self.logons),
            logon=scenario.target.logon if scenario.target is not None else "",
            logon_folder=rig.logon_folder,
            signature=signature(self.directory) if scenario.target is not None else "",
        )


def shared_out(order: Order) -> list[Order]:
    """One order for each worker: users dealt out in turn, so that no mailbox is in two of them."""
    workers = order.load.workers
    return [
        msgspec.structs.replace(
            order,
            worker=worker,
            workers=workers,
            assignments=tuple(users[worker::workers] for users in order.assignments),
            spare=order.spare[worker::workers],
            combinations=order.combinations[worker::workers],
            load=msgspec.structs.replace(order.load, spawn_rate=order.load.spawn_rate / workers),
            limits=shared(order.limits, workers),
        )
        for worker in range(workers)
    ]


def signature(run: Path | str) -> str:
    """What every request of a run on a target says of itself, behind the browser's own words."""
    return f"exsim/{exsim.__version__} run={Path(run).name}"


def salt_of(scenario: Scenario) -> str:
    """A fresh salt for the hashes of one run's cookies; it stands in no file."""
    return Source(scenario.seed).salt()
