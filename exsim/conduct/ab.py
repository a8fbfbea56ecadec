"""Two balancers over one organisation at the same time, the same users behind each, until it is decided.

Both loads run side by side with the same seeds; their histories are read as they grow, pair by pair.  What
is left are two run directories like any others, and beside B's the comparison.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from exsim.conduct.ab_blocks import Blocks, blocks_for
from exsim.conduct.ab_rig import AbSides, Half, halves, limits_of, settings
from exsim.conduct.ab_watch import Tail, Watch
from exsim.conduct.comparing import compare
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.facts import change_line
from exsim.conduct.loading import Event, carry_out
from exsim.conduct.preflight import preflight
from exsim.conduct.rig import died, lab_for, lab_rig
from exsim.conduct.running import Done, Show, finish, over
from exsim.conduct.shadow_rig import movable, shadow_for, shadow_rig
from exsim.conduct.switching import Switch
from exsim.conduct.view import LiveView
from exsim.judgement.compare.ab import AbResults, Ended, encode, results
from exsim.judgement.compare.comparison import Compared
from exsim.judgement.paired import Pairs, interleaved
from exsim.judgement.report import compare_ab
from exsim.runs.assignment import assign
from exsim.runs.errors import OperatorError
from exsim.runs.exits import BY_OUTCOME, Exit
from exsim.runs.order import Order
from exsim.runs.plan import Plan
from exsim.runs.rig import Rig
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import Scenario, load_scenario
from exsim.session.attempts import REFUSED

if TYPE_CHECKING:
    from exsim.lab.lab import Lab
    from exsim.lab.shadow import Shadow

MAY_MATTER = "may matter"
CRASH, SIGNAL = "crash", "signal"  # why a load ended, as it says itself
RESULTS, PAGE = "ab.json", "ab.html"  # in B's run directory


@dataclass(frozen=True, slots=True)
class AbOptions:
    """What the command line says."""

    sides: AbSides = field(default_factory=AbSides)
    reports: Path = Path("reports")
    haproxy: str | None = None
    live: bool = True
    switch: str = ""
    settle: float = 0.0


@dataclass(frozen=True, slots=True)
class AbDone:
    """A trial that is over."""

    results: AbResults
    compared: Compared
    exit_code: Exit
    page: Path

    def text(self, colour: bool) -> str:
        return compare_ab.render(self.results, self.compared.pictures, colour)

    def json(self) -> bytes:
        return encode(self.results) + b"\n"


class _Over(Exception):
    """No further pair is wanted: unwinds the loads, which write what they have.

    `run`, `why`: the load that ended by itself before its time, and for what.
    """

    def __init__(self, run: str = "", why: str = "") -> None:
        super().__init__(why)
        self.run, self.why = run, why

    def ending(self, order: Order) -> tuple[int, str]:
        """How a load ended: by us, unless it is the one that ended by itself."""
        if order.scenario != self.run:
            return int(Exit.PASS), ""
        if self.why != CRASH:
            return int(Exit.STOPPED), ""
        words = Path(order.directory) / f"load-{order.phase}-{order.worker}.log"
        return int(Exit.BROKEN), words.read_text(errors="replace") if words.exists() else self.why


def ab(path: Path, options: AbOptions) -> AbDone:
    """Compare two balancers by the scenario at `path`.  Raises OperatorError and EnvironmentProblem."""
    scenario = load_scenario(path)
    if in_blocks(scenario, options.sides):
        return _in_blocks(path, scenario, options)
    if options.switch:
        raise OperatorError("--switch: both balancers are run here; it is for one that is not")
    wanted = settings(scenario, options.sides)
    both = halves(scenario, path, options.sides)
    if scenario.target is not None:
        for half in both:
            movable(half.balancer, scenario.target)
    books = [Runbook.begin(options.reports, half.name, half.scenario) for half in both]
    with rigs_for(both, path, books[0].directory.path, options.haproxy) as (standing, rigs):
        plans = [_plan(book, half, rig) for book, half, rig in zip(books, both, rigs, strict=True)]
        order = interleaved([population.users for population in both[0].scenario.population])
        pairs = Pairs(min(wanted.max_pairs, len(order)), wanted.margin)
        watch = Watch([Tail(plan) for plan in plans], order, pairs, limits_of(scenario))
        titles = {plan.name: plan.scenario.title for plan in plans}
        with LiveView(titles, options.live) as view:
            measure(plans, books, watch, view.show)
        for book in books:
            book.lab_died(died(standing))
            book.ended()
    _share_logs(books, both)
    return _concluded(books, watch)


def in_blocks(scenario: Scenario, sides: AbSides) -> bool:
    """Whether the balancer is not ours: a target's, and no file of it was given."""
    target = scenario.target
    return target is not None and not target.balancer and sides.a is None and sides.b is None


def _in_blocks(path: Path, scenario: Scenario, options: AbOptions) -> AbDone:
    switch = Switch(options.switch, options.settle)
    blocks = blocks_for(scenario, path, options.sides, options.reports)
    titles = {plan.name: plan.scenario.title for plan in blocks.plans}
    try:
        with LiveView(titles, options.live and bool(options.switch)) as view:
            blocks.run(switch, view.show)
    finally:
        for book in blocks.books:
            book.ended()
    return _concluded(blocks.books, blocks)


@contextmanager
def rigs_for(
    both: Sequence[Half], path: Path, directory: Path, haproxy: str | None
) -> Iterator[tuple[Lab | Shadow, list[Rig]]]:
    """Both balancers, up, and how to reach each: before a lab's nodes, or before real ones."""
    plans = [half.balancer for half in both]
    scenario = both[0].scenario
    if scenario.target is not None:
        with shadow_for(scenario.target, path, directory, plans, haproxy) as shadow:
            yield (
                shadow,
                [shadow_rig(shadow, scenario.target, path, plan.name) for plan in plans],
            )
        return
    accounts = [account for half in both for account in half.accounts]
    with lab_for(scenario, directory, accounts, plans, haproxy) as lab:
        yield lab, [lab_rig(lab, half.scenario, half.balancer.name) for half in both]


def _plan(book: Runbook, half: Half, rig: Rig) -> Plan:
    assignment = assign(half.scenario, half.accounts, half.name)
    return book.plan(half.name, half.scenario, rig, assignment)


def _checked(
    plans: Sequence[Plan], books: Sequence[Runbook], show: Show
) -> tuple[float, ...] | None:
    """Every account of both sides logged on once, one after the other, and none refused.

    Returns the logons of the last minute; None when nothing is to be loaded.  Raises EnvironmentProblem for one that was: his twin would be compared with nobody.
    """
    logons: tuple[float, ...] = ()
    try:
        for plan, book in zip(plans, books, strict=True):
            done = preflight(replace(plan, logons=logons), book, show)
            refused, logons = ", ".join(done.resting), done.logons
            if over(book):
                return None
            if refused:
                raise EnvironmentProblem(f"{refused}: {REFUSED}; a pair takes both its accounts")
    except KeyboardInterrupt:
        for book in books:
            book.interrupted()
        return None
    return logons


def measure(plans: Sequence[Plan], books: Sequence[Runbook], watch: Watch, show: Show) -> None:
    """Both loads side by side until the pairs have decided, or none are left."""
    logons: tuple[float, ...] | None = ()
    if plans[0].scenario.target is not None:
        logons = _checked(plans, books, show)
    if logons is None:
        return
    orders = [replace(plan, logons=logons).order() for plan in plans]

    def look(event: Event) -> None:
        show(event)
        why = str(event.get("why") or "")
        if event.get("event") == "done" and why not in ("", SIGNAL):
            raise _Over(str(event.get("run")), why)
        if event.get("event") == "live" and watch.look():
            raise _Over

    ended: Sequence[tuple[int, str]] = [(int(Exit.INTERRUPTED), "")] * len(orders)
    try:
        ended = carry_out(orders, look)
        watch.look(final=not any(code for code, _ in ended))
    except _Over as done:
        ended = [done.ending(order) for order in orders]
    except KeyboardInterrupt:
        for book in books:
            book.interrupted()
    for book, order, (code, words) in zip(books, orders, ended, strict=True):
        book.phase_ended(order, code, words)


def _share_logs(books: Sequence[Runbook], both: Sequence[Half]) -> None:
    """The lab wrote beside the first run what belongs to both."""
    log = books[0].directory.path / f"lb-{both[1].balancer.name}.log"
    if log.is_file():
        shutil.move(log, books[1].directory.lb_log)


def _concluded(books: Sequence[Runbook], watch: Watch | Blocks) -> AbDone:
    done: list[Done] = [finish(book.directory) for book in books]
    found = compare(done[0].directory, done[1].directory, [one.judgement for one in done])
    weighty = [
        [change_line(change) for change in book.run.changes if change.kind == MAY_MATTER]
        for book in books
    ]
    broken = _broken_off(books)
    ended = Ended(watch.pairs, found, watch.wrong_mailbox, broken, (weighty[0], weighty[1]))
    document = results(ended)
    directory = done[1].directory.path
    (directory / RESULTS).write_bytes(encode(document) + b"\n")
    page = directory / PAGE
    page.write_text(compare_ab.page(document, found), encoding="utf-8")
    return AbDone(document, found, _code(books, document), page)


def _broken_off(books: Sequence[Runbook]) -> str:
    for book in books:
        run = book.run
        if run.cut_short:
            return run.cut_short.splitlines()[0]
    return ""


def _code(books: Sequence[Runbook], document: AbResults) -> Exit:
    """How it was cut short before what it came to."""
    runs = [book.run for book in books]
    if any(run.crashed for run in runs):
        return Exit.BROKEN
    if any(run.interrupted for run in runs):
        return Exit.INTERRUPTED
    if any(run.stopped for run in runs):
        return Exit.STOPPED
    return BY_OUTCOME[document.outcome]
