"""The incident's observations through the real balancer: those of one run, and a health check that fails.

All of them, each with its cause and without it, are `make incident`, which takes minutes.

Falls if: an observation that is answered in memory is not answered alike through HAProxy, or a node that
its balancer calls down is taken for green.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from exsim.conduct.incident import OBSERVATIONS, Errand, errands, preset
from exsim.conduct.incident_runs import carried_out, watched
from exsim.conduct.observations import Watched
from exsim.conduct.running import Options
from exsim.runs.scenario import Scenario

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
]  # on a busy machine a start may hang that should not
SECONDS, DRAINED_SECONDS = 10.0, 5.0


def shorter(scenario: Scenario, seconds: float) -> Scenario:
    load = msgspec.structs.replace(scenario.load, duration=seconds)
    return msgspec.structs.replace(scenario, load=load)


def run(errand: Errand, scenario: Scenario, reports: Path) -> Watched:
    errand = Errand(errand.path, scenario, errand.wanted)
    done = carried_out(errand, Options(reports=reports, live=False))
    return watched(done, scenario)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Watched]:
    """The run that answers most questions, and the same with a drained node."""
    most, home = errands()[0], tmp_path_factory.mktemp("incident")
    drained = preset("authcert_asymmetry", "drained@EXCH16-SYD-02")(most.scenario)
    wanted = [shorter(most.scenario, SECONDS), shorter(drained, DRAINED_SECONDS)]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda one: run(most, one, home), wanted))


@pytest.mark.parametrize("name", ["O1", "O2", "O3", "O6", "O7", "O8", "O9", "O10"])
def test_it_is_seen_through_the_balancer(runs: list[Watched], name: str) -> None:
    (observation,) = (one for one in OBSERVATIONS if one.name == name)
    seen = observation.question(runs[0])
    assert seen.yes, seen.words


def test_what_has_no_cause_there_is_not_seen(runs: list[Watched]) -> None:
    absent = [one for one in OBSERVATIONS if one.name in {"O4", "O11", "O12", "O13", "O14"}]
    assert not [one.name for one in absent if one.question(runs[0]).yes]


def test_a_drained_node_is_red(runs: list[Watched]) -> None:
    assert runs[0].red == []
    assert runs[1].red and all(one.endswith("ISP_exch16_syd_02") for one in runs[1].red)
    assert not OBSERVATIONS[9].question(runs[1]).yes
