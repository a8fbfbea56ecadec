"""A lost session of a run again, each request at the node that had answered it: always lost, or a race?

Needs the nodes' own addresses and the accounts: of the lab, if it stands, or of a target's scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from exsim.conduct.doctor_patient import NODES, Patient, place_of
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.probe_client import ProbeClient
from exsim.conduct.rig import target_rig
from exsim.conduct.tale import Tale, ToldHop, tell
from exsim.lab.errors import LabError
from exsim.lab.handle import ask
from exsim.protocols.agent import Account as Login
from exsim.protocols.agent import Agent
from exsim.protocols.owa.again import Step, Trial, once_more
from exsim.runs.accounts import Account, read_accounts
from exsim.runs.directory import RunDirectory
from exsim.runs.errors import OperatorError, RunError
from exsim.runs.rig import Rig
from exsim.runs.scenario import load_scenario
from exsim.runs.standing import StandingLab, decode, handles
from exsim.runs.target_accounts import by_the_form

LIMIT = 120.0  # seconds for one time, beyond its own pauses
BEFORE = frozenset(("open", "logon_page", "logon_form", "logon", "logon_again", "find", "proof"))
MOST = 50  # each time is a logon


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says.  `scenario`: of a target, whose accounts are needed."""

    session: str
    times: int = 5
    paced: bool = False
    scenario: Path | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """How often it was lost again."""

    tale: Tale
    steps: tuple[Step, ...]
    trials: tuple[Trial, ...]
    left_out: int = 0

    @property
    def lost(self) -> int:
        return sum(trial.lost for trial in self.trials)

    @property
    def began(self) -> int:
        return sum(trial.logon == "accepted" for trial in self.trials)


def replay(directory: RunDirectory, wanted: Wanted) -> Replayed:
    """Play the session again.  Raises OperatorError and EnvironmentProblem, each one line."""
    if not 1 <= wanted.times <= MOST:
        raise OperatorError(f"-n {wanted.times}: is not between 1 and {MOST}")
    tale = tell(directory, wanted.session)
    steps, left_out = steps_of(tale)
    patient = _patient(directory, tale, wanted)
    missing = {step.node for step in steps} - patient.rig.nodes.keys()
    if missing:
        raise EnvironmentProblem(f"{', '.join(sorted(missing))}: there is no address of its own")
    account = account_of(tale, patient.accounts)
    client = ProbeClient(place_of(patient), lambda told: None)
    trials: list[Trial] = []
    try:
        for number in range(wanted.times):
            trials.append(_once(client, patient, account, tale, steps, wanted.paced, number))
            if trials[-1].logon == "refused":
                raise EnvironmentProblem(
                    f"{account.logon} was refused at its logon; no further logon was tried"
                )
        unreachable = client.unreachable()
        if unreachable is not None:
            raise unreachable
    finally:
        client.close()
    return Replayed(tale, steps, tuple(trials), left_out)


def _once(
    client: ProbeClient,
    patient: Patient,
    account: Account,
    tale: Tale,
    steps: Sequence[Step],
    paced: bool,
    number: int,
) -> Trial:
    """One time, by a browser of its own."""
    login = Login(account.address, account.logon, account.password, account.home)
    browser = Agent(patient.host, client.source.dice("replay", number), login)
    browser.number = number
    session = tale.session
    flow = once_more(browser, login, session.private, session.login_front_end or "", steps, paced)
    pauses = sum(step.after for step in steps) if paced else 0.0
    over, trial = client.run(flow, LIMIT + pauses)
    return trial if over and trial is not None else Trial("error", "it took too long")


# What is to be asked ------------------------------------------------------------------------------
def steps_of(tale: Tale) -> tuple[tuple[Step, ...], int]:
    """The session's requests in the order of sending, up to the culprit; and how many nobody can place.

    Raises RunError when it was not lost, or nobody knows where it began or ended.
    """
    session, incident = tale.session, tale.session.incident
    if incident is None:
        raise RunError(f"{session.id}: was not lost ({session.state}); nothing to play again")
    if not session.login_front_end:
        raise RunError(f"{session.id}: no witness says where it logged on")
    told = sorted((one for one in tale.hops if _belongs(one, incident.seq)), key=_sent)
    if not told or told[-1].hop.seq != incident.seq or not told[-1].front_end:
        raise RunError(f"{session.id}: no witness says which node took it")
    known = [one for one in told if one.front_end]
    times = [one.hop.t for one in known]
    gaps = [0.0, *(max(0.0, now - before) for before, now in pairwise(times))]
    steps = tuple(
        Step(one.hop.method, one.hop.target, one.hop.step, one.front_end, gap)
        for one, gap in zip(known, gaps, strict=True)
    )
    return steps, len(told) - len(known)


def _belongs(told: ToldHop, culprit: int) -> bool:
    return told.hop.step not in BEFORE and told.hop.seq <= culprit


def _sent(told: ToldHop) -> int:
    return told.hop.seq


# Where and as whom --------------------------------------------------------------------------------
def _patient(directory: RunDirectory, tale: Tale, wanted: Wanted) -> Patient:
    scenario = directory.read_scenario()
    name = tale.run.scenario
    if tale.run.rig == "lab":
        lab = standing_lab(name, wanted.scenario, set(tale.run.node_addresses))
        return Patient(name, scenario, Path(lab.scenario), lab.rig, lab.accounts, NODES)
    if wanted.scenario is None:
        raise OperatorError(
            f"replay: say which scenario the run was of, --scenario FILE: {name}'s accounts are needed"
        )
    given = load_scenario(wanted.scenario)
    if given.target is None or urlsplit(given.target.url).netloc != urlsplit(tale.run.url).netloc:
        raise OperatorError(
            f"{wanted.scenario}: is not a scenario of the run's target {tale.run.url}"
        )
    if not given.target.nodes:
        raise EnvironmentProblem(f"{wanted.scenario}: target.nodes: gives no node's own address")
    by_the_form(given.target, wanted.scenario)
    accounts = read_accounts(wanted.scenario.parent / given.target.accounts)
    rig: Rig = target_rig(given.target, wanted.scenario)
    return Patient(name, given, wanted.scenario, rig, tuple(accounts), NODES)


def standing_lab(name: str, scenario: Path | None, nodes: set[str]) -> StandingLab:
    """The lab of the scenario called `name` that stands and has these nodes.  Raises EnvironmentProblem."""
    for path in handles(name, scenario):
        try:
            lab = decode(ask(path))
        except (LabError, msgspec.DecodeError):
            continue
        if nodes <= lab.rig.nodes.keys():
            return lab
    file = scenario or f"scenarios/{name}.toml"
    raise EnvironmentProblem(f"the lab of {name} does not stand; start it with: exsim lab {file}")


def account_of(tale: Tale, accounts: Sequence[Account]) -> Account:
    """The account of the session, else one whose mailbox lives likewise.  Raises EnvironmentProblem."""
    session = tale.session
    claims = tale.run.accounts
    node = next((one.get("node") for one in claims if one["address"] == session.account), None)
    same = [one for one in accounts if one.address == session.account]
    beside = [one for one in accounts if node and one.node == node]
    alike = [one for one in accounts if one.home == session.home]
    found = [*(one for one in same if not node or one.node == node), *beside, *same, *alike]
    if found:
        return found[0]
    raise EnvironmentProblem(
        f"no account with a mailbox on {session.home or 'its version'} is left"
    )
