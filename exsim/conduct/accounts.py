"""Every account of a target logged on once and off again, one after the other, and told as it happens."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exsim.conduct import screen
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.loading import Event, carry_out
from exsim.conduct.preflight import FIELDS, own_logon_failed, sentence
from exsim.conduct.rig import target_rig
from exsim.judgement.words import counted_noun
from exsim.protocols.checked import ACCEPTED, OF_THE_ACCOUNT, Checked
from exsim.runs.accounts import Account
from exsim.runs.assignment import Assignment
from exsim.runs.errors import ScenarioError
from exsim.runs.exits import Exit
from exsim.runs.history import read_history
from exsim.runs.plan import Plan, salt_of
from exsim.runs.scenario import Scenario, load_scenario
from exsim.runs.target_accounts import target_accounts
from exsim.session.hop import Hop, Mark

Print = Callable[[str], None]


def check(path: Path, out: Print) -> Exit:
    """Check the accounts of the scenario at `path`.

    Raises OperatorError, and EnvironmentProblem when the farm is not one that can be tested.
    """
    scenario = load_scenario(path)
    if scenario.target is None:
        raise ScenarioError(str(path), "target", "is not there; a lab makes its own accounts")
    accounts = target_accounts(scenario.target, path)
    rig = target_rig(scenario.target, path)
    many = counted_noun(len(accounts), "account")
    out(screen.fitted(f" {rig.url} at {rig.address}: {many}, one after the other", 3))
    home = Path(tempfile.mkdtemp(prefix="exsim-accounts-"))
    try:
        directory = home / datetime.now(UTC).strftime("check-%Y-%m-%dT%H-%M-%SZ")
        (directory / "history").mkdir(parents=True)
        nobody = Assignment(tuple(() for _ in scenario.population), tuple(accounts))
        plan = Plan("accounts", scenario, rig, nobody, directory, time.time(), salt_of(scenario))
        return _checked(plan, scenario, accounts, out)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _checked(plan: Plan, scenario: Scenario, accounts: list[Account], out: Print) -> Exit:
    claimed = {account.address: account.home for account in accounts}
    checked: list[Checked] = []
    why: list[str] = []

    def show(event: Event) -> None:
        if event["event"] == "checked":
            facts: dict[str, Any] = {name: event.get(name, "") for name in FIELDS}
            checked.append(Checked(**facts))
            out(line(checked[-1], claimed.get(checked[-1].address, "")))
        elif event["event"] == "rule":
            why.append(str(event["why"]))

    [(code, words)] = carry_out([plan.order("check")], show)
    if code == Exit.BROKEN:
        raise RuntimeError(f"the check ended with {code}: {words}")
    lines = list(read_history(plan.directory / "history"))
    own_logon_failed([one for one in lines if isinstance(one, Mark)])
    foreign = next((one for one in checked if one.status not in OF_THE_ACCOUNT), None)
    if foreign is not None and not why:
        hops = [one for one in lines if isinstance(one, Hop)]
        marks = [one for one in lines if isinstance(one, Mark)]
        raise EnvironmentProblem(sentence(foreign, plan.rig.url, hops, marks))
    good = sum(one.status == ACCEPTED for one in checked)
    untried = len(accounts) - len(checked)
    ended = why[0] if why else "the check was ended from outside" if untried else ""
    more = f" Stopped: {ended}; {untried} not tried." if ended else ""
    out(screen.fitted(f" {good} of {len(accounts)} can be used.{more}", 1))
    return Exit.STOPPED if why else Exit.PASS if good == len(accounts) else Exit.FAIL


def line(checked: Checked, claimed: str) -> str:
    """One account, as it is told."""
    where = f"at {checked.front_end}" if checked.front_end else ""
    lives = f"mailbox on {checked.back_end} ({checked.home})" if checked.home else ""
    wrong = f"; accounts.csv says {claimed}" if checked.home and claimed != checked.home else ""
    said = [f"   {checked.address:<28} {checked.sentence}", where, lives + wrong]
    return screen.fitted("  ".join(part for part in said if part), 32)
