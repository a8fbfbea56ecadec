"""The cells of the gate's table: which configurations, which variant of the scenario, what a run comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from exsim.conduct.gate_assumptions import Supposed
from exsim.conduct.gating import changes_of
from exsim.conduct.running import from_here
from exsim.judgement.gate.document import (
    Annotation,
    Change,
    Gate,
    TableCell,
    annotated,
    change_criteria,
    gravest,
)
from exsim.judgement.gate.moved import nobody_moved
from exsim.judgement.judge import Judgement
from exsim.judgement.words import counted_noun, was
from exsim.runs import document
from exsim.runs.errors import OperatorError
from exsim.runs.runfile import RunFile
from exsim.runs.scenario import Scenario, balancer_file
from exsim.runs.sections import Node, Population

STAYS = 5  # times as many polls: ordinary sessions of a table are over before three health checks have failed


@dataclass(frozen=True, slots=True)
class Config:
    """One configuration.  `name`: in the table; `plan`: of its balancer within a lab; `file`: in messages.

    `path`: from here, or ""; `accepted`: lines whose change may stand.
    """

    name: str
    plan: str
    file: str
    path: str
    text: str
    servers: Mapping[str, str]
    accepted: frozenset[int]


def configs_of(
    scenario: Scenario, path: Path, given: Sequence[Path], accept: frozenset[str]
) -> list[Config]:
    """The files that were given, or the scenario's own.  Raises OperatorError for one that cannot be read."""
    lab = scenario.lab
    assert lab is not None
    own = balancer_file(scenario, path)
    assert own is not None
    files = list(given) or [own]
    names = [file.name if _once(file, files) else file.as_posix() for file in files]
    if len(set(names)) < len(names):
        raise OperatorError("--config: a file is there twice")
    return [
        Config(
            name=name,
            plan=f"config{number:02}",
            file=from_here(file) or file.name,
            path=from_here(file),
            text=document.text_of(file, "utf-8"),
            servers=lab.servers,
            accepted=_accepted(file, accept, frozenset(lab.accept) if _same(file, own) else frozenset(), len(files)),
        )
        for number, (name, file) in enumerate(zip(names, files, strict=True))
    ]  # fmt: skip


def _once(file: Path, files: Sequence[Path]) -> bool:
    return [one.name for one in files].count(file.name) == 1


def _same(file: Path, own: Path) -> bool:
    return file.resolve() == own.resolve()


def _accepted(
    file: Path, accept: frozenset[str], own: frozenset[int], files: int
) -> frozenset[int]:
    """The lines of `file` that were accepted; a number without a file is for the only one."""
    lines = set(own)
    for one in accept:
        where, _, number = one.rpartition(":")
        if not number.isdecimal() or (not where and files > 1):
            raise OperatorError(f"--accept: {one!r} is not FILE:LINE, such as {file.name}:40")
        if not where or where in (file.name, file.as_posix()):
            lines.add(int(number))
    return frozenset(lines)


def variant(scenario: Scenario, supposed: Supposed, config: Config) -> Scenario:
    """The scenario under one assumption.

    Every combination must be met as often as the scenario says, unless something befalls the nodes: then
    who meets what is the balancer's answer to it.  Criteria over many sessions are for whole runs.
    Where a node goes, sessions last so long that who is on it is still there when the balancer notices.
    """
    lab, load, expect = scenario.lab, scenario.load, scenario.expect
    stay = STAYS if supposed.leaves else 1
    assert lab is not None
    disturbed = bool(supposed.acts)
    nodes = lab.nodes if supposed.assumption.own else tuple(map(_bare, lab.nodes))
    return msgspec.structs.replace(
        scenario,
        title=f"{supposed.assumption.name}, {config.name}",
        lab=msgspec.structs.replace(
            lab,
            nodes=nodes,
            preset=tuple(supposed.assumption.presets),
            balancer=config.file,
            port=0,
        ),
        population=tuple(_staying(one, stay) for one in scenario.population),
        load=msgspec.structs.replace(
            load,
            duration=load.duration * supposed.longer,
            control=0,
            workers=1,
            force=False,
            unmask=not disturbed,
        ),
        expect=msgspec.structs.replace(
            expect,
            persistence="none",
            min_sessions_per_combination=0 if disturbed else expect.min_sessions_per_combination,
            lost=(),
            latency=(),
        ),
    )


def _staying(population: Population, times: int) -> Population:
    """Users whose sessions have so many times the polls."""
    session = population.session
    longer = msgspec.structs.replace(session, polls=session.polls * times)
    return msgspec.structs.replace(population, session=longer)


def _bare(node: Node) -> Node:
    """A node without settings of its own."""
    return Node(
        name=node.name, version=node.version, build=node.build, fqdn=node.fqdn, site=node.site
    )


def cell(
    supposed: Supposed, config: Config, judgement: Judgement, run: RunFile, happened: bool
) -> TableCell:
    """What one run says of one configuration.  `happened`: what was to befall it did."""
    results = judgement.results
    against = [] if happened else ["The run was over before anything befell it."]
    if happened and supposed.leaves and results.outcome != "fail":
        still = nobody_moved(judgement.findings.sessions, supposed.leaves)
        against += [still] if still else []
    standing = sum(one.outcome != "pass" for one in change_criteria(changes_made(config, run)))
    if standing:
        noun = counted_noun(standing, "change")
        against.append(f"{noun} of the file may matter, and nobody accepted the line.")
    outcome = gravest([results.outcome, *("inconclusive" for _ in against)])
    words = judgement.statement.text
    return TableCell(
        assumption=supposed.assumption.name,
        configuration=config.name,
        outcome=outcome,
        sentence=" ".join([words, *against]),
        masked=outcome == "pass" and results.masked,
        sessions=results.sessions,
        lost=results.lost,
        accounts=results.accounts,
        run=results.run,
        reasons=[*results.reasons, *against],
    )


def changes_made(config: Config, run: RunFile) -> list[Change]:
    """What was changed in a configuration to run it."""
    return changes_of(run.changes, config.file, config.accepted)


@dataclass(slots=True)
class Collected:
    """What all batches of a table brought."""

    cells: list[TableCell] = field(default_factory=list)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)
    haproxy: str = ""
    interrupted: bool = False


def document_of(
    name: str,
    supposed: Sequence[Supposed],
    configs: Sequence[Config],
    got: Collected,
    left_out: Sequence[str],
    run: str,
) -> Gate:
    """The document of the whole table; a cell that was not run leaves it undecided."""
    order = [one.assumption.name for one in supposed]
    cells = sorted(got.cells, key=lambda one: order.index(one.assumption))
    wanted = len(supposed) * len(configs)
    missing = wanted - len(got.cells)
    outcomes = [one.outcome for one in got.cells]
    failed, undecided = outcomes.count("fail"), outcomes.count("inconclusive")
    said = f"{failed} of {counted_noun(wanted, 'cell')} failed, {undecided} could not be decided"
    said += f", {missing} {was(missing)} not run." if missing else "."
    changes = [change for one in configs for change in got.changes.get(one.name, [])]
    outcome = gravest([*outcomes, *(["inconclusive"] if missing else [])])
    return Gate(
        kind="table",
        outcome=outcome,
        sentence=" ".join([said, *left_out]),
        scenario=name,
        run=run,
        masked=outcome == "pass" and any(one.masked for one in got.cells),
        simulated=list(dict.fromkeys(p for one in supposed for p in one.assumption.presets)),
        haproxy=got.haproxy,
        changes=changes,
        annotations=[*annotated(change_criteria(changes)), *got.annotations],
        assumptions=[one.assumption for one in supposed],
        configurations=[one.name for one in configs],
        table=cells,
    )
