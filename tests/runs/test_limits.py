"""Falls if: another machine is asked without a ceiling, a ceiling below what is asked goes unsaid, one worker
takes the others' part, or a limit of somebody's is put aside for a default.
"""

from __future__ import annotations

import pytest

from exsim.runs.errors import ScenarioError
from exsim.runs.limits import DEFAULTS, asked, shared
from exsim.runs.scenario import parse_scenario
from exsim.runs.sections import Limits
from tests.runs.scenarios import LAB, TARGET

HERE = TARGET.replace('nodes = { EX13-01 = "10.0.1.13:443" }', 'address = "127.0.0.1:8443"')


def limits(text: str) -> Limits:
    return parse_scenario(text, "x").limits


def test_another_machine_has_ceilings_and_this_one_has_not() -> None:
    assert limits(TARGET) == DEFAULTS
    assert limits(HERE) == Limits() == limits(LAB)


def test_what_is_given_stands_beside_the_defaults() -> None:
    given = limits(TARGET + '[limits]\nusers = 5\nwindow = "2m"\n')
    assert (given.users, given.window, given.logons_per_minute) == (5, 120.0, 30)


def complaint(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "x")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (TARGET.replace("users = 2", "users = 21"), "x: limits.users: 20, the default: the scenario asks for 21 users; have fewer in [[population]], or raise the limit"),
        (TARGET + '[load]\nduration = "20m"\n', "x: limits.window: 900, the default: the scenario asks for 1200 s (load.duration); make it shorter, or raise the limit"),
        (TARGET + "[limits]\nlogons_per_minute = 1\n", "x: limits.logons_per_minute: 1: the scenario asks for about 6; fewer users, longer sessions or a longer relogin_after ask for less"),
        (HERE + "[limits]\nusers = 1\n", "x: limits.users: 1: the scenario asks for 2 users; have fewer in [[population]], or raise the limit"),
        (LAB + "[limits]\nusers = 30\n", "x: limits: are for a [target]; a lab's mailboxes are nobody's"),
    ],
)  # fmt: skip
def test_a_ceiling_below_what_is_asked_is_one_line(text: str, line: str) -> None:
    assert complaint(text) == line


def test_what_a_scenario_asks_for() -> None:
    wanted = asked(parse_scenario(HERE.replace("users = 2", "users = 12"), "x"))
    # a session of ten polls two seconds apart, and two seconds until the next
    assert wanted.users == 12 and wanted.logons_per_minute == 33
    assert 15 < wanted.requests_per_second < 25


def test_workers_share_what_is_shared() -> None:
    parts = [shared(DEFAULTS, 4) for _ in range(4)]
    assert sum(part.logons_per_minute or 0 for part in parts) <= 30
    assert sum(part.requests_per_second or 0 for part in parts) == 50
    assert {part.window for part in parts} == {900.0}
    assert shared(Limits(), 4) == Limits()
