"""From a run's directory to what judgement is told besides the sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from exsim.conduct.lb_log import LogFacts
from exsim.judgement.expectations import Expectations
from exsim.judgement.facts import Balancer, LeftBehind, Node, Preset, RunFacts
from exsim.judgement.words import counted_noun
from exsim.runs import parts
from exsim.runs.directory import RunDirectory
from exsim.runs.made import Entry, entries, left
from exsim.runs.presets import PRESETS
from exsim.runs.runfile import BalancerChange, RunFile
from exsim.runs.scenario import Scenario
from exsim.runs.sections import Expect
from exsim.session.hop import ConnectionLine, Line, Mark
from exsim.session.records import Findings

DRAFT = "draft"  # of a ledger
# What a flow says of an item that it makes: before it exists, that it does not, that it is gone
ITEM_MARKS = frozenset({"creating", "not_created", "removed"})


def facts_of(
    directory: RunDirectory, findings: Findings, log: LogFacts, generator: Generator
) -> RunFacts:
    """Everything about the run in `directory` that its sessions do not say."""
    run, scenario = directory.read_run(), directory.read_scenario()
    absent, cut_off = histories_gone(directory, run, generator)
    return RunFacts(
        title=run.title,
        assumed=run.assumed,
        scenario=run.scenario,
        run=shown(directory.path),
        exsim=run.versions.exsim,
        rig=run.rig,
        presets=presets_of(run),
        url=run.url,
        brought=any(one.brought for one in findings.sessions),
        address=run.address,
        resolved=tuple(run.resolved),
        nodes=tuple(Node(node.name, node.version) for node in run.nodes),
        homes={
            one["address"]: one["node"] for one in run.accounts if {"address", "node"} <= {*one}
        },
        expect=_expectations(scenario.expect),
        balancer=balancer_of(directory, run, scenario, log),
        started=run.started,
        ended=run.ended,
        duration=run.duration,
        lasted=lasted(run),
        users=run.users,
        connections=max(population.session.connections for population in scenario.population),
        opened=opened(scenario),
        time_scale=run.time_scale,
        lateness=generator.lateness,
        looks=generator.looks,
        late_looks=generator.late_looks,
        busy=generator.busy,
        h2_offered=run.h2_offered,
        interrupted=bool(run.interrupted),
        stopped=run.stopped,
        crashed=run.crashed,
        notes=tuple(run.notes),
        lost_workers=tuple(run.lost_workers),
        absent=absent,
        cut_off=cut_off,
        sources=generator.sources,
        unmasked=unmasked(directory),
        left_behind=left_behind(
            findings, generator.items, entries(directory.ledger), real=run.rig != "lab"
        ),
    )


def _expectations(expect: Expect) -> Expectations:
    return Expectations(
        max_lost_sessions=expect.max_lost_sessions,
        persistence=expect.persistence,
        min_sessions_per_combination=expect.min_sessions_per_combination,
        max_unattributed=expect.max_unattributed,
        lost=expect.lost,
        latency=expect.latency,
        wrong_mailbox=expect.wrong_mailbox,
        no_worse_by=expect.no_worse_by,
    )


def histories_gone(
    directory: RunDirectory, run: RunFile, generator: Generator
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the histories that were written to their end: those that are not there, and those without that end."""
    there = parts.workers_of(directory.history_folder)
    without_end = [name for name in run.histories if name not in generator.ended]
    absent = tuple(name for name in without_end if name not in there)
    return absent, tuple(name for name in without_end if name in there)


def unmasked(directory: RunDirectory) -> bool:
    """Whether sessions were steered across where the balancer had let none."""
    return any(name.endswith("-unmask") for name in parts.workers_of(directory.history_folder))


def opened(scenario: Scenario) -> dict[str, int]:
    """Protocol -> how many connections one of its clients opens at most."""
    found: dict[str, int] = {}
    for one in scenario.population:
        found[one.protocol] = max(found.get(one.protocol, 0), one.session.connections)
    return found


def shown(path: Path) -> str:
    """The run's directory as an operator would type it: relative, where it can be."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def presets_of(run: RunFile) -> tuple[Preset, ...]:
    """What is wrong with the simulated organisation, in the scenario's order."""
    names = [text.partition("@")[0] for text in run.presets]
    return tuple(Preset(name, PRESETS[name].sentence) for name in names if name in PRESETS)


def balancer_of(
    directory: RunDirectory, run: RunFile, scenario: Scenario, log: LogFacts
) -> Balancer | None:
    """The balancer that stood before the nodes; None where there was none, or it is not ours to know."""
    if not run.balancer:
        return None
    return Balancer(
        version=f"nginx {run.versions.nginx}"
        if run.versions.nginx
        else f"HAProxy {run.versions.haproxy}".strip(),
        source=run.versions.haproxy_from,
        name=Path(run.balancer).name,
        config=directory.read_balancer(),
        changes=tuple(change_line(change, f", {change.kind}") for change in run.changes),
        warnings=tuple(run.warnings),
        log_findings=tuple(log.findings),
        log_missing=log.missing,
        cookie=run.lb_cookie,
    )


def change_line(change: BalancerChange, kind: str = "") -> str:
    """One change of a balancer's file: where, of which kind, from what to what, and why."""
    if not change.before:
        return f"added{kind}: {change.after}: {change.why}"
    return (
        f"line {change.line}{kind}: {change.before} → {change.after or '(dropped)'}: {change.why}"
    )


def lasted(run: RunFile) -> float:
    """Seconds from the run's start to its end; 0 while nobody has written one."""
    if not run.ended:
        return 0.0
    began, over = (datetime.fromisoformat(text) for text in (run.started, run.ended))
    return (over - began).total_seconds()


@dataclass(slots=True)
class Generator:
    """What the history says of the load itself; fed the lines that are no hops.

    `lateness`: seconds behind its own plan, at worst, by its own probe of the hub.  `addresses`: that
    clients connected from.  `looks`, `late_looks`, `busy`, `stood_still`: as in RunFacts.  `items`: mark -> how often a flow said so of an item of its own.
    `ended`: histories, by name, that have their end.
    """

    lateness: float = 0.0
    looks: int = 0
    late_looks: int = 0
    busy: float = 0.0
    stood_still: float = 0.0
    addresses: set[str] = field(default_factory=set)
    items: Counter[str] = field(default_factory=Counter)
    ended: set[str] = field(default_factory=set)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(sorted(self.addresses))

    def add(self, line: Line) -> None:
        """Take one line."""
        if isinstance(line, Mark):
            if line.what == "phase_ended":
                self._ended(line.facts)
            elif line.what in ITEM_MARKS:
                self.items[line.what] += 1
        elif isinstance(line, ConnectionLine) and line.source:
            self.addresses.add(line.source.rpartition(":")[0])

    def _ended(self, facts: dict[str, Any]) -> None:
        """What a load process said of itself in the end.  Of a short phase, being busy says nothing."""
        self.ended.add(parts.name_of(int(facts.get("worker") or 0), str(facts.get("phase") or "")))
        self.lateness = max(self.lateness, float(facts.get("lag") or 0.0))
        if facts.get("phase") == "main":
            self.looks += int(facts.get("looks") or 0)
            self.late_looks += int(facts.get("late_looks") or 0)
            self.stood_still = max(self.stood_still, float(facts.get("lag") or 0.0))
            self.busy = max(self.busy, float(facts.get("busy") or 0.0))


def left_behind(
    findings: Findings, items: Counter[str], made: Sequence[Entry] = (), real: bool = False
) -> LeftBehind:
    """What the run did to the organisation.  A draft whose making was not answered may still be there."""
    written = items["creating"] - items["not_created"]
    remaining = max(0, written - items["removed"])
    things = [f"{counted_noun(remaining, 'draft')} in Drafts, at most"] if remaining else []
    if findings.mails:
        things.append(f"{counted_noun(findings.mails, 'message')} from telephones to themselves")
    logons, devices = findings.refused_logons, set()
    for one in findings.sessions:
        logons += not one.brought
        if one.protocol == "activesync":
            devices.add(one.account)
    if devices and real:
        things.append(
            f"a device partnership in {counted_noun(len(devices), 'mailbox')}, "
            "the same in each run (Remove-MobileDevice removes it)"
        )
    if there := left(made):
        drafts = sum(entry.what == DRAFT for entry in there)
        mailboxes = counted_noun(len({entry.account for entry in there}), "mailbox")
        lying = f"{counted_noun(drafts, 'draft')}, at most, in the folder exsim of {mailboxes}"
        things.append(
            f"{lying if drafts else f'a folder exsim in {mailboxes}, at most'} (exsim cleanup "
            f"removes {'them' if drafts else 'it'})"
        )
    written += len({entry.key for entry in made if entry.what == DRAFT})
    return LeftBehind(
        logons=logons,
        wrong_passwords=findings.refused_logons,
        mails=findings.mails,
        items=written,
        things=tuple(things),
    )
