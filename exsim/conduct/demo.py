"""The demo: one organisation, two balancers in front of it at the same time, the same kind of users.

The incident's own configuration loses sessions; the same with cookie persistence keeps them.  Ends with 0
when both could be seen; losing sessions is what it is there to show.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import msgspec

from exsim.conduct.demo_text import closing
from exsim.conduct.loading import Early
from exsim.conduct.rig import died, lab_for, lab_rig, plan_for
from exsim.conduct.running import Done, finish, load, prevented
from exsim.conduct.shipped import scenarios
from exsim.conduct.view import LiveView
from exsim.runs.accounts import Account
from exsim.runs.assignment import assign, lab_accounts, lab_homes
from exsim.runs.dice import Source
from exsim.runs.exits import Exit
from exsim.runs.plan import Plan
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from exsim.lab.lab import Lab

SCENARIO = "demo.toml"
ROUND_ROBIN, COOKIE = "demo-roundrobin", "demo-cookie"
WORKAROUND = "haproxy/cookie.cfg"


@dataclass(frozen=True, slots=True)
class Half:
    """One of the two runs: its scenario and the mailboxes that nobody else uses."""

    name: str
    scenario: Scenario
    accounts: list[Account]


def demo(reports: Path, haproxy: str | None, live: bool, out: TextIO) -> int:
    """Run both halves, print what they show.  Raises EnvironmentProblem when the lab does not come up."""
    path = scenarios() / SCENARIO
    halves = both(load_scenario(path))
    books = [Runbook.begin(reports, half.name, half.scenario) for half in halves]
    accounts = [account for half in halves for account in half.accounts]
    balancers = [plan for half in halves for plan in plan_for(half.scenario, path, name=half.name)]
    out.write(
        "Starting a simulated Exchange organisation (1x2013, 2x2016) behind a real\n"
        "HAProxy, twice: the incident's own configuration, and the same with cookie\n"
        "persistence. About half a minute.\n"
    )
    out.flush()
    first = books[0].directory.path
    with ExitStack() as stack:
        early = stack.enter_context(Early())
        for book in books:
            early.start(book.directory.path, 1)
        lab = stack.enter_context(lab_for(halves[0].scenario, first, accounts, balancers, haproxy))
        plans = [_plan(book, half, lab) for book, half in zip(books, halves, strict=True)]
        interrupted = _measure(plans, books, live, early)
        for book in books:
            book.lab_died(died(lab))
    _share_logs(books)
    return _tell(books, interrupted, out)


def both(scenario: Scenario) -> list[Half]:
    """The scenario as it is, and the same behind the workaround; each with mailboxes of its own."""
    assert scenario.lab is not None
    sticky = msgspec.structs.replace(
        scenario,
        title="the same behind cookie persistence",
        lab=msgspec.structs.replace(scenario.lab, balancer=WORKAROUND),
        expect=msgspec.structs.replace(scenario.expect, persistence="held"),
        load=msgspec.structs.replace(scenario.load, control=0),
    )
    homes = lab_homes(scenario)
    accounts = lab_accounts(2 * len(homes), [*homes, *homes], Source(scenario.seed))
    return [
        Half(ROUND_ROBIN, scenario, accounts[: len(homes)]),
        Half(COOKIE, sticky, accounts[len(homes) :]),
    ]


def _plan(book: Runbook, half: Half, lab: Lab) -> Plan:
    rig = lab_rig(lab, half.scenario, half.name)
    assignment = assign(half.scenario, half.accounts, SCENARIO)
    return book.plan(half.name, half.scenario, rig, assignment)


def _measure(plans: Sequence[Plan], books: Sequence[Runbook], live: bool, early: Early) -> bool:
    """Both loads side by side, then the workaround's prevented combinations; True when interrupted."""
    titles = {plan.name: plan.scenario.title for plan in plans}
    try:
        with LiveView(titles, live) as view:
            load([plan.order() for plan in plans], books, view.show, early=early)
            wanted = prevented(books[1].directory)
            if wanted:
                load([plans[1].order("unmask", wanted)], books[1:], view.show)
    except KeyboardInterrupt:
        for book in books:
            book.interrupted()
        return True
    finally:
        for book in books:
            book.ended()
    return False


def _share_logs(books: Sequence[Runbook]) -> None:
    """The lab wrote beside the first run what belongs to both."""
    first, second = (book.directory for book in books)
    log = first.path / f"lb-{COOKIE}.log"
    if log.is_file():
        shutil.move(log, second.lb_log)


def _tell(books: Sequence[Runbook], interrupted: bool, out: TextIO) -> int:
    done: list[Done] = [finish(book.directory) for book in books]
    out.write(closing(done[0], done[1]))
    broken = next((book.run.crashed for book in books if book.run.crashed), "")
    if broken:
        out.write(broken + "\n")
        return int(Exit.BROKEN)
    return int(Exit.INTERRUPTED if interrupted else Exit.PASS)
