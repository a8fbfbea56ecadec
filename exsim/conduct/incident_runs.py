"""The observations through a real balancer, one run after the other, and what came of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import msgspec

from exsim.conduct import screen
from exsim.conduct.facts import shown
from exsim.conduct.incident import OBSERVATIONS, Errand, Observation, errands
from exsim.conduct.lb_log import read_log
from exsim.conduct.observations import Seen, Watched
from exsim.conduct.rig import died
from exsim.conduct.running import Done, Options, finish, measure, rig_for
from exsim.judgement.words import counted_noun
from exsim.runs.directory import RunDirectory
from exsim.runs.exits import Exit
from exsim.runs.scenario import Scenario
from exsim.wire import names

SERVER_ERROR = 500
# HAProxy's own words for a change of a server's state (its management guide): "Server b/s is DOWN, …"
_DOWN = re.compile(rb"Server (\S+) is DOWN")


class Told(msgspec.Struct):
    """What is read of one line of a node's own record."""

    utc: str = ""
    node: str = ""
    path: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run says to one observation.  `present`: its cause was there."""

    observation: Observation
    present: bool
    seen: Seen
    directory: Path

    @property
    def right(self) -> bool:
        return self.seen.yes == self.present


def incident(
    options: Options, out: TextIO, chosen: Sequence[Observation] = OBSERVATIONS
) -> tuple[Exit, list[Answer]]:
    """Carry out every run, tell of each as it ends, and print the table.

    Exit.PASS when each observation was seen with its cause and not without it.  Raises OperatorError and
    EnvironmentProblem.
    """
    wanted, answers = errands(chosen), list[Answer]()
    out.write(f"{len(wanted)} runs for {len(chosen)} observations, one after the other.\n")
    for number, errand in enumerate(wanted, 1):
        out.write(f"{number:>3}/{len(wanted)}  {_purpose(errand)}\n")
        out.flush()
        done = carried_out(errand, options)
        if done.exit_code not in (Exit.PASS, Exit.FAIL, Exit.INCONCLUSIVE):
            out.write(done.text(colour=False))
            return done.exit_code, answers
        answers += answered(errand, watched(done, errand.scenario), done.directory.path)
    for line in lines(answers, chosen):
        out.write(screen.fitted(line, 15) + "\n")
    return (Exit.PASS if all(one.right for one in answers) else Exit.FAIL), answers


def carried_out(errand: Errand, options: Options) -> Done:
    """One run, from its lab to its report."""
    with rig_for(errand.path, errand.scenario, options) as (book, plan, lab):
        interrupted = measure(plan, book, lambda event: None)
        book.lab_died(died(lab))
        if interrupted:
            book.interrupted()
        book.ended()
    return finish(book.directory)


def watched(done: Done, scenario: Scenario) -> Watched:
    """What the run left, as observations ask for it."""
    assert scenario.lab is not None
    return Watched(
        findings=done.judgement.findings,
        lines=list(done.directory.history()),
        versions={node.name: node.version for node in scenario.lab.nodes},
        red=red(done.directory),
        addresses=addresses(scenario),
        time_scale=scenario.lab.time_scale,
        failures=failures(done.directory),
        flagged=read_log(done.directory).findings,
    )


def failures(directory: RunDirectory) -> dict[str, list[float]]:
    """Node -> when its own record has a PowerShell request that was answered 500, in seconds since the run began."""
    zero = directory.read_run().zero
    found: dict[str, list[float]] = {}
    for path in sorted(directory.nodes_folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                told = msgspec.json.decode(line, type=Told)
            except msgspec.DecodeError:  # a node that was killed may leave half a line
                continue
            if told.status == SERVER_ERROR and told.path.lower().startswith(names.POWERSHELL):
                moment = datetime.fromisoformat(told.utc.replace("Z", "+00:00")).timestamp()
                found.setdefault(told.node, []).append(moment - zero)
    return found


def red(directory: RunDirectory) -> list[str]:
    """Servers that a health check called down while the run went on, by the balancer's log."""
    if not directory.lb_log.is_file():
        return []
    with directory.lb_log.open("rb") as file:
        found = (_DOWN.search(line) for line in file)
        return list(dict.fromkeys(match[1].decode("ascii", "replace") for match in found if match))


def addresses(scenario: Scenario) -> dict[str, list[str]]:
    """Node -> the addresses of its directories, where the scenario sets any."""
    assert scenario.lab is not None
    found: dict[str, list[str]] = {}
    for node in scenario.lab.nodes:
        sides = (node.front_end.internal_urls, node.front_end.external_urls)
        found[node.name] = [
            address for side in sides if isinstance(side, Mapping) for address in side.values()
        ]
    return found


def answered(errand: Errand, run: Watched, directory: Path) -> list[Answer]:
    """What the run says to every observation that wanted it."""
    return [
        Answer(observation, present, observation.question(run), directory)
        for observation, present in errand.wanted
    ]


def words_of(answers: Sequence[Answer]) -> dict[str, tuple[str, str]]:
    """Name -> what was seen with the cause and without it; only where both were asked."""
    by_place = {(one.observation.name, one.present): one.seen.words for one in answers}
    return {
        one.name: (by_place[one.name, True], by_place[one.name, False])
        for one in OBSERVATIONS
        if (one.name, True) in by_place and (one.name, False) in by_place
    }


def _purpose(errand: Errand) -> str:
    causes = ", ".join(one.name for one, present in errand.wanted if present)
    without = ", ".join(one.name for one, present in errand.wanted if not present)
    assert errand.scenario.lab is not None
    what = f"{' + '.join(errand.scenario.lab.presets)} behind {Path(errand.scenario.lab.balancer).name}"
    purposes = [f"{causes}" if causes else "", f"without the cause of {without}" if without else ""]
    return f"{what}: {'; '.join(filter(None, purposes))}"


def lines(answers: Sequence[Answer], chosen: Sequence[Observation]) -> Iterator[str]:
    """The table: each observation, seen with its cause, seen without it, and where the runs are."""
    by_place = {(one.observation.number, one.present): one for one in answers}
    yield ""
    yield f"{'':4} {'with its cause':16} {'without it':16} observation"
    for one in chosen:
        pair = [by_place.get((one.number, present)) for present in (True, False)]
        words = [_word(answer) for answer in pair]
        yield f"{one.name:4} {words[0]:16} {words[1]:16} {one.scenario().title}"
        for label, answer in zip(("with", "without"), pair, strict=True):
            if answer is not None:
                yield f"{'':4} {label:>8}: {answer.seen.words}  [{shown(answer.directory)}]"
    wrong = [one for one in answers if not one.right]
    yield ""
    yield (
        f"{counted_noun(len(chosen), 'observation')}: each seen with its cause, and none without it."
        if not wrong and len(answers) == 2 * len(chosen)
        else f"NOT as it must be: {', '.join(dict.fromkeys(one.observation.name for one in wrong))}"
    )


def _word(answer: Answer | None) -> str:
    if answer is None:
        return "not run"
    word = "seen" if answer.seen.yes else "not seen"
    return word if answer.right else f"{word} (WRONG)"
