"""When a run may end early: every combination met often enough, every limit shown.

Falls if: users are sent away whose combinations are not all met, or twice, or where a limit counts sessions; a run ends while a combination is missing in one of the workers' sums, while a limit is neither kept
nor broken, over accounts, in another phase than the load, or on a farm whose nodes nobody named.
"""

from __future__ import annotations

import msgspec
import pytest

from exsim.conduct.deciding import Deciding
from exsim.runs.accounts import Account
from exsim.runs.assignment import Assignment
from exsim.runs.scenario import parse_scenario
from exsim.runs.sections import LostLimit
from exsim.session.tally import TOTAL, key_of
from tests.runs.scenarios import LAB

NODES = {"EXCH16-SYD-01": "2016", "EXCH16-SYD-02": "2016", "EXCH13": "2013"}
PEOPLE = [Account("a@x", "LAB\\a", "p", "2016", node=node) for node in NODES]


def deciding(versions=NODES, **expect):
    scenario = parse_scenario(LAB, "x")
    wanted = msgspec.structs.replace(scenario.expect, min_sessions_per_combination=4, **expect)
    return Deciding(
        msgspec.structs.replace(scenario, expect=wanted),
        versions,
        Assignment(users=(tuple((one,) for one in PEOPLE),), spare=()),
    )


def counts(each=2, lost=0, missing=()):
    found = {
        key_of(login, serving, home): {"sessions": each, "lost": lost}
        for login in NODES
        for serving in NODES
        for home in NODES
        if (login, serving, home) not in missing
    }
    total = {"sessions": 9 * each, "lost": 9 * lost}
    return {TOTAL: total, **found}


def live(worker=0, phase="main", **more):
    return {"event": "live", "phase": phase, "worker": worker, "counts": counts(**more)}


def heard(one, *events):
    for event in events:
        one.take(event)
    return one.decided


def test_the_workers_counts_are_added_up():
    one = deciding()
    assert not heard(one, live(0))
    assert heard(one, live(1))
    assert not heard(one, live(1, each=1))  # the latest news of a worker stands for the earlier


def test_one_missing_combination_keeps_it_going():
    gap = [("EXCH13", "EXCH16-SYD-02", "EXCH13")]
    assert not heard(deciding(), live(each=9, missing=gap))
    assert heard(deciding(), live(each=9))


@pytest.mark.parametrize("event", [live(phase="control", each=9), {"event": "done"}])
def test_only_the_load_counts(event):
    assert not heard(deciding(), event)


def test_nobody_knows_the_combinations_of_a_farm_without_nodes():
    assert not heard(deciding(versions={}), live(each=99))


@pytest.mark.parametrize(
    ("limit", "each", "lost", "decided"),
    [
        (LostLimit(max=0.01), 4, 0, False),  # 0 of 36
        (
            LostLimit(max=0.01),
            34,
            0,
            False,
        ),  # 0 of 306: enough for one look, not for one each second
        (LostLimit(max=0.01), 45, 0, True),  # 0 of 405
        (LostLimit(max=0.01), 4, 3, True),  # certainly more
        (LostLimit(max=0.05, login="2016", serving="EXCH13"), 4, 0, False),  # 0 of 24
        (LostLimit(max=0.05, login="2016", serving="EXCH13"), 14, 0, True),  # 0 of 84
        (LostLimit(max=0.01, over="accounts"), 90, 0, False),
        (LostLimit(max=0.01, protocol="ews"), 90, 0, False),
    ],
)
def test_a_limit_must_be_shown_to_be_kept_or_broken(limit, each, lost, decided):
    assert heard(deciding(lost=(limit,)), live(each=each, lost=lost)) is decided


def test_users_may_go_once_when_every_combination_of_their_mailboxes_back_end_was_met():
    one = deciding()
    scarce = ("EXCH13", "EXCH13", "EXCH16-SYD-01")
    one.take(live(0, each=4, missing=[scarce]))
    assert not one.decided
    assert [word["home"] for word in one.fresh_words()] == ["EXCH16-SYD-02", "EXCH13"]
    assert one.fresh_words() == []
    one.take(live(0, each=4))
    assert one.fresh_words() == [{"event": "met", "home": "EXCH16-SYD-01"}]


def test_nobody_is_sent_away_while_a_limit_counts_sessions():
    one = deciding(lost=(LostLimit(max=0.01),))
    one.take(live(0, each=4))
    assert one.fresh_words() == []


@pytest.mark.parametrize(
    ("news", "met"),
    [(live(each=1), True), (live(each=1, missing=[("EXCH13", "EXCH13", "EXCH13")]), False)],
)
def test_a_balancer_prevents_nothing_where_each_combination_was_met_at_all(news, met):
    one = deciding()
    one.take(news)
    assert one.met_at_all is met
    assert not deciding({}).met_at_all
