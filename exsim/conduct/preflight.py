"""What every run on a target begins with: its accounts, each logged on once, and what that tells of the farm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.last_minute import LastMinute
from exsim.conduct.loading import Event, carry_out
from exsim.conduct.not_ours import hidden_logon, not_ours
from exsim.judgement.words import counted_noun
from exsim.protocols.checked import (
    ACCEPTED,
    ERROR,
    NO_COOKIES,
    NO_FORM,
    OF_THE_ACCOUNT,
    Checked,
)
from exsim.runs.accounts import Account
from exsim.runs.assignment import Assignment, assign, with_few_spare, without
from exsim.runs.exits import Exit
from exsim.runs.own_logon import OWN_LOGON_FAILED
from exsim.runs.plan import Plan
from exsim.runs.runbook import Runbook
from exsim.session.attempts import REFUSED as REFUSED_WORDS
from exsim.session.hop import Hop, Line, Mark

FIELDS = tuple(Checked.__dataclass_fields__)


def preflight(plan: Plan, book: Runbook, show: Callable[[Event], None]) -> Plan:
    """Check the accounts; the plan without those that were refused, mailboxes where they really live.

    What was logged on for it counts in the pace of whoever goes on with that plan.

    Raises EnvironmentProblem when the farm is not one that can be tested.
    """
    order = plan.order("check")
    last_minute = LastMinute([order], show)
    [(code, words)] = carry_out([order], last_minute.heard)
    book.phase_ended(order, code, words)
    hops, marks = told(book)
    checked = [checked_of(mark) for mark in marks if mark.what == "account_checked"]
    own_logon_failed(marks)
    if book.run.crashed or book.run.stopped:
        return plan
    foreign = next((one for one in checked if one.status not in OF_THE_ACCOUNT), None)
    if foreign is not None:
        raise EnvironmentProblem(sentence(foreign, plan.rig.url, hops, marks))
    if code != Exit.PASS:  # an account that was not tried may be locked by the load
        raise EnvironmentProblem(unfinished(len(checked), plan, book.run.lost_workers))
    return replace(_with(plan, book, checked), logons=last_minute.logons())


def unfinished(checked: int, plan: Plan, lost: Sequence[str] = ()) -> str:
    """Why nothing is loaded where the check did not come to its end, in one line."""
    everybody = counted_noun(len(plan.assignment.accounts), "account")
    why = f"; {lost[-1]}" if lost else ""
    return f"the check of the accounts came to no end, after {checked} of {everybody}: no load without it{why}"


def own_logon_failed(lines: Iterable[Line]) -> None:
    """Raises EnvironmentProblem where the user's own logon flow failed."""
    for one in lines:
        if isinstance(one, Mark) and one.what == OWN_LOGON_FAILED:
            raise EnvironmentProblem(str(one.facts.get("why")))


def told(book: Runbook) -> tuple[list[Hop], list[Mark]]:
    """The hops and marks so far."""
    lines = list(book.directory.history())
    hops = [line for line in lines if isinstance(line, Hop)]
    return hops, [line for line in lines if isinstance(line, Mark)]


def checked_of(mark: Mark) -> Checked:
    """What a mark says of an account."""
    facts: dict[str, Any] = {name: str(mark.facts.get(name) or "") for name in FIELDS}
    return Checked(**facts)


def sentence(checked: Checked, url: str, hops: Sequence[Hop], marks: Sequence[Mark]) -> str:
    """What stands in the way, in one line."""
    host = urlsplit(url).hostname or url
    elsewhere = [str(one.facts.get("location")) for one in marks if one.what == "other_host"]
    if checked.status == NO_FORM:
        return not_ours(host, hops, elsewhere)
    if checked.status == NO_COOKIES:
        return hidden_logon(host, hops)
    if checked.status == ERROR:
        tls = [str(one.facts.get("error")) for one in marks if one.what == "tls"]
        return f"{host}: {tls[-1] if tls else checked.sentence}"
    return f"{host}: {checked.address}: {checked.sentence}. Nothing is concluded."


def _with(plan: Plan, book: Runbook, checked: Sequence[Checked]) -> Plan:
    """The plan as the check leaves it, and the run's own description with it."""
    refused = {one.address: REFUSED_WORDS for one in checked if one.status != ACCEPTED}
    homes = {one.address: one.home for one in checked if one.home}
    for one in checked:
        if one.status != ACCEPTED:
            book.note(f"{one.address}: {one.sentence}; it was not used")
    assignment = _moved(plan, book, homes)
    assignment = without(assignment, refused)
    rig = msgspec.structs.replace(plan.rig, versions=versions(list(plan.rig.nodes), checked))
    book.describe(rig, assignment)
    return replace(plan, rig=rig, assignment=assignment, resting=refused)


def versions(nodes: Sequence[str], checked: Sequence[Checked]) -> dict[str, str]:
    """Each node's version, as the builds of the mailboxes on it tell.

    All or none: a cause is looked for otherwise where some versions are known than where none is.
    """
    told = {
        name: {one.home for one in checked if one.home and one.back_end == name} for name in nodes
    }
    if not all(len(homes) == 1 for homes in told.values()):
        return dict.fromkeys(nodes, "")
    return {name: homes.pop() for name, homes in told.items()}


def _moved(plan: Plan, book: Runbook, homes: dict[str, str]) -> Assignment:
    """Accounts given out anew where a mailbox lives elsewhere than accounts.csv claims."""
    wrong = {
        one.address: homes[one.address]
        for one in plan.assignment.accounts
        if homes.get(one.address, one.home) != one.home
    }
    if not wrong:
        return plan.assignment
    accounts: list[Account] = []
    for one in plan.assignment.accounts:
        if one.address in wrong:
            book.note(
                f"{one.address}: its mailbox lives on {wrong[one.address]}, not on {one.home} as "
                "accounts.csv says; the back end's own word is taken"
            )
            one = msgspec.structs.replace(one, home=wrong[one.address])
        accounts.append(one)
    return with_few_spare(assign(plan.scenario, accounts, "accounts.csv, as the back ends have it"))
