"""The two sides of a trial: one scenario behind two balancers' files, each with mailboxes of its own.

Each user lives one session, with an account that nobody else uses and with the same dice as his twin on
the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from exsim.judgement.paired import Limits, shared
from exsim.lab.balancers import BalancerPlan
from exsim.runs import document, limits
from exsim.runs.accounts import Account
from exsim.runs.assignment import lab_accounts, lab_homes
from exsim.runs.complaint import Complaint
from exsim.runs.dice import Source
from exsim.runs.errors import ScenarioError
from exsim.runs.scenario import Scenario, balancer_name
from exsim.runs.sections import Ab, Population
from exsim.runs.target_accounts import target_accounts

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
    if scenario.target is not None and not scenario.target.nodes:
        raise ScenarioError(
            str(path), "target.nodes",
            "is missing: both balancers are run here, in front of the nodes' own addresses",
        )  # fmt: skip
    for index, population in enumerate(scenario.population):
        if population.node:
            raise ScenarioError(
                str(path), f"population[{index}].node",
                f'"{population.node}": these users go past the balancer, and two balancers are compared',
            )  # fmt: skip
    files = _files(scenario, path, options)
    pairs = settings(scenario, options).max_pairs
    ready, accounts = _with_accounts(scenario, path, pairs)
    made = []
    for letter, (file, said), own in zip(LETTERS, files, accounts, strict=True):
        side = _behind(ready, said)
        side = msgspec.structs.replace(side, title=f"{letter.upper()}: {Path(said).name}")
        plan = BalancerPlan(letter, document.text_of(file, "utf-8"), said, _servers(scenario))
        made.append(Half(f"{path.stem}-{letter}", side, plan, own))
    return made


def _behind(scenario: Scenario, balancer: str) -> Scenario:
    """The scenario with `balancer` as the one that is run here."""
    if scenario.target is not None:
        target = msgspec.structs.replace(scenario.target, balancer=balancer, address="")
        return msgspec.structs.replace(scenario, target=target)
    assert scenario.lab is not None
    lab = msgspec.structs.replace(scenario.lab, balancer=balancer)
    return msgspec.structs.replace(scenario, lab=lab)


def _servers(scenario: Scenario) -> dict[str, str]:
    """The balancer's name of a server -> node, as the scenario says."""
    if scenario.target is not None:
        return scenario.target.map
    return scenario.lab.servers if scenario.lab is not None else {}


def _with_accounts(
    scenario: Scenario, path: Path, pairs: int
) -> tuple[Scenario, Sequence[list[Account]]]:
    """The scenario for so many pairs, and each side's accounts; a target has only so many as it has."""
    if scenario.target is None:
        ready = paired(scenario, pairs)
        homes = lab_homes(ready)
        made = lab_accounts(2 * len(homes), [*homes, *homes], Source(ready.seed))
        return ready, (made[: len(homes)], made[len(homes) :])
    sides = dealt_out(target_accounts(scenario.target, path))
    most = scenario.limits.users
    pairs = pairs if most is None else max(1, min(pairs, most // 2))
    return _limited(paired(scenario, affordable(scenario, path, sides[0], pairs)), path), sides


def _limited(scenario: Scenario, path: Path) -> Scenario:
    """One side, with half of what both together may ask of a farm.  Raises ScenarioError."""
    half = limits.shared(scenario.limits, 2)
    if half.users is not None:
        half = msgspec.structs.replace(half, users=max(1, half.users // 2))
    ready = msgspec.structs.replace(scenario, limits=half)
    try:
        limits.check(ready)
    except Complaint as found:
        problem = f"{found.problem} (each of two balancers has half of the limit)"
        raise ScenarioError(str(path), found.key, problem) from None
    return ready


def dealt_out(accounts: Sequence[Account]) -> tuple[list[Account], list[Account]]:
    """The accounts of each version of mailbox dealt out to two sides in turn, one left over to none."""
    sides: tuple[list[Account], list[Account]] = ([], [])
    for home in dict.fromkeys(account.home for account in accounts):
        own = [account for account in accounts if account.home == home]
        for first, second in zip(own[::2], own[1::2], strict=False):
            sides[0].append(first)
            sides[1].append(second)
    return sides


def affordable(scenario: Scenario, path: Path, side: Sequence[Account], pairs: int) -> int:
    """How many of `pairs` the accounts of one side allow.  Raises ScenarioError when none."""
    weights = [population.users for population in scenario.population]
    for count in range(pairs, 0, -1):
        needed: dict[str, int] = {}
        for users, population in zip(shared(count, weights), scenario.population, strict=True):
            needed[population.mailbox] = needed.get(population.mailbox, 0) + users
        if all(
            sum(account.home == home for account in side) >= users for home, users in needed.items()
        ):
            return count
    homes = " and ".join(dict.fromkeys(one.mailbox for one in scenario.population))
    raise ScenarioError(
        str(path), "target.accounts",
        f"a pair takes two accounts with a mailbox on {homes}, one for each balancer, and there are none",
    )  # fmt: skip


def _files(scenario: Scenario, path: Path, options: AbSides) -> list[tuple[Path, str]]:
    """Each balancer's file, and what it is called."""
    of_a = balancer_name(scenario)
    if options.a is None and not of_a:
        key, said = ("lab", 'is "none"') if scenario.lab else ("target", "is missing")
        raise ScenarioError(
            str(path), f"{key}.balancer", f"{said}; name a HAProxy file, or use --a"
        )
    if options.b is None and not (scenario.ab and scenario.ab.b):
        raise ScenarioError(
            str(path), "ab.b", "is missing: the other balancer's file; or say it with --b"
        )
    of_b = scenario.ab.b if scenario.ab else ""
    return [
        (given, str(given)) if given else (path.parent / said, said)
        for given, said in ((options.a, of_a), (options.b, of_b))
    ]


def paired(scenario: Scenario, pairs: int) -> Scenario:
    """As many users as pairs, in the populations' shares, each for one session."""
    counts = shared(pairs, [population.users for population in scenario.population])
    patience = limits_of(scenario)
    lasts = sum(counts) / scenario.load.spawn_rate + patience.session + patience.logon
    load = msgspec.structs.replace(
        scenario.load, control=0, force=False, unmask=False, workers=1,
        duration=lasts / scenario.time_scale,
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
    pauses = max(one.session.polls * one.session.think for one in scenario.population)
    pauses *= scenario.time_scale
    return Limits(LOGON_LIMIT, SESSION_SLACK + SESSION_TIMES * pauses)
