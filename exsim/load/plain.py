"""For people who speak Locust: the users of a scenario, in a locustfile of their own.

    EXSIM_SCENARIO=scenarios/roundrobin.toml locust -f locustfiles/owa.py

The scenario's lab must stand (`exsim lab`), or it must be a `[target]`.  Every test that is started writes
a run directory like any other run; `exsim analyze` judges it.  On a target the accounts are checked first, and the
stop rules hold, as in `exsim run`.  Locust's web page listens on this machine
only, and a host that is not the scenario's is refused.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import gevent
from locust import User, events
from locust.env import Environment
from locust.runners import LocalRunner

from exsim.load.guard import Guard
from exsim.load.leaving import leave
from exsim.load.plain_target import checked, stranger
from exsim.load.spawn import write_statistics
from exsim.load.status import Status
from exsim.load.users import ExsimUser, dismiss, employ, user_classes
from exsim.load.worker import Worker
from exsim.runs.assignment import assign
from exsim.runs.errors import OperatorError
from exsim.runs.exits import Exit
from exsim.runs.plan import Plan, salt_of
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import Scenario, load_scenario
from exsim.runs.standing import StandingLab, decode, handle_path

DEFAULT = "scenarios/roundrobin.toml"
LIMIT = 5.0  # seconds


def users_of(protocol: str | None = None) -> dict[str, type[User]]:
    """The user classes of `$EXSIM_SCENARIO`, by name, for a locustfile's namespace.

    An operator's mistake is one line, and ends Locust with 2; a lab that does not stand, with 4.
    """
    path = Path(os.environ.get("EXSIM_SCENARIO", DEFAULT))
    try:
        scenario = load_scenario(path)
        there = stranger(path, scenario)
    except OperatorError as mistake:
        _refuse(str(mistake), Exit.USAGE)
    except OSError as problem:
        _refuse(f"{path}: target.url: no address: {problem.strerror}", Exit.ENVIRONMENT)
    plain = Plain(path, scenario, there or ask(path))
    plain.listen()
    return {one.__name__: one for one in plain.classes if _wanted(one, scenario, protocol)}


def ask(path: Path) -> StandingLab:
    """What the standing lab of the scenario at `path` tells."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(LIMIT)
        try:
            asking.connect(str(handle_path(path)))
            said = b"".join(iter(lambda: asking.recv(65536), b""))
        except OSError:
            _refuse(
                f"{path}: its lab does not stand; start it with: exsim lab {path}", Exit.ENVIRONMENT
            )
    return decode(said)


class Plain:
    """One scenario under Locust's own command: a run directory for each test that is started."""

    def __init__(self, path: Path, scenario: Scenario, lab: StandingLab) -> None:
        self.path = path
        self.scenario = scenario
        self.lab = lab
        self.assignment = assign(scenario, lab.accounts, str(path))
        self.classes = user_classes(self._plan(Path(), 0.0).order())
        self.book: Runbook | None = None
        self.worker: Worker | None = None
        self.status: Status | None = None
        self.guard: Guard | None = None

    def _plan(self, directory: Path, zero: float) -> Plan:
        return Plan(
            self.path.stem,
            self.scenario,
            self.lab.rig,
            self.assignment,
            directory,
            zero,
            salt_of(self.scenario),
        )

    def _begin(self, environment: Environment) -> Worker | None:
        """A new run directory, and users that write into it; None where none may be let loose."""
        book = self.book = Runbook.begin(Path("reports"), self.path.stem, self.scenario)
        book.describe(self.lab.rig, self.assignment)
        plan = self._plan(book.directory.path, book.run.zero)
        if self.scenario.target is not None:
            plan, why, code = checked(plan, book)
            if why:
                book.run.stopped = why
                book.ended()
                _end_it(environment, why, code)
                return None
        worker = Worker(plan.order())
        worker.let_pace_pass()
        employ(self.classes, worker)
        gevent.spawn(self._watch, environment, worker)
        self.guard = Guard(worker)
        return worker

    def _watch(self, environment: Environment, worker: Worker) -> None:
        """A stop rule, or a flow of ours that broke, ends the test."""
        worker.stopping.wait()
        if self.book is not None and worker.by_rule:
            self.book.run.stopped = worker.why
        code = Exit.STOPPED if worker.by_rule else Exit.BROKEN if worker.crash else Exit.ENVIRONMENT
        _end_it(environment, worker.why, code)

    def listen(self) -> None:
        """Hang on the few moments of Locust's that matter; the history hangs on none of them."""
        events.init_command_line_parser.add_listener(self.defaults)
        events.init.add_listener(self.check_host)
        events.test_start.add_listener(self.started)
        events.test_stopping.add_listener(self.stopping)
        events.test_stop.add_listener(self.stopped)
        events.quitting.add_listener(self.quitting)

    def defaults(self, parser: Any, **_: Any) -> None:
        """What Locust's own options are, where nobody says otherwise.

        Its web page takes any host from its form, so nobody but this machine may reach it.
        """
        parser.set_defaults(
            web_host="127.0.0.1",
            num_users=self.scenario.users,
            spawn_rate=self.scenario.load.spawn_rate,
        )

    def check_host(self, environment: Environment, **_: Any) -> None:
        """Accounts' passwords go to the scenario's target only."""
        if environment.host not in (None, "", self.lab.rig.url):
            _refuse(f"--host {environment.host}: the scenario's is {self.lab.rig.url}", Exit.USAGE)
        if self.scenario.target is not None and not isinstance(environment.runner, LocalRunner):
            _refuse(
                "a [target] is loaded by one process: passwords travel to no other one", Exit.USAGE
            )

    def started(self, environment: Environment, **_: Any) -> None:
        if environment.host not in (None, "", self.lab.rig.url):
            print(
                f"exsim: {environment.host} is refused: the scenario's host is {self.lab.rig.url}",
                file=sys.stderr,
            )
            assert environment.runner is not None
            environment.runner.quit()
            return
        self.worker = self._begin(environment)
        if self.worker is None:
            return
        self.worker.recorder.fire = environment.events.request.fire
        self.status = Status(self.worker, "main", silent=True)
        self.worker.mark("load_started", users=self.scenario.users)

    def stopping(self, **_: Any) -> None:
        """Live sessions are somebody else's servers' burden: they are given back while there are users."""
        if self.worker is not None:
            leave(self.worker)

    def stopped(self, environment: Environment, **_: Any) -> None:
        self._end(environment)

    def quitting(self, environment: Environment, **_: Any) -> None:
        """Locust itself was ended, maybe in the midst of a test: users are still there."""
        self.stopping()
        self._end(environment)

    def _end(self, environment: Environment) -> None:
        worker, self.worker = self.worker, None
        dismiss(self.classes)
        if worker is None or self.book is None:
            return
        for watcher in (self.status, self.guard):
            if watcher is not None:
                watcher.stop()
        worker.mark("load_ended")
        worker.close()
        directory = self.book.directory
        write_statistics(environment, directory.locust_stats)
        self.book.ended()
        print(
            f"exsim: {directory.path}: judge it with: exsim analyze {directory.path}",
            file=sys.stderr,
        )


def _end_it(environment: Environment, why: str, code: Exit) -> None:
    """End the test, and Locust with it where no web page waits for another one."""
    print(f"exsim: {why}", file=sys.stderr)
    environment.process_exit_code = int(code)
    runner = environment.runner
    assert runner is not None
    gevent.spawn(runner.stop if environment.web_ui is not None else runner.quit)


def _wanted(one: type[ExsimUser], scenario: Scenario, protocol: str | None) -> bool:
    population = scenario.population[one.population]
    return protocol in (None, population.protocol)


def _refuse(problem: str, code: Exit) -> Any:
    print(f"exsim: {problem}", file=sys.stderr)
    sys.exit(int(code))
