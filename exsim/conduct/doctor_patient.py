"""Whom the doctor visits: a lab of our own for as long as the visit lasts, or a target that is not ours."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from exsim.conduct.probe_target import Place
from exsim.conduct.rig import lab_for, lab_rig, plan_for, target_rig
from exsim.conduct.rig_place import host_of, rig_place
from exsim.conduct.shadow_rig import shadow_of
from exsim.conduct.shipped import scenarios
from exsim.runs.accounts import Account, read_accounts
from exsim.runs.assignment import make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.errors import OperatorError
from exsim.runs.organisation import PresetProblem, choices
from exsim.runs.presets import PRESETS
from exsim.runs.rig import Rig
from exsim.runs.scenario import NO_BALANCER, Scenario, load_scenario
from exsim.runs.target_accounts import by_the_form

LAB, LAB_2010 = "roundrobin.toml", "e14.toml"  # whose nodes and balancer `--lab` takes
OF_2010 = "e14_no_affinity"
NODES, BALANCER = "nodes", "balancer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says.

    `scenario` or `presets` (of a lab with the incident's nodes).  `through_balancer`: leave the nodes'
    own addresses alone.  `accounts`: how many to use.  `budget`: password attempts for each of them.
    """

    scenario: Path | None = None
    presets: tuple[str, ...] = ()
    through_balancer: bool = False
    accounts: int = 2
    budget: int = 40
    haproxy: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """What is visited, and who logs on there."""

    name: str
    scenario: Scenario
    path: Path
    rig: Rig
    accounts: tuple[Account, ...]
    through: str
    simulated: tuple[str, ...] = ()  # presets of a lab

    @property
    def host(self) -> str:
        return host_of(self.rig)


def read(asked: Asked) -> tuple[Path, Scenario]:
    """The scenario that is meant.  Raises OperatorError."""
    if asked.scenario is not None:
        if asked.presets:
            raise OperatorError("doctor: --preset goes with --lab, not with a scenario")
        return asked.scenario, load_scenario(asked.scenario)
    if not asked.presets:
        raise OperatorError("doctor: say which scenario, or --lab --preset NAME")
    wants_2010 = any(one.partition("@")[0] == OF_2010 for one in asked.presets)
    path = scenarios() / (LAB_2010 if wants_2010 else LAB)
    scenario = load_scenario(path)
    assert scenario.lab is not None
    try:
        choices(asked.presets, scenario.lab.nodes)
    except PresetProblem as problem:
        raise OperatorError(f"--preset: {problem}") from None
    lab = msgspec.structs.replace(scenario.lab, preset=asked.presets)
    return path, msgspec.structs.replace(scenario, lab=lab)


def through_of(asked: Asked, scenario: Scenario) -> str:
    """By the nodes' addresses where there are any, unless the balancer alone is wanted.

    Raises OperatorError when there is no balancer to go through.
    """
    if scenario.target is not None:
        return BALANCER if asked.through_balancer or not scenario.target.nodes else NODES
    assert scenario.lab is not None
    if asked.through_balancer and scenario.lab.balancer == NO_BALANCER:
        raise OperatorError("--through balancer: this lab has none")
    return BALANCER if asked.through_balancer else NODES


@contextmanager
def patient_for(asked: Asked) -> Iterator[Patient]:
    """The patient, up for as long as the block lasts.  Raises OperatorError and EnvironmentProblem."""
    path, scenario = read(asked)
    through = through_of(asked, scenario)
    name = path.stem
    if scenario.target is not None:
        target = scenario.target
        by_the_form(target, path)
        accounts = chosen(read_accounts(path.parent / target.accounts), asked.accounts)
        rig = target_rig(target, path)
        if not target.balancer or through == NODES:
            yield Patient(name, scenario, path, rig, accounts, through)
            return
        with _home() as home, shadow_of(scenario, path, home, asked.haproxy) as (_, rig):
            yield Patient(name, scenario, path, rig, accounts, through)
        return
    assert scenario.lab is not None
    made = make_lab_accounts(scenario, Source(scenario.seed))
    plans = plan_for(scenario, path) if through == BALANCER else []
    with _home() as home, lab_for(scenario, home, made, plans, asked.haproxy) as lab:
        rig = lab_rig(lab, scenario)
        count = max(asked.accounts, len(scenario.lab.nodes))
        yield Patient(name, scenario, path, rig, chosen(made, count), through, scenario.lab.presets)


@contextmanager
def _home() -> Iterator[Path]:
    """A directory for what a visit's own processes write."""
    home = Path(tempfile.mkdtemp(prefix="exsim-doctor-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def chosen(accounts: Sequence[Account], count: int) -> tuple[Account, ...]:
    """`count` accounts, their mailboxes on as many homes as there are.  Raises OperatorError."""
    if count < 1:
        raise OperatorError(f"--accounts {count}: is not a number of accounts")
    first: dict[str, Account] = {}
    for account in accounts:
        first.setdefault(account.node or account.home, account)
    rest = [account for account in accounts if account not in first.values()]
    return tuple([*first.values(), *rest][:count])


def sentences(presets: Sequence[str]) -> list[str]:
    """What is wrong with a lab, in words."""
    return [PRESETS[one.partition("@")[0]].sentence for one in presets]


def place_of(patient: Patient) -> Place:
    """Where a client connects.  Raises ScenarioError and EnvironmentProblem."""
    return rig_place(patient.rig, patient.path, nodes=patient.through == NODES, run="doctor")
