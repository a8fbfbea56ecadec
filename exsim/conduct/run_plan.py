"""What a whole run would send, to whom, as whom, and what it can show at best.  Sends nothing to anybody.

A name is looked up where no address is pinned.  Numbers are estimates from the scenario's own words: the
most that is asked for, when every server answers at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from exsim.conduct import screen
from exsim.conduct.hop_lines import paragraph
from exsim.conduct.plan_counts import (
    HEALTH_EVERY,
    Counts,
    counted,
    directories,
    sessions_of,
    surveyed,
)
from exsim.conduct.rig import plan_for
from exsim.conduct.shadow_rig import shadow_plan
from exsim.judgement.gate.needs import needs
from exsim.judgement.statistics import upper_bound
from exsim.judgement.words import counted_noun, listed, percent
from exsim.lab.errors import LabError
from exsim.lab.reach import addresses_of
from exsim.protocols.activesync.phone import USER_AGENT
from exsim.runs import limits
from exsim.runs.accounts import read_accounts
from exsim.runs.assignment import Assignment, assign, make_lab_accounts, with_few_spare
from exsim.runs.dice import Source
from exsim.runs.plan import signature
from exsim.runs.scenario import Scenario, load_scenario
from exsim.runs.sections import Target

PHONE = "activesync"


def plan(path: Path) -> str:
    """The plan as text.  Raises OperatorError, also for a balancer's file that `exsim run` would refuse."""
    scenario = load_scenario(path)
    _read_balancer(scenario, path)
    return "\n".join(screen.fitted(line, 12) for line in _lines(scenario, path)) + "\n"


def _read_balancer(scenario: Scenario, path: Path) -> None:
    """As a run reads it, before anything is begun; whether the balancer itself likes it only its process says."""
    if scenario.lab is not None:
        plan_for(scenario, path)
    elif scenario.target is not None and scenario.target.balancer:
        shadow_plan(scenario.target, path)


def _assignment(scenario: Scenario, path: Path) -> Assignment:
    """Who would log on; nobody is asked for a password, and no command is run."""
    if scenario.target is None:
        return assign(scenario, make_lab_accounts(scenario, Source(scenario.seed)), str(path))
    accounts = read_accounts(path.parent / scenario.target.accounts, secrets=False)
    return with_few_spare(assign(scenario, accounts, str(path)))


def _lines(scenario: Scenario, path: Path) -> Iterator[str]:
    assignment = _assignment(scenario, path)
    counts = counted(scenario, assignment)
    yield f" {scenario.title}: what `exsim run {path}` would do. Nothing was sent."
    yield ""
    yield from _to_whom(scenario)
    yield from _as_whom(scenario, assignment, counts)
    yield from _how_much(scenario, counts)
    yield from _seen(scenario, counts)
    yield ""
    yield " What it can show:"
    yield from _expectations(scenario, assignment)
    yield ""
    yield " For the change ticket:"
    yield paragraph(_ticket(scenario, counts, assignment), "   ")


def _to_whom(scenario: Scenario) -> Iterator[str]:
    target = scenario.target
    if target is None:
        yield " To         a lab on this machine, nobody else:"
        yield f"            {listed(list(scenario.node_names))}"
        return
    yield f" To         {target.url}, {address_words(target)}"
    if target.balancer:
        yield f"            {target.balancer} on this machine, in front of the nodes; the one there is not asked"
    yield from (f"            {name:<15} by itself at {at}" for name, at in target.nodes.items())
    if target.hosts:
        yield f"            passwords also to {listed(list(target.hosts))}, to nobody else"
    health = listed(directories(scenario))
    where = "each of them" if target.nodes else "the balancer"
    yield f" Health     HealthCheck.htm of {health} at {where}, every {HEALTH_EVERY:.0f} s"


def address_words(target: Target) -> str:
    """Where the name leads: pinned, or as it is looked up now."""
    if target.balancer:
        return "whose own balancer is left alone"
    if target.address:
        return f"at {target.address} (pinned)"
    host = urlsplit(target.url).hostname or ""
    try:
        return (
            f"which is {', '.join(addresses_of(host))} now (looked up; pin one by target.address)"
        )
    except LabError as problem:
        return str(problem)


def _as_whom(scenario: Scenario, assignment: Assignment, counts: Counts) -> Iterator[str]:
    taken = [one for users in assignment.users for user in users for one in user]
    shown = (
        [one.logon for one in taken] if scenario.target else [f"{len(taken)} simulated accounts"]
    )
    yield f" Accounts   {counted_noun(len(taken), 'account')}, one user each:"
    yield paragraph([", ".join(shown)], " " * 12)
    if assignment.spare and scenario.target is not None:
        spare = ", ".join(one.logon for one in assignment.spare)
        yield f" Spare      {len(assignment.spare)}, {_needed_for(counts)}:"
        yield paragraph([spare], " " * 12)


def _needed_for(counts: Counts) -> str:
    """What the accounts are for that no user takes."""
    kinds = ["control"] if counts.controls else []
    kinds += ["steered"] if counts.forced or counts.unmasked else []
    return f"for {listed(kinds)} sessions" if kinds else "checked, and then not used"


def _how_much(scenario: Scenario, counts: Counts) -> Iterator[str]:
    most, asked = scenario.limits, limits.asked(scenario)
    if surveyed(scenario):
        yield (
            f" Look       before it at most {counted_noun(surveyed(scenario), 'request')} without a cookie or a "
            "password: what the balancer keeps"
        )
    if scenario.target is not None:
        yield (
            f" Check      first of all {counted_noun(counts.accounts, 'logon')}, one after the other; the second "
            f"refused account ends the run{_later(most.logons_per_minute, counts)}"
        )
    yield (
        f" Logons     about {counts.logons} in all, {min(counts.logons, asked.logons_per_minute)} in the busiest minute"
        f"{_ceiling(most.logons_per_minute)}; a lost session is a logon more"
    )
    yield (
        f" Requests   about {counts.requests} in all, {asked.requests_per_second:g} a second"
        f"{_ceiling(most.requests_per_second)}"
    )
    yield (
        f" Users      {counts.users} at once{_ceiling(most.users)}, for {counts.seconds:g} s"
        f"{_ceiling(most.window, ' s')}"
    )
    yield from _steered(counts)
    if scenario.load.workers > 1:
        yield (
            f" Workers    {scenario.load.workers}, on this machine; with --master as many machines, each one its own. "
            "The limits are for all of them together"
        )
    yield (
        f" Attempts   besides logons at most {counts.shown} times a copy of cookies is shown: after a loss, and a "
        f"later logon of the account; at most {most.attempts} of an account unconfirmed at a time"
    )
    if scenario.target is not None:
        if scenario.target.session or scenario.target.logon:
            how = scenario.target.session or scenario.target.logon
            yield f" Logon      not exsim's own: {how}"
        yield f" Writes     {_writes(scenario)}"
        yield (
            " Stops      two accounts refused; wrong mailbox; a health check turning red; more than 1 % overloaded "
            "for 10 s; three times as slow for 30 s; the window over"
        )


def _steered(counts: Counts) -> Iterator[str]:
    """Sessions that go where no balancer would send them."""
    lines = []
    if counts.forced:
        lines.append(
            f"{counted_noun(counts.forced, 'session')} across every combination (load.force)"
        )
    if counts.unmasked:
        lines.append(
            f"after a pass at most {counted_noun(counts.unmasked, 'session')}, where the balancer let nobody across "
            "(load.unmask)"
        )
    if lines:
        yield f" Steered    {'; '.join(lines)}"


def _ceiling(most: float | None, unit: str = "") -> str:
    return "" if most is None else f" (limit {most:g}{unit})"


def _writes(scenario: Scenario) -> str:
    phones = any(one.protocol == PHONE for one in scenario.population)
    more = "; each telephone leaves a device partnership, the same in each run" if phones else ""
    if scenario.target is None or scenario.target.writes == "none":
        return f"nothing: no mail, no item, no setting{more}"
    return f'drafts in a folder "exsim" of the test mailboxes, removed by exsim cleanup; no mail, no setting{more}'


CLIENTS = {  # protocol -> what a server's log shows of its clients
    "owa": "a Chromium",
    "ews": "a client of Exchange Web Services",
    "activesync": "a telephone",
    "outlook_anywhere": "Outlook by RPC/HTTP",
    "mapi_http": "Outlook by MAPI/HTTP",
    "autodiscover": "a client of Autodiscover",
    "oab": "the download of an address book",
}


def _seen(scenario: Scenario, counts: Counts) -> Iterator[str]:
    if scenario.target is None:
        return
    sources = scenario.load.source_addresses
    where = f"from {len(sources)} addresses" if sources else _from_where(scenario)
    spoken = dict.fromkeys(one.protocol for one in scenario.population)
    kinds = [CLIENTS[protocol] for protocol in spoken]
    named = f"ends in {signature('TIME')}" if [*spoken] != [PHONE] else f"is {USER_AGENT[1]}"
    refused = "401"
    if "owa" in spoken:
        refused = "440 or 302 to logon.aspx" if len(kinds) == 1 else "440, 302 to logon.aspx or 401"
    phone = (
        f"; a telephone's is {USER_AGENT[1]} in every run"
        if PHONE in spoken and len(spoken) > 1
        else ""
    )
    yield (
        f" Seen       in IIS logs: {', '.join(kinds)}, whose User-Agent {named}{phone}, and a client-request-id "
        f"with every request; refusals as {refused}"
    )
    yield (
        f"            by a security team: {counts.logons} logons of {counts.accounts} accounts {where}; that is "
        "what a password spray looks like: tell them first"
    )
    yield " Proxies    those of the environment are ignored; every session would have one balancer more"


def _from_where(scenario: Scenario) -> str:
    """The addresses of whoever sends it: the check of the accounts and all beside the load are the master's."""
    workers = scenario.load.workers
    if workers == 1:
        return "from one address, this machine's"
    return f"from one address, this machine's, or with --master from {workers + 1}, the workers' and this one"


def _by_hand(scenario: Scenario) -> str:
    workers = scenario.load.workers
    if workers == 1:
        return "from one machine"
    return f"from one machine (with --master from {workers + 1}: one that leads and {workers} that carry the load)"


def _expectations(scenario: Scenario, assignment: Assignment) -> Iterator[str]:
    expect = scenario.expect
    accounts = sum(map(len, assignment.users))
    sessions = sessions_of(scenario)
    best, over = upper_bound(0, sessions), upper_bound(0, accounts)
    yield paragraph(
        [
            f"max_lost_sessions = {expect.max_lost_sessions}: with none lost of about "
            f"{counted_noun(sessions, 'session')} it shows fewer than {percent(best)} at 95 %; over "
            f"{counted_noun(accounts, 'account')}, fewer than {percent(over)}."
        ],
        "   ",
    )
    nodes = len(scenario.node_names)
    if expect.min_sessions_per_combination and nodes:
        homes = len({one.home for users in assignment.users for user in users for one in user})
        wanted = expect.min_sessions_per_combination * nodes * nodes * homes
        yield paragraph(
            [
                f"min_sessions_per_combination = {expect.min_sessions_per_combination}: {nodes} servers and "
                f"{counted_noun(homes, 'home')} make {nodes * nodes * homes} combinations, so at least "
                f"{math.ceil(wanted / nodes)} sessions that each meet every server, of "
                f"{counted_noun(homes, 'account')} or more."
            ],
            "   ",
        )
    for need in needs(expect, accounts=accounts):
        yield paragraph([need.sentence], "   ")


def _ticket(scenario: Scenario, counts: Counts, assignment: Assignment) -> Iterator[str]:
    target = scenario.target
    if target is None:
        yield "None is needed: everything listens on this machine's own loopback address."
        return
    host = urlsplit(target.url).hostname
    direct = ["health checks", "copies of a lost session's cookies"]
    direct += ["control sessions"] if counts.controls else []
    direct += ["steered sessions"] if counts.forced or counts.unmasked else []
    also = (
        f" and, for {listed(direct)}, {listed(list(target.nodes))} directly" if target.nodes else ""
    )
    through = "the load balancer"
    if target.balancer:
        through = f"a load balancer on the tester's machine ({Path(target.balancer).name}; the one in production is not asked)"
    most = scenario.limits
    window = f", {most.window:g} s at the longest" if most.window else ""
    yield (
        f"A load test of {host} through {through}{also}, run by hand {_by_hand(scenario)} for about "
        f"{counts.seconds:g} s{window}. {counted_noun(counts.users, 'simulated user')} of "
        f"{counts.accounts} test mailboxes log on about {counts.logons} times, once more for each session that is lost, and send about "
        f"{counts.requests} HTTPS requests, no more than {asked_words(scenario)}. Each account is logged on once "
        "first; the second refused password ends the test, no wrong password is sent on purpose, and no account "
        f"is tried again after a refusal. It writes {_writes(scenario)}. It stops by itself when a health check "
        "turns red, when servers answer that they are overloaded, or when answers take three times as long, and "
        "logs its sessions off."
    )  # fmt: skip
    yield f"Its requests end their User-Agent in {signature('TIME')}."


def _later(most: int | None, counts: Counts) -> str:
    """That a load waits, where what is logged on before it leaves no room for its users."""
    if most is None or counts.accounts + counts.controls + counts.users <= most:
        return ""
    return (
        f"; the load waits, a minute at most, until {most} logons a minute leave room for its users"
    )


def asked_words(scenario: Scenario) -> str:
    """The rates that are never passed, or that are asked for where nothing limits them."""
    most, asked = scenario.limits, limits.asked(scenario)
    requests = most.requests_per_second or asked.requests_per_second
    logons = most.logons_per_minute or asked.logons_per_minute
    return f"{requests:g} a second and {logons} logons a minute"
