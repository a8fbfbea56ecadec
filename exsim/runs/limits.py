"""The most that a run may ask of a farm that is not ours, and what a scenario asks for.

A ceiling below what the scenario asks is a mistake, said before anything is sent.  The numbers of what is
asked are estimates from the scenario's own: nobody knows how fast a farm answers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from exsim.runs import addresses
from exsim.runs.complaint import Complaint
from exsim.runs.sections import Limits, Population, Scenario, Target

# Where a target is not this machine, and nobody says otherwise
DEFAULTS = Limits(users=20, logons_per_minute=30, requests_per_second=50.0, window=900.0)
MINUTE = 60.0
START = 22  # requests of OWA from the first GET to a mailbox that is shown, and the log-off
ELSEWHERE = 4  # of another protocol's session besides its polls (*assumed*)
SHORTEST = 1.0  # seconds between two sessions of one user


class Asked(NamedTuple):
    """What a scenario asks for.  Rates are those of its busiest minute, and on average in its steady state."""

    users: int
    logons_per_minute: int
    requests_per_second: float
    window: float


def is_away(target: Target) -> bool:
    """Whether a target is, or may be, another machine than this one."""
    places = [*target.nodes.values()]
    if not target.balancer:  # which would run here, before the nodes alone
        places.append(target.address or target.url.partition("://")[2].partition("/")[0])
    return not all(addresses.is_loopback(addresses.endpoint(text)[1]) for text in places)


def resolved(scenario: Scenario) -> Scenario:
    """The scenario with its ceilings written out."""
    target = scenario.target
    try:
        away = target is not None and is_away(target)
    except ValueError:
        return scenario  # `checks` says what is wrong with an address
    if not away:
        return scenario
    given = {
        name: value
        for name in Limits.__struct_fields__
        if (value := getattr(scenario.limits, name)) is not None
    }
    limits = msgspec.structs.replace(DEFAULTS, **given)
    return msgspec.structs.replace(scenario, limits=limits)


def asked(scenario: Scenario) -> Asked:
    """What `scenario` asks for."""
    logons = sum(map(_logons, scenario.population))
    ramp = min(scenario.users, math.ceil(MINUTE * scenario.load.spawn_rate))
    return Asked(
        users=scenario.users,
        logons_per_minute=max(ramp, math.ceil(logons)),
        requests_per_second=round(sum(map(_requests, scenario.population)), 1),
        window=scenario.load.duration,
    )


def check(scenario: Scenario) -> None:
    """Raises Complaint: a ceiling of the scenario's is below what it asks for."""
    limits, wanted = scenario.limits, asked(scenario)
    if scenario.lab is not None and limits != Limits():
        raise Complaint("limits", "are for a [target]; a lab's mailboxes are nobody's")
    for name, unit, remedy in _WORDS:
        most, wants = getattr(limits, name), getattr(wanted, name)
        if most is not None and wants > most:
            default = ", the default" if most == getattr(DEFAULTS, name) else ""
            raise Complaint(
                f"limits.{name}",
                f"{most:g}{default}: the scenario asks for {'' if unit else 'about '}{wants:g}{unit}; {remedy}",
            )


_WORDS = (
    ("users", " users", "have fewer in [[population]], or raise the limit"),
    ("window", " s (load.duration)", "make it shorter, or raise the limit"),
    (
        "logons_per_minute",
        "",
        "fewer users, longer sessions or a longer relogin_after ask for less",
    ),
    ("requests_per_second", "", "fewer users or a longer think ask for less"),
)


def seconds_of(population: Population) -> float:
    """How long one session of a user and the pause after it last, at least."""
    session = population.session
    pause = session.think if session.relogin_after is None else session.relogin_after
    return max(session.polls * session.think, SHORTEST) + max(pause, SHORTEST)


def _logons(population: Population) -> float:
    """Logons in the busiest minute of a population."""
    each = max(1.0, MINUTE / seconds_of(population))
    most = population.session.logons
    return population.users * (min(each, most) if most else each)


def _requests(population: Population) -> float:
    """Requests a second of a population, on average."""
    return population.users * requests_of(population) / seconds_of(population)


def requests_of(population: Population) -> float:
    """Requests of one session."""
    session = population.session
    if population.protocol != "owa":
        return session.polls + ELSEWHERE
    lasts = session.polls * session.think
    kept = lasts / session.keep_alive if session.keep_alive else 0.0
    channel = 2 if session.notifications else 0
    return START + session.polls + 2 * session.ecp + channel + kept


def shared(limits: Limits, workers: int) -> Limits:
    """One worker's part of the ceilings that are shared; at least one logon a minute each."""
    if workers == 1:
        return limits
    logons, requests = limits.logons_per_minute, limits.requests_per_second
    return msgspec.structs.replace(
        limits,
        logons_per_minute=None if logons is None else max(1, logons // workers),
        requests_per_second=None if requests is None else requests / workers,
    )
