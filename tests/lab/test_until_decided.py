"""A run until it is decided, through a real balancer: it ends when the last combination was met, and not before.

Falls if: it goes on when every combination that `[expect]` names was met often enough, ends while one is missing, lets
users go on whose combinations are all met, or calls decided what judgement then does not find in the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from exsim.conduct.deciding import Deciding
from exsim.conduct.loading import Event
from exsim.conduct.rig import died
from exsim.conduct.running import Done, Options, finish, measure, rig_for
from exsim.runs.scenario import load_scenario
from exsim.session.hop import Mark
from tests.lab.runs import scenario

pytestmark = [pytest.mark.lab, pytest.mark.slow]

LAST_NEWS = 2  # that may come after the decisive ones: what was under way, and the last word


@dataclass
class Ran:
    done: Done
    live: list[Event]
    judge: Deciding  # fed nothing yet


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    path: Path = scenario(
        tmp_path_factory.mktemp("decided"),
        users=4,
        session={"polls": 3, "think": "200ms", "relogin_after": "200ms"},
        load={"duration": "90s", "spawn_rate": 20, "control": 0},
        expect={"min_sessions_per_combination": 2},
    )
    told: list[Event] = []
    options = Options(reports=path.parent / "reports", live=False)
    with rig_for(path, load_scenario(path), options) as (book, plan, lab):
        assert not measure(plan, book, told.append, until_decided=True)
        book.lab_died(died(lab))
        book.ended()
        judge = Deciding(plan.scenario, plan.rig.versions, plan.assignment)
    return Ran(finish(book.directory), [one for one in told if one["event"] == "live"], judge)


def marks(ran: Ran) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = {}
    for line in ran.done.directory.history():
        if isinstance(line, Mark):
            found.setdefault(line.what, []).append(line)
    return found


def test_it_ends_with_the_news_that_decide(ran: Ran) -> None:
    (ended,) = marks(ran)["phase_ended"]
    assert ended.facts["why"] == "everything that was asked has been met"
    decided = []
    for event in ran.live:
        ran.judge.take(event)
        decided.append(ran.judge.decided)
    assert decided.index(True) >= len(decided) - 1 - LAST_NEWS
    assert decided[-1]


def test_every_combination_that_is_asked_for_stands_in_the_judged_matrix(ran: Ran) -> None:
    results = ran.done.judgement.results
    met = [cell for cell in results.matrix if cell.protocol == "owa" and cell.sessions >= 2]
    assert len(met) == 27
    assert results.outcome == "fail"


def test_users_leave_whose_combinations_are_all_met(ran: Ran) -> None:
    gone = {mark.facts["home"]: mark.t for mark in marks(ran)["met"]}
    assert set(gone) == {"EXCH16-SYD-01", "EXCH16-SYD-02", "EXCH13"}
    homes = {one.account: one.back_end for one in ran.done.judgement.findings.sessions}
    for session in ran.done.judgement.findings.sessions:
        home = homes[session.account]
        if home in gone:
            assert session.began <= gone[home] + 0.5
