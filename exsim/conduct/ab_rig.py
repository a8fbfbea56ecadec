"""The two sides of a trial: one scenario behind two balancers' files, each with mailboxes of its own.

Each user lives one session, with an account that nobody else uses and with the same dice as his twin on
the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from exsim.judgement.paired import Limits, shared
from exsim.lab.balancers import BalancerPlan
from exsim.runs.accounts import Account
from exsim.runs.assignment import lab_accounts, lab_homes
from exsim.runs.dice import Source
from exsim.runs.errors import ScenarioError
from exsim.runs.scenario import NO_BALANCER, Scenario
from exsim.runs.sections import Ab, Population

LETTERS = ("a", "b")
LOGON_LIMIT = 20.0  # seconds from a user's coming to an accepted logon; assumed
SESSION_SLACK, SESSION_TIMES = (
    15.0,
    3.0,
)  # a session may take so many times its pauses, and so much more


@dataclass(frozen=True, slots=True)
class AbSides:
    """What the command line says instead of the scenario; None leaves it to the scenario."""

    a: Path | None = None
    b: Path | None = None
    max_pairs: int | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Half:
    """One side: its run's name, its scenario, its balancer, its accounts."""

    name: str
    scenario: Scenario
    balancer: BalancerPlan
    accounts: list[Account]


def settings(scenario: Scenario, options: AbSides) -> Ab:
    """The scenario's `[ab]` with what the command line says."""
    section = scenario.ab or Ab()
    return msgspec.structs.replace(
        section,
        max_pairs=options.max_pairs or section.max_pairs,
        margin=options.margin or section.margin,
    )


def halves(scenario: Scenario, path: Path, options: AbSides) -> list[Half]:
    """Both sides.  Raises ScenarioError when the scenario does not say what is to be compared."""
    if scenario.lab is None:
        raise ScenarioError(
            str(path),
            "lab",
            "is missing: both balancers are run here, in front of simulated nodes; on a farm of your own run "
            "the scenario with each configuration, and exsim compare the two",
        )
    for index, population in enumerate(scenario.population):
        if population.node:
            raise ScenarioError(
                str(path), f"population[{index}].node",
                f'"{population.node}": these users go past the balancer, and two balancers are compared',
            )  # fmt: skip
    files = _files(scenario, path, options)
    pairs = settings(scenario, options).max_pairs
    ready = _paired(scenario, pairs)
    homes = lab_homes(ready)
    accounts = lab_accounts(2 * len(homes), [*homes, *homes], Source(ready.seed))
    made = []
    for letter, (file, said), own in zip(
        LETTERS, files, (accounts[: len(homes)], accounts[len(homes) :]), strict=True
    ):
        plan = BalancerPlan(letter, _text(file), said, scenario.lab.servers)
        lab = msgspec.structs.replace(scenario.lab, balancer=said)
        title = f"{letter.upper()}: {Path(said).name}"
        side = msgspec.structs.replace(ready, lab=lab, title=title)
        made.append(Half(f"{path.stem}-{letter}", side, plan, own))
    return made


def _files(scenario: Scenario, path: Path, options: AbSides) -> list[tuple[Path, str]]:
    """Each balancer's file, and what it is called."""
    assert scenario.lab is not None
    if options.a is None and scenario.lab.balancer == NO_BALANCER:
        raise ScenarioError(str(path), "lab.balancer", 'is "none"; name a HAProxy file, or use --a')
    if options.b is None and not (scenario.ab and scenario.ab.b):
        raise ScenarioError(
            str(path), "ab.b", "is missing: the other balancer's file; or say it with --b"
        )
    of_b = scenario.ab.b if scenario.ab else ""
    return [
        (given, str(given)) if given else (path.parent / said, said)
        for given, said in ((options.a, scenario.lab.balancer), (options.b, of_b))
    ]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "is not UTF-8 text"
        raise ScenarioError(str(file), "", f"cannot be read: {why}") from None


def _paired(scenario: Scenario, pairs: int) -> Scenario:
    """As many users as pairs, in the populations' shares, each for one session."""
    counts = shared(pairs, [population.users for population in scenario.population])
    limits = limits_of(scenario)
    assert scenario.lab is not None
    lasts = sum(counts) / scenario.load.spawn_rate + limits.session + limits.logon
    load = msgspec.structs.replace(
        scenario.load, control=0, force=False, unmask=False, workers=1,
        duration=lasts / scenario.lab.time_scale,
    )  # fmt: skip
    populations = tuple(
        _once(population, users)
        for population, users in zip(scenario.population, counts, strict=True)
    )
    return msgspec.structs.replace(scenario, population=populations, load=load)


def _once(population: Population, users: int) -> Population:
    session = msgspec.structs.replace(
        population.session, logons=1, relogin_after=None, change_mailbox=()
    )
    return msgspec.structs.replace(population, users=users, session=session)


def limits_of(scenario: Scenario) -> Limits:
    """After how many seconds nobody waits for a session any longer; by the slowest population."""
    scale = scenario.lab.time_scale if scenario.lab else 1.0
    pauses = max(one.session.polls * one.session.think for one in scenario.population) * scale
    return Limits(LOGON_LIMIT, SESSION_SLACK + SESSION_TIMES * pauses)
