"""What was logged on is handed from phase to phase, so that `logons_per_minute` holds across them.

Falls if: a phase begins without what any before it logged on in its last minute, one that ended without a word counts as
idle, or one run's clock is taken for another's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest

from exsim.conduct import ab, ab_blocks, preflight, running
from exsim.conduct.ab_blocks import Blocks
from exsim.conduct.last_minute import LastMinute
from exsim.conduct.loading import Event
from exsim.judgement.paired import Pairs
from exsim.runs.accounts import Account
from exsim.runs.assignment import assign
from exsim.runs.order import Combination, Order
from exsim.runs.plan import Plan, shared_out
from exsim.runs.rig import Rig
from exsim.runs.runbook import Runbook
from exsim.runs.scenario import parse_scenario
from tests.conduct.made_run import run_directory

Phases = Callable[..., list[Order]]
ZERO = 1_000_000.0
TARGET = """
title = "a farm"
[target]
url = "https://mail.example.com"
address = "127.0.0.1:1"
accounts = "accounts.csv"
nodes = { EX1 = "127.0.0.1:2", EX2 = "127.0.0.1:3" }
[[population]]
mailbox = "2016"
users = 4
[load]
workers = 2
force = true
[limits]
logons_per_minute = 12
"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time of the run that it is, wherever the conductor asks."""
    at = SimpleNamespace(t=0.0)
    monkeypatch.setattr("exsim.conduct.last_minute.time.time", lambda: ZERO + at.t)
    return at


def a_plan(name: str = "mail", started: float = ZERO) -> Plan:
    scenario = parse_scenario(TARGET, "x")
    accounts = [Account(f"{n}@example.com", f"LAB\\{n}", "2016", "secret") for n in range(6)]
    rig = Rig("https://mail.example.com", "127.0.0.1:1", {}, {"EX1": "", "EX2": ""}, "system")
    return Plan(name, scenario, rig, assign(scenario, accounts), Path("x"), started, "00" * 16)


def orders(**more: Any) -> list[Order]:
    return [msgspec.structs.replace(one, **more) for one in shared_out(a_plan().order())]


def done(order: Order, *logons: float) -> Event:
    told = {"run": order.scenario, "worker": order.worker, "why": "", "logons": logons}
    return {"event": "done", **told}


def test_the_logons_of_all_workers_and_of_the_phases_before_are_handed_on(
    clock: SimpleNamespace,
) -> None:
    clock.t = 70.0
    heard: list[Event] = []
    both = orders(logons=(9.0, 30.0))
    last = LastMinute(both, heard.append)
    for event in (done(both[1], 65.0, 12.0), {"event": "live"}, done(both[0], 66.0)):
        last.heard(event)
    assert [at - ZERO for at in last.logons()] == [12.0, 30.0, 65.0, 66.0]
    assert [event["event"] for event in heard] == ["done", "live", "done"]


def test_a_worker_that_ended_without_a_word_may_have_used_its_part_until_its_end(
    clock: SimpleNamespace,
) -> None:
    clock.t = 70.0
    both = orders()
    assert [one.limits.logons_per_minute for one in both] == [6, 6]
    last = LastMinute(both, print)
    last.heard(done(both[0], 65.0))
    assert [at - ZERO for at in last.logons()] == [65.0] + [70.0] * 6
    unlimited = [msgspec.structs.replace(one, limits=type(one.limits)()) for one in both]
    assert LastMinute(unlimited, print).logons() == ()


@pytest.fixture
def phases(monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace) -> Phases:
    """The orders that are carried out for a module: each load logs on twice within `takes` seconds, and ends."""

    def of(*modules: ModuleType, takes: float = 5.0) -> list[Order]:
        seen: list[Order] = []
        for module in modules:
            monkeypatch.setattr(module, "carry_out", carrying_out(clock, seen, takes))
        return seen

    return of


def carrying_out(
    clock: SimpleNamespace, seen: list[Order], takes: float
) -> Callable[..., list[tuple[int, str]]]:
    def carried_out(orders: Sequence[Order], show: Any, *_: Any) -> list[tuple[int, str]]:
        begun = clock.t
        clock.t += takes
        for order in orders:
            seen.append(order)
            own = begun + ZERO - order.started + order.worker / 4
            show(done(order, own, own + 1.0))
        return [(0, "")] * len(orders)

    return carried_out


def on_the_walls_clock(seen: Sequence[Order]) -> list[list[float]]:
    """What each order says was logged on before it, in seconds since ZERO."""
    return [[round(at + one.started - ZERO, 3) for at in one.logons] for one in seen]


def test_every_phase_of_a_run_begins_with_what_those_before_it_logged_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phases: Phases
) -> None:
    directory = run_directory(tmp_path, [], TARGET, rig="target")
    seen = phases(preflight, running)
    across = Combination(login="EX1", serving="EX2", home="2016")
    monkeypatch.setattr(running, "prevented", lambda directory: [across])
    running.measure(a_plan(), Runbook(directory, directory.read_run()), print)
    assert [one.phase for one in seen] == ["check", "main", "main", "forced", "unmask"]
    check, main = [0.0, 1.0], [5.0, 5.25, 6.0, 6.25]
    assert on_the_walls_clock(seen) == [
        [], check, check, [*check, *main], [*check, *main, 10.0, 11.0]
    ]  # fmt: skip


def test_two_sides_share_a_farm_and_neither_clock_is_the_others(
    tmp_path: Path, phases: Phases
) -> None:
    directory = run_directory(tmp_path, [], TARGET, rig="target")
    seen = phases(preflight, ab)
    plans = [a_plan("mail-a"), a_plan("mail-b", ZERO + 0.5)]
    books = [Runbook(directory, directory.read_run()) for _ in plans]
    watch: Any = SimpleNamespace(look=lambda final=False: False)
    ab.measure(plans, books, watch, lambda event: None)
    assert [one.phase for one in seen] == ["check", "check", "main", "main"]
    checks = [0.0, 1.0, 5.0, 6.0]
    assert on_the_walls_clock(seen) == [[], [0.0, 1.0], checks, checks]


def test_each_block_begins_with_what_the_one_before_it_logged_on(
    monkeypatch: pytest.MonkeyPatch, phases: Phases
) -> None:
    seen = phases(ab_blocks, takes=25.0)
    monkeypatch.setattr(Blocks, "_count", lambda blocks, number: None)
    plans = [a_plan("mail-a"), a_plan("mail-b", ZERO + 0.5)]
    book: Any = SimpleNamespace(phase_ended=lambda order, code, words: None)
    switch: Any = SimpleNamespace(to=lambda letter: None)
    monkeypatch.setattr(ab_blocks, "restored", nullcontext)
    blocks = Blocks([book] * 2, plans, [plans[0].assignment] * 2, Pairs(9), plans[0].scenario)
    blocks.run(switch, lambda event: None)
    assert [one.scenario[-1] for one in seen] == list("abba")
    first, second, third = [0.0, 1.0], [25.0, 26.0], [50.25, 51.25]
    assert on_the_walls_clock(seen) == [[], first, first + second, [*second, *third]]
