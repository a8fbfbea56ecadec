"""A run from its scenario to its verdict: rig, load, judgement, and what is written about all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import msgspec

from exsim.conduct import judging, screen
from exsim.conduct.deciding import Deciding
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.far import Place
from exsim.conduct.far_loads import FarLoads
from exsim.conduct.last_minute import LastMinute
from exsim.conduct.loading import Early, Event, Loads, carry_out
from exsim.conduct.preflight import own_logon_failed, preflight
from exsim.conduct.rig import died, lab_for, lab_rig, plan_for, target_rig
from exsim.conduct.shadow_rig import shadow_of, shadow_plan
from exsim.conduct.survey import survey_of, write_survey
from exsim.conduct.view import LiveView
from exsim.judgement.judge import Judgement
from exsim.judgement.keeping import out_of_reach, sentence
from exsim.judgement.report import text
from exsim.judgement.results import encode
from exsim.judgement.statistics import interval
from exsim.runs import limits
from exsim.runs.addresses import expanded
from exsim.runs.assignment import assign, make_lab_accounts, with_few_spare
from exsim.runs.complaint import Complaint
from exsim.runs.dice import Source
from exsim.runs.directory import RunDirectory
from exsim.runs.duration import seconds
from exsim.runs.errors import OperatorError, ScenarioError
from exsim.runs.exits import Exit
from exsim.runs.order import Combination, Order
from exsim.runs.plan import Plan, shared_out
from exsim.runs.rig import Rig
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import Scenario, balancer_file, load_scenario
from exsim.runs.target_accounts import target_accounts

if TYPE_CHECKING:
    from exsim.lab.lab import Lab
    from exsim.lab.shadow import Shadow

Show = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may say besides the scenario."""

    reports: Path = Path("reports")
    haproxy: str | None = None
    duration: str | None = None
    live: bool = True
    workers: int | None = None
    until_decided: bool = False
    master: Place | None = None  # where workers on other machines come to
    wait: str | None = None  # for those workers
    tell: Callable[[str], object] = lambda text: None  # what is known before the load begins


@dataclass(frozen=True, slots=True)
class Done:
    """A run that is over and judged."""

    directory: RunDirectory
    judgement: Judgement
    exit_code: Exit

    def text(self, colour: bool) -> str:
        return text.render(self.judgement, colour=colour, exit_code=int(self.exit_code))

    def json(self) -> bytes:
        return encode(self.judgement.results) + b"\n"


def run(path: Path, options: Options) -> Done:
    """Run the scenario at `path`.  Raises OperatorError and EnvironmentProblem."""
    scenario = read(path, options)
    with (
        loads_for(scenario, options) as early,
        rig_for(path, scenario, options, early) as (book, plan, lab),
    ):
        with (
            explained(book),
            LiveView({book.run.scenario: scenario.title}, options.live) as view,
        ):
            interrupted = measure(plan, book, view.show, options.until_decided, early)
        book.lab_died(died(lab))
        if interrupted:
            book.interrupted()
        book.ended()
    return finish(book.directory)


def loads_for(scenario: Scenario, options: Options) -> Early | FarLoads:
    """Load processes of this machine, or of others."""
    if options.master is None:
        return Early()
    load = scenario.load
    return FarLoads(options.master, load.workers, options.tell, load.wait_for_workers)


def read(path: Path, options: Options) -> Scenario:
    """The scenario, with what the command line says instead."""
    scenario = load_scenario(path)
    load = scenario.load
    if options.duration is not None:
        load = msgspec.structs.replace(load, duration=time_of("--duration", options.duration))
    if options.wait is not None:
        load = msgspec.structs.replace(load, wait_for_workers=time_of("--wait", options.wait))
    if options.workers is not None:
        if not 1 <= options.workers <= scenario.users:
            raise ScenarioError(
                "--workers",
                "",
                f"{options.workers} is not between 1 and {scenario.users}, its users",
            )
        load = msgspec.structs.replace(load, workers=options.workers)
    changed = msgspec.structs.replace(scenario, load=load)
    try:
        limits.check(changed)
    except Complaint as found:
        raise ScenarioError("--duration", found.key, found.problem) from None
    return changed


def time_of(option: str, text: str) -> float:
    """Seconds of an option of the command line."""
    try:
        return seconds(text)
    except ValueError as problem:
        raise ScenarioError(option, "", str(problem)) from None


@contextmanager
def rig_for(
    path: Path, scenario: Scenario, options: Options, early: Loads | None = None
) -> Iterator[tuple[Runbook, Plan, Lab | Shadow | None]]:
    """The rig, up; the run directory begun; what the load is to be told.

    With `early` the load's processes are started beside a lab, and wait there for their orders.
    """
    source = Source(scenario.seed)
    if scenario.target is not None:
        if scenario.target.balancer:  # a mistake in it asks for no password, and leaves no run
            shadow_plan(scenario.target, path)
        accounts = target_accounts(scenario.target, path)
        assignment = with_few_spare(assign(scenario, accounts, str(path)))
        rig = target_rig(scenario.target, path)
        book = Runbook.begin(options.reports, path.stem, scenario)
        book.run.scenario_path = from_here(path)
        if not scenario.target.balancer:
            with explained(book):
                rig = looked_at(rig, path, scenario, book, options)
            yield book, book.plan(book.run.scenario, scenario, rig, assignment), None
            return
        book.run.balancer_path = from_here(balancer_file(scenario, path))
        shadow_up = shadow_of(scenario, path, book.directory.path, options.haproxy)
        with explained(book), shadow_up as (shadow, rig):
            yield book, book.plan(book.run.scenario, scenario, rig, assignment), shadow
        return
    accounts = make_lab_accounts(scenario, source)
    assignment = assign(scenario, accounts, str(path))
    plans = plan_for(scenario, path)
    book = Runbook.begin(options.reports, path.stem, scenario)
    book.run.balancer_path = from_here(balancer_file(scenario, path))
    if early is not None:
        early.start(book.directory.path, scenario.load.workers)
    lab_up = lab_for(scenario, book.directory.path, accounts, plans, options.haproxy)
    with explained(book), lab_up as lab:
        yield book, book.plan(book.run.scenario, scenario, lab_rig(lab, scenario), assignment), lab


@contextmanager
def explained(book: Runbook) -> Iterator[None]:
    """Where a rig does not come up, or nobody waits for that, the run's directory says why, and that the run is over."""
    try:
        yield
    except KeyboardInterrupt:
        if not book.run.ended:
            book.interrupted()
            book.ended()
        raise
    except (EnvironmentProblem, OperatorError) as problem:
        if not book.run.ended:
            book.note(str(problem))
            book.ended()
        raise


def looked_at(rig: Rig, path: Path, scenario: Scenario, book: Runbook, options: Options) -> Rig:
    """The rig, with what cookie-less requests show of a balancer that is not ours."""
    load = scenario.load
    done = survey_of(
        rig,
        path,
        expanded(load.source_addresses),
        scenario.seed,
        book.run.zero,
        book.directory.path.name,
        scenario.limits.requests_per_second,
    )
    write_survey(done, book.directory.history_folder)
    reach = out_of_reach(done.kept, scenario.node_names, scenario.node_names)
    where = (
        f"{rig.url} is at {', '.join(rig.resolved)}; {rig.address} is used" if rig.resolved else ""
    )
    for said in (where, *done.trust.sentences, sentence(done.kept), reach):
        if said:
            options.tell(screen.fitted(f" {said}", 1) + "\n")
    return msgspec.structs.replace(
        rig,
        cookie=done.kept.cookie,
        lb_values=done.values,
        distrusted=tuple(sorted(done.trust.distrusted)),
    )


def from_here(file: Path | None) -> str:
    """A file as somebody here would name it; "" for none, and for one that stands elsewhere."""
    here = Path.cwd()
    if file is None or not file.resolve().is_relative_to(here):
        return ""
    return file.resolve().relative_to(here).as_posix()


def measure(
    plan: Plan,
    book: Runbook,
    show: Show,
    until_decided: bool = False,
    early: Loads | None = None,
) -> bool:
    """Every phase of the run; True when somebody interrupted it.

    With `until_decided` the load ends when everything is; `early` holds load processes that wait for orders.
    Raises EnvironmentProblem when a target turns out not to be Exchange's own forms logon, or a logon flow of the
    user's own fails.
    """
    try:
        if plan.scenario.target is not None:
            plan = preflight(plan, book, show)
        news = Deciding(plan.scenario, plan.rig.versions, plan.assignment)
        if not over(book):
            orders = shared_out(plan.order())
            logons = load(orders, [book] * len(orders), show, news, until_decided, early)
            plan = replace(plan, logons=logons)
        if plan.scenario.target is not None and plan.scenario.target.logon:
            own_logon_failed(book.directory.history())  # of hours: not held in memory
        if plan.scenario.load.force and not over(book):
            steered = plan.order("forced", every_combination(plan))
            plan = replace(plan, logons=load([steered], [book], show))
        if plan.scenario.load.unmask and not over(book) and not news.met_at_all:
            wanted = prevented(book.directory)
            if wanted:
                load([plan.order("unmask", wanted)], [book], show)
    except KeyboardInterrupt:
        return True
    return False


def over(book: Runbook) -> bool:
    """Whether nothing more may be sent: a stop rule ended the run, or a fault of ours did."""
    return bool(book.run.stopped or book.run.crashed)


def load(
    orders: Sequence[Order],
    books: Sequence[Runbook],
    show: Show,
    news: Deciding | None = None,
    until_decided: bool = False,
    early: Loads | None = None,
) -> tuple[float, ...]:
    """One phase, by one worker or several side by side; `books` are theirs, in the same order.

    `news` hears what they tell, and with `until_decided` says when it is enough.  Returns the logons of its last
    minute, for the next phase.
    """
    last_minute = LastMinute(orders, show)

    def heard(event: Event) -> None:
        last_minute.heard(event)
        if news is not None:
            news.take(event)

    def enough() -> bool:
        return until_decided and news is not None and news.decided

    def words() -> Sequence[Event]:
        return news.fresh_words() if until_decided and news is not None else ()

    Thread(target=get_ready, daemon=True).start()
    codes = carry_out(orders, heard, enough, early, words)
    for book, order, (code, said) in zip(books, orders, codes, strict=True):
        book.phase_ended(order, code, said)
    return last_minute.logons()


def get_ready() -> None:
    """Load what judgement will need, while there is nothing to do but wait for the load."""
    interval(0, 1)


def every_combination(plan: Plan) -> list[Combination]:
    """Each login node, serving node and home, as often as the scenario wants each met."""
    nodes = list(plan.rig.versions)
    homes = [account.node or account.home for account in plan.assignment.spare]
    return [
        Combination(login=login, serving=serving, home=home)
        for _ in range(plan.scenario.expect.min_sessions_per_combination or 1)
        for login in nodes
        for serving in nodes
        for home in dict.fromkeys(homes)
    ]


def prevented(directory: RunDirectory) -> list[Combination]:
    """After a pass: one steered session for each combination that the balancer never allowed.

    Where a mailbox lives is known of a lab's accounts; of others the version that was claimed of those that
    were seen to live at that node.
    """
    judgement = judging.judged(directory, so_far=True)
    results = judgement.results
    if results.outcome != "pass":
        return []
    claimed = {}
    if directory.read_run().rig != "lab":
        claimed = {one.back_end: one.home for one in judgement.findings.sessions if one.home}
    return [
        Combination(
            login=cell.login_front_end,
            serving=cell.serving_front_end,
            home=claimed.get(cell.mailbox_back_end, cell.mailbox_back_end or ""),
        )
        for cell in results.matrix
        if cell.protocol == "owa" and cell.state == "prevented" and cell.login_front_end
    ]


def finish(directory: RunDirectory) -> Done:
    """Judge, write, and say how it ended."""
    judgement = judging.judged(directory)
    code = judging.exit_code(directory, judgement)
    judging.write(directory, judgement, int(code))
    return Done(directory, judgement, code)
