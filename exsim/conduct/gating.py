"""`exsim gate RUN`: a run judged anew with everything that must hold, and written down for a pipeline."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exsim.conduct import gate_place, judging, screen
from exsim.conduct.environment import EnvironmentProblem
from exsim.conduct.facts import shown
from exsim.conduct.lb_log import read_log
from exsim.judgement.gate import document, text
from exsim.judgement.gate.baseline import differing
from exsim.judgement.gate.document import Change, Gate
from exsim.judgement.gate.needs import needs
from exsim.judgement.gate.over_run import Circumstances, over_run
from exsim.judgement.judge import Judgement
from exsim.judgement.report import junit, summary
from exsim.runs.directory import LATEST, RunDirectory, open_run
from exsim.runs.errors import RunError
from exsim.runs.exits import BY_OUTCOME, Exit
from exsim.runs.runfile import BalancerChange, RunFile
from exsim.runs.scenario import Scenario
from exsim.runs.written import replace
from exsim.wire.redact_config import redact_config

JSON, JUNIT, MARKDOWN, TEXT = "gate.json", "gate.xml", "gate.md", "gate.txt"


@dataclass(frozen=True, slots=True)
class Gated:
    """A gate's document, and where its files were written."""

    document: Gate
    folder: Path
    exit_code: Exit


def gate(directory: RunDirectory, base: RunDirectory | None, accepted: Collection[int]) -> Gated:
    """Judge the run in `directory`.

    `accepted`: lines of the balancer's file, besides the scenario's own.  Raises RunError when there is no
    such run or the baseline is one of another topology, EnvironmentProblem when nothing can be written.
    """
    run, scenario = directory.read_run(), directory.read_scenario()
    judgement = judging.judged(directory)
    against = _baseline(base, judgement) if base else None
    known = circumstances(directory, run, scenario, judgement, accepted)
    made = over_run(judgement, known, against, shown(base.path) if base else "")
    write(directory.path, made)
    return Gated(made, directory.path, BY_OUTCOME[made.outcome])


def circumstances(
    directory: RunDirectory,
    run: RunFile,
    scenario: Scenario,
    judgement: Judgement,
    accepted: Collection[int] = (),
) -> Circumstances:
    """What a gate looks at besides the judgement."""
    log = read_log(directory)
    lab = scenario.lab
    lines = {*accepted, *(lab.accept if lab else ())}
    return Circumstances(
        changes=changes_of(run.changes, run.balancer_path or run.balancer, lines),
        ended=bool(run.ended),
        wanted=lab.haproxy if lab and run.balancer else "",
        ran=run.versions.haproxy,
        place=gate_place.spreading_line(run, judgement, log),
        steered=scenario.load.force,
        annotations=gate_place.remarks(run, log),
    )


def changes_of(
    changes: Sequence[BalancerChange], file: str, accepted: Collection[int]
) -> list[Change]:
    """The mechanical changes of a balancer's file, with those that somebody accepted."""
    return [
        Change(
            file,
            one.line,
            clean(one.before),
            clean(one.after),
            one.kind,
            one.why,
            one.line in accepted,
        )
        for one in changes
    ]


def clean(line: str) -> str:
    """A line of a configuration without its secrets."""
    return redact_config(line).strip()


def _baseline(base: RunDirectory, now: Judgement) -> Judgement:
    judgement = judging.judged(base)
    different = differing(now.facts, judgement.facts)
    if different:
        raise RunError(f"{base.path}: no baseline for this run; {'; '.join(different)}")
    return judgement


def baseline_of(given: str, run: RunDirectory, reports: Path) -> RunDirectory:
    """The baseline that `given` means: a run, or a folder of runs, of which the last whole one is taken.

    Never the run itself.  Raises RunError.
    """
    folder = next((one for one in (Path(given), reports / given) if one.is_dir()), None)
    if folder is None or (folder / "run.json").is_file():
        found = open_run(given, reports)
        if found.path.resolve() == run.path.resolve():
            raise RunError(f"{given}: is the run itself, and no baseline for it")
        return found
    for path in sorted(folder.iterdir(), key=lambda path: path.name, reverse=True):
        if path.name == LATEST or path.resolve() == run.path.resolve():
            continue
        if (path / "run.json").is_file() and _is_whole(RunDirectory(path)):
            return RunDirectory(path.resolve())
    raise RunError(f"{given}: holds no other run that came to its end")


def _is_whole(directory: RunDirectory) -> bool:
    run = directory.read_run()
    return bool(run.ended) and not run.cut_short


def write(folder: Path, made: Gate) -> None:
    """The document in its forms.  Raises EnvironmentProblem: a gate that left nothing behind is not green."""
    code = int(BY_OUTCOME[made.outcome])
    forms = {
        JSON: document.encode(made),
        JUNIT: junit.render_gate(made).encode(),
        MARKDOWN: summary.render(made).encode(),
        TEXT: text.render(made, code).encode(),
    }
    for name, data in forms.items():
        with _told(folder / name):
            replace(folder / name, data)


def save(path: Path, data: bytes, mode: str = "wb") -> None:
    """Write a file.  Raises EnvironmentProblem with what the system says."""
    with _told(path), path.open(mode) as file:
        file.write(data)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise EnvironmentProblem(f"{path}: {problem.strerror}") from None


def needs_text(scenario: Scenario) -> str:
    """What the criteria of a scenario take, a line each; "" when it has none."""
    found = needs(scenario.expect, accounts=scenario.users)
    return "".join(screen.fitted(f"To decide: {need.sentence}", 3) + "\n" for need in found)
