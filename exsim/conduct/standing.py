"""A lab that stays up until it is told to go: for browsers, for curl, for Locust's own command."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from exsim.conduct import screen
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.rig import died, lab_for, lab_rig, plan_for
from exsim.lab.errors import LabError
from exsim.lab.handle import Handle
from exsim.runs.accounts import Account
from exsim.runs.assignment import make_lab_accounts
from exsim.runs.dice import Source
from exsim.runs.errors import ScenarioError
from exsim.runs.presets import PRESETS
from exsim.runs.rig import Rig
from exsim.runs.scenario import Scenario, load_scenario
from exsim.runs.standing import StandingLab, encode, handle_path

if TYPE_CHECKING:
    from exsim.lab.lab import Lab

LOOK = 0.5  # seconds between two looks at whether everything still lives
ACCOUNTS_SHOWN = 6


def stand(path: Path, haproxy: str | None, seconds: float | None, out: TextIO) -> int:
    """Keep the scenario's lab up for `seconds`, or until interrupted.

    Raises OperatorError and EnvironmentProblem.
    """
    scenario = load_scenario(path)
    if scenario.lab is None:
        raise ScenarioError(str(path), "lab", "is not there; only a lab can be kept up")
    accounts = make_lab_accounts(scenario, Source(scenario.seed))
    home = Path(tempfile.mkdtemp(prefix="exsim-lab-"))
    try:
        with lab_for(scenario, home, accounts, plan_for(scenario, path), haproxy) as lab:
            rig = lab_rig(lab, scenario)
            document = encode(StandingLab(str(path.resolve()), rig, tuple(accounts)))
            try:
                with Handle(handle_path(path), document):
                    out.write(description(path, scenario, lab, rig, accounts, home))
                    out.flush()
                    _wait(lab, seconds)
            except LabError as problem:
                raise EnvironmentProblem(str(problem)) from None
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _wait(lab: Lab, seconds: float | None) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    try:
        while end is None or time.monotonic() < end:
            time.sleep(LOOK)
            ended = died(lab)
            if ended:
                raise EnvironmentProblem(f"{', '.join(ended)} of the lab ended by itself")
    except KeyboardInterrupt:
        return


def description(
    path: Path, scenario: Scenario, lab: Lab, rig: Rig, accounts: list[Account], home: Path
) -> str:
    """What a person needs to use the lab by hand."""
    assert scenario.lab is not None
    host, address = lab.host, rig.address
    lines = [
        f" The lab of {path} stands. Ctrl-C ends it.",
        "",
        f"   {rig.url}/owa/   through the balancer at {address}",
        *(
            f"   {name:<16} {rig.versions[name]:<5} by itself at {where}"
            for name, where in rig.nodes.items()
        ),
        f"   certificates are vouched for by {rig.ca}",
        f"   what the nodes confess: {home}/nodes/",
        f"   the balancer's log: {home}/lb.log",
        "",
        " What is wrong with this organisation:",
        *map(_wrong, scenario.lab.presets),
        "",
        f" {_few(accounts)} (simulated; drawn anew for each lab):",
        *(
            f"   {one.logon:<14} {one.password}   mailbox on {one.node} ({one.home})"
            for one in _one_a_home(accounts)
        ),
        "",
        " By hand:",
        f"   curl --cacert {rig.ca} --connect-to {host}:443:{address} -i {rig.url}/owa/",
        f'   chromium --ignore-certificate-errors --host-resolver-rules="MAP {host}:443 {address}" {rig.url}/owa/',
        f"   EXSIM_SCENARIO={path} locust -f locustfiles/owa.py",
        "   for the script of `exsim show SESSION --curl`:",
        *(
            f"     export EXSIM_NODE_{name.replace('-', '_')}={where}"
            for name, where in rig.nodes.items()
        ),
        "",
    ]
    return "\n".join(lines) + "\n"


def presets() -> str:
    """What can be wrong with a lab: a name, and what it is."""
    width = max(map(len, PRESETS)) + 2
    return "".join(
        f"{screen.fitted(f'{name:<{width}}{preset.sentence}', width)}\n"
        for name, preset in PRESETS.items()
    )


def _wrong(name: str) -> str:
    return screen.fitted(f"   {name}: {PRESETS[name.partition('@')[0]].sentence}", 5)


def _few(accounts: list[Account]) -> str:
    few, all_of_them = len(_one_a_home(accounts)), len(accounts)
    return f"{few} of {all_of_them} accounts" if few < all_of_them else "Accounts"


def _one_a_home(accounts: list[Account]) -> list[Account]:
    """A few accounts, with every home among them."""
    first: dict[str, Account] = {}
    for account in accounts:
        first.setdefault(account.node, account)
    others = [account for account in accounts if account not in first.values()]
    return [*first.values(), *others][:ACCOUNTS_SHOWN]
