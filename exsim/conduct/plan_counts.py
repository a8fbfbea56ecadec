"""How much a whole run would send, from the scenario's own words: the most that is asked for, when every server answers at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exsim.conduct.survey import most_requests
from exsim.protocols.health import DIRECTORIES
from exsim.runs import limits
from exsim.runs.addresses import expanded
from exsim.runs.assignment import Assignment
from exsim.runs.scenario import Scenario

CHECK = 10  # requests of one account's check
CONTROL = 30  # of one control session (*assumed*: a start and six polls)
CONTROL_OTHERS = 1  # control sessions at each node of a client that is no browser, at most
PROOF = 3  # times that a copy of a lost session's cookies is shown
EACH = 3  # proofs for a pair of servers
HEALTH_EVERY = 5.0
STEERED = 12  # requests of one steered session at most
BROWSER = "owa"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run sends, at most.  `forced`, `unmasked`: steered sessions of either kind."""

    accounts: int
    users: int
    logons: int
    requests: int
    shown: int  # copies of cookies
    seconds: float
    controls: int
    forced: int
    unmasked: int


def counted(scenario: Scenario, assignment: Assignment) -> Counts:
    """The estimate."""
    load, target = scenario.load, scenario.target
    asked = limits.asked(scenario)
    sessions = sessions_of(scenario)
    checks = len(assignment.accounts) if target is not None else 0
    controls = _controls(scenario) if assignment.spare else 0
    forced, unmasked = _steered(scenario, assignment)
    nodes = max(1, len(scenario.node_names))
    shown = PROOF * EACH * nodes * nodes * load.workers if _browsers(scenario) else 0
    health = len(directories(scenario)) * nodes * load.duration / HEALTH_EVERY if target else 0
    requests = checks * CHECK + controls * CONTROL + (forced + unmasked) * STEERED + shown + health
    requests += surveyed(scenario)
    requests += asked.requests_per_second * load.duration
    return Counts(
        accounts=len(assignment.accounts),
        users=scenario.users,
        logons=checks + controls + sessions + forced + unmasked,
        requests=math.ceil(requests),
        shown=shown,
        seconds=load.duration,
        controls=controls,
        forced=forced,
        unmasked=unmasked,
    )


def sessions_of(scenario: Scenario) -> int:
    """How many sessions its users have."""
    return sum(
        population.users * max(1, math.ceil(scenario.load.duration / limits.seconds_of(population)))
        for population in scenario.population
    )


def _browsers(scenario: Scenario) -> bool:
    return any(population.protocol == BROWSER for population in scenario.population)


def _controls(scenario: Scenario) -> int:
    """Each kind of client goes to each node by itself; who sends no credentials does not."""
    spoken = {
        one.protocol
        for one in scenario.population
        if one.client is None or one.client.authentication != "none"
    }
    control = scenario.load.control
    each = sum(control if one == BROWSER else min(control, CONTROL_OTHERS) for one in spoken)
    return each * len(scenario.node_names)


def _steered(scenario: Scenario, assignment: Assignment) -> tuple[int, int]:
    """Sessions of browsers that are put across: all that `force` wants met, and after a pass whatever was prevented."""
    nodes = len(scenario.node_names)
    homes = len({one.node or one.home for one in assignment.spare})
    if not _browsers(scenario):
        return 0, 0
    often = scenario.expect.min_sessions_per_combination or 1
    forced = nodes * nodes * homes * often if scenario.load.force else 0
    return forced, nodes * (nodes - 1) * homes if scenario.load.unmask else 0


def surveyed(scenario: Scenario) -> int:
    """Requests that find out what a balancer keeps which is not ours."""
    if scenario.rig != "target":
        return 0
    return most_requests(expanded(scenario.load.source_addresses), len(scenario.node_names))


def directories(scenario: Scenario) -> list[str]:
    """The virtual directories whose health is asked for."""
    spoken = {population.protocol for population in scenario.population}
    return [DIRECTORIES[name] for name in DIRECTORIES if name in spoken]
