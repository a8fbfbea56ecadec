"""Two run directories compared: judged anew from their histories, put side by side, or refused."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exsim.conduct import judging
from exsim.judgement.compare.comparison import Compared, compared
from exsim.judgement.compare.side import Side
from exsim.judgement.compare.speed import Times
from exsim.judgement.compare.topology import differing, topology
from exsim.judgement.judge import Judgement
from exsim.runs.directory import RunDirectory
from exsim.runs.errors import RunError
from exsim.session.hop import Hop

KEYS_TOLD = 6


def compare(
    a: RunDirectory, b: RunDirectory, judgements: Sequence[Judgement | None] = (None, None)
) -> Compared:
    """Compare two runs; `judgements`: where they have just been judged.

    Raises RunError when one cannot be read, or they are of different topologies.
    """
    refuse_other_topology(a, b)
    return compared(side("A", a, judgements[0]), side("B", b, judgements[1]))


def refuse_other_topology(a: RunDirectory, b: RunDirectory) -> None:
    """Raises RunError that names the keys in which the two farms differ."""
    keys = differing(*(_topology(directory) for directory in (a, b)))
    if keys:
        more = f"; and {len(keys) - KEYS_TOLD} more" if len(keys) > KEYS_TOLD else ""
        raise RunError(
            f"{a.path.name} and {b.path.name} are runs over different topologies, which are not "
            f"compared: {'; '.join(keys[:KEYS_TOLD])}{more}"
        )


def _topology(directory: RunDirectory) -> dict[str, str]:
    run = directory.read_run()
    scenario = msgspec.to_builtins(directory.read_scenario())
    return topology(run.rig, scenario, {node.name: node.version for node in run.nodes})


def side(letter: str, directory: RunDirectory, judgement: Judgement | None = None) -> Side:
    """A run as a comparison takes it."""
    run = directory.read_run()
    times = Times()
    for line in directory.history():
        if isinstance(line, Hop):
            times.add(line)
    versions = run.versions
    return Side(
        letter=letter,
        judgement=judgement or judging.judged(directory),
        scenario=msgspec.to_builtins(directory.read_scenario()),
        versions={
            "exsim": versions.exsim,
            "Python": versions.python,
            "Locust": versions.locust,
            "HAProxy": versions.haproxy,
        },
        medians=times.medians(),
    )
