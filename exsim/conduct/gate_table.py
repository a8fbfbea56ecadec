"""The gate as a table: each configuration under each assumption, in short runs, several at a time.

One lab for each assumption, with a balancer for each configuration in it, so that the configurations meet the
same nodes at the same time.  What befalls a lab happens between two of its load's messages.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.facts import shown
from exsim.conduct.gate_assumptions import Supposed, assumptions
from exsim.conduct.gate_cells import (
    Collected,
    Config,
    cell,
    changes_made,
    configs_of,
    document_of,
    variant,
)
from exsim.conduct.gate_events import Befalling
from exsim.conduct.gate_place import spreading_line
from exsim.conduct.gating import Gated, write
from exsim.conduct.lb_log import read_log
from exsim.conduct.loading import Event
from exsim.conduct.rig import died, lab_for, lab_rig
from exsim.conduct.running import Options, finish, load, prevented, read
from exsim.conduct.view import LiveView
from exsim.judgement.gate.document import Annotation
from exsim.lab.balancers import BalancerPlan
from exsim.lb.errors import LbError
from exsim.runs.assignment import assign, lab_accounts, lab_homes
from exsim.runs.dice import Source
from exsim.runs.errors import ScenarioError
from exsim.runs.exits import BY_OUTCOME, Exit
from exsim.runs.plan import Plan
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import NO_BALANCER, Scenario

if TYPE_CHECKING:
    from exsim.lab.lab import Lab

AT_ONCE = 2  # assumptions side by side: two cores carry that many labs of three nodes


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What the command line says.  `configs` () : the scenario's own file.  `accept`: "LINE" or "FILE:LINE"."""

    reports: Path = Path("reports")
    haproxy: str | None = None
    duration: str | None = None
    configs: tuple[Path, ...] = ()
    accept: frozenset[str] = frozenset()
    live: bool = True


@dataclass(slots=True)
class Standing:
    """One assumption while its lab stands: for each configuration its plan and its book."""

    supposed: Supposed
    lab: Lab
    plans: list[Plan]
    books: list[Runbook]
    befalling: Befalling


def table(path: Path, options: TableOptions) -> Gated:
    """Run the whole table.  Raises OperatorError and EnvironmentProblem."""
    scenario = read(path, Options(duration=options.duration))
    if scenario.lab is None or scenario.lab.balancer == NO_BALANCER:
        raise ScenarioError(
            str(path), "lab", "is not there, or has no balancer; a table needs both"
        )
    configs = configs_of(scenario, path, options.configs, options.accept)
    supposed, left_out = assumptions(scenario.lab)
    folder = options.reports / f"{path.stem}-table" / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
    batches = _Batches(scenario, configs, folder, options)
    by_length = sorted(supposed, key=lambda one: one.longer)  # who waits, waits for his like
    for start in range(0, len(by_length), AT_ONCE):
        batches.run(by_length[start : start + AT_ONCE])
        if batches.got.interrupted:
            break
    document = document_of(path.stem, supposed, configs, batches.got, left_out, shown(folder))
    write(folder, document)
    code = Exit.INTERRUPTED if batches.got.interrupted else BY_OUTCOME[document.outcome]
    return Gated(document, folder, code)


class _Batches:
    """Some assumptions side by side, then the next; `got` is what they brought so far."""

    def __init__(
        self, scenario: Scenario, configs: Sequence[Config], folder: Path, options: TableOptions
    ) -> None:
        self.scenario = scenario
        self.configs = configs
        self.folder = folder
        self.options = options
        self.got = Collected()

    def run(self, batch: Sequence[Supposed]) -> None:
        """Labs up, loads side by side, labs down, everything judged."""
        with ExitStack() as stack:
            standing = [self._stand(stack, one) for one in batch]
            self.got.haproxy = standing[0].lab.haproxy_version
            try:
                self._measure(standing)
            except KeyboardInterrupt:
                self.got.interrupted = True
            except LbError as problem:
                raise EnvironmentProblem(str(problem)) from None
            for one in standing:
                self._ended(one)
        for one in standing:
            _share_logs(one.books)
            for book, config in zip(one.books, self.configs, strict=True):
                self._judge(one, book, config)

    def _ended(self, one: Standing) -> None:
        for book in one.books:
            book.lab_died(died(one.lab))
            if self.got.interrupted:
                book.interrupted()
            book.ended()

    def _judge(self, one: Standing, book: Runbook, config: Config) -> None:
        judgement = finish(book.directory).judgement
        made = cell(one.supposed, config, judgement, book.run, one.befalling.done)
        self.got.cells.append(made)
        self.got.changes[config.name] = changes_made(config, book.run)
        if made.outcome == "fail":
            file, line = spreading_line(book.run, judgement, read_log(book.directory))
            if file:
                words = f"{made.assumption}: {made.sentence}"
                self.got.annotations.append(Annotation("error", words, file, line))

    def _stand(self, stack: ExitStack, supposed: Supposed) -> Standing:
        """The lab of one assumption, with a balancer for each configuration and mailboxes for its users."""
        scenarios = [variant(self.scenario, supposed, config) for config in self.configs]
        homes = lab_homes(self.scenario)
        accounts = lab_accounts(
            len(self.configs) * len(homes), homes * len(self.configs), Source(self.scenario.seed)
        )
        books = [
            Runbook.begin(self.folder, f"{supposed.assumption.name}, {config.name}", one)
            for config, one in zip(self.configs, scenarios, strict=True)
        ]
        plans = [
            BalancerPlan(config.plan, config.text, config.file, config.servers)
            for config in self.configs
        ]
        directory = books[0].directory.path
        lab = stack.enter_context(
            lab_for(scenarios[0], directory, accounts, plans, self.options.haproxy)
        )
        made_plans = []
        for i, (book, one) in enumerate(zip(books, scenarios, strict=True)):
            rig = lab_rig(lab, one, self.configs[i].plan)
            mine = accounts[i * len(homes) : (i + 1) * len(homes)]
            assignment = assign(one, mine)
            book.run.balancer_path = self.configs[i].path
            made_plans.append(book.plan(book.run.scenario, one, rig, assignment))
        names = [config.plan for config in self.configs]
        befalling = Befalling(supposed, lab, names, made_plans, books)
        return Standing(supposed, lab, made_plans, books, befalling)

    def _measure(self, standing: Sequence[Standing]) -> None:
        """All loads side by side; then, where nothing was lost, what the balancer prevented."""
        plans = [plan for one in standing for plan in one.plans]
        books = [book for one in standing for book in one.books]
        with LiveView({plan.name: plan.name for plan in plans}, self.options.live) as view:

            def show(event: Event) -> None:
                view.show(event)
                for one in standing:
                    one.befalling.heard(event)

            load([plan.order() for plan in plans], books, show)
            across = [
                (plan.order("unmask", wanted), book)
                for plan, book in zip(plans, books, strict=True)
                if plan.scenario.load.unmask
                and not book.run.crashed
                and (wanted := prevented(book.directory))
            ]
            if across:
                load([order for order, _ in across], [book for _, book in across], view.show)


def _share_logs(books: Sequence[Runbook]) -> None:
    """The lab wrote beside the first run what belongs to the others."""
    first = books[0].directory.path
    for book, log in zip(books[1:], sorted(first.glob("lb-*.log")), strict=False):
        shutil.move(log, book.directory.lb_log)
