"""What a run left in mailboxes, removed again: by its ledger, also after the run was killed.

Twice is as good as once.  Only the drafts that stand in the ledger's folder and carry the run's id are
touched, with the accounts of the scenario that made them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from exsim.conduct import judging
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.loading import Event, carry_out
from exsim.conduct.rig import target_rig
from exsim.judgement.words import counted_noun
from exsim.runs import made
from exsim.runs.accounts import Account
from exsim.runs.assignment import Assignment
from exsim.runs.directory import RunDirectory
from exsim.runs.errors import OperatorError
from exsim.runs.exits import Exit
from exsim.runs.made import Entry
from exsim.runs.plan import Plan, salt_of
from exsim.runs.runfile import RunFile
from exsim.runs.scenario import Scenario, load_scenario
from exsim.runs.target_accounts import target_accounts

Print = Callable[[str], None]
NOTHING = " Left behind: nothing."


def cleanup(directory: RunDirectory, given: Path | None, out: Print) -> Exit:
    """Remove what the run in `directory` made.  `given`: its scenario, where run.json does not tell.

    Raises OperatorError and EnvironmentProblem.
    """
    run = directory.read_run()
    left = made.left(made.entries(directory.ledger))
    if not left:
        out(NOTHING)
        return Exit.PASS
    if run.rig == "lab":
        out(" The mailboxes of a lab are gone with it. Left behind: nothing.")
        return Exit.PASS
    path, scenario = scenario_of(run, given)
    accounts, missing = _accounts(scenario, path, left)
    told = _carry_out(directory, run, scenario, path, accounts, out)
    _enter(directory, left, told)
    if run.ended:
        judging.write(directory, judging.judged(directory))
    return _result(directory, missing, out)


def scenario_of(run: RunFile, given: Path | None) -> tuple[Path, Scenario]:
    """The scenario that the run was one of.  Raises OperatorError when it is another farm's."""
    path = given or (Path(run.scenario_path) if run.scenario_path else None)
    if path is None or not path.is_file():
        where = f"{path} is not there" if path else "run.json does not say where it stands"
        raise OperatorError(f"cleanup: the run's scenario: {where}; say --scenario FILE")
    scenario = load_scenario(path)
    if scenario.target is None or scenario.target.url.rstrip("/") != run.url:
        raise OperatorError(f"{path}: target.url: is not {run.url}, where the run was")
    return path, scenario


def _accounts(
    scenario: Scenario, path: Path, left: Sequence[Entry]
) -> tuple[list[Account], list[str]]:
    """The accounts whose mailboxes hold something, and those that the file no longer has."""
    assert scenario.target is not None
    known = {one.address.lower(): one for one in target_accounts(scenario.target, path)}
    wanted = list(dict.fromkeys(entry.account.lower() for entry in left))
    return [known[one] for one in wanted if one in known], [
        one for one in wanted if one not in known
    ]


def _carry_out(
    directory: RunDirectory,
    run: RunFile,
    scenario: Scenario,
    path: Path,
    accounts: list[Account],
    out: Print,
) -> dict[str, Event]:
    """Clean the mailboxes; what came of each, by address."""
    assert scenario.target is not None
    told: dict[str, Event] = {}
    if not accounts:
        return told
    nobody = Assignment(tuple(() for _ in scenario.population), tuple(accounts))
    rig = target_rig(scenario.target, path)
    plan = Plan(run.scenario, scenario, rig, nobody, directory.path, run.zero, salt_of(scenario))
    order = msgspec.structs.replace(
        plan.order("cleanup"),
        writes="own-mailbox",  # that is what whoever calls it asks for
        limits=msgspec.structs.replace(scenario.limits, window=None),
    )

    def show(event: Event) -> None:
        if event["event"] == "cleaned":
            told[str(event["address"]).lower()] = event
            out(line(event))

    [(code, words)] = carry_out([order], show)
    if code == Exit.BROKEN:
        raise EnvironmentProblem(f"the clean-up ended with {code}: {words.strip()[-500:]}")
    return told


def line(event: Event) -> str:
    """One mailbox, as it is told."""
    done = f"{counted_noun(int(event['drafts']), 'draft')} removed"
    if event["folder"]:
        done += ", and the folder"
    if event["others"]:
        done += (
            f"; the folder holds {counted_noun(int(event['others']), 'item')} of others and stays"
        )
    problem = f"; {event['problem']}" if event["problem"] else ""
    return f"   {event['address']:<28} {done}{problem}"


def _enter(directory: RunDirectory, left: Sequence[Entry], told: dict[str, Any]) -> None:
    """What is gone, in the ledger."""
    ledger = made.Ledger(directory.ledger)
    for entry in left:
        event = told.get(entry.account.lower())
        if event is not None and not event["problem"]:
            ledger.enter(msgspec.structs.replace(entry, gone=True))
    ledger.close()


def _result(directory: RunDirectory, missing: Sequence[str], out: Print) -> Exit:
    still = made.left(made.entries(directory.ledger))
    if not still:
        out(NOTHING)
        return Exit.PASS
    mailboxes = list(dict.fromkeys(entry.account for entry in still))
    out(f" Left behind: {counted_noun(len(still), 'thing')} in {', '.join(mailboxes)}.")
    for one in missing:
        out(f" {one}: is not in accounts.csv any more")
    return Exit.FAIL
