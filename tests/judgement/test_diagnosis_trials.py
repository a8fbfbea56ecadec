"""Falls if: over random organisations, balancers and users a wrong cause is named, too few causes are found,
or a hop's class is not what its node confessed.  A small series; the large one is `tests.bench.diagnosis`."""

from __future__ import annotations

from functools import cache

import pytest

from tests.bench.diagnosis import MANY, column, confusion, share_right, wrong
from tests.bench.trials import Outcome, dice_of, draw, trial

TRIALS, SEED = 20, 11
# Those that lose sessions, and the sound one; the large series draws from all.
PRESETS = ("healthy", "authcert_asymmetry", "cert_split", "stale_cert", "cng_node", "hmac_skew",
           "e14_no_affinity", "short_public_ttl", "clock_skew", "late_wipe")  # fmt: skip


@cache
def outcomes() -> tuple[Outcome, ...]:
    dice = dice_of(SEED)
    return tuple(trial(draw(dice, PRESETS)) for _ in range(TRIALS))


def test_no_wrong_cause_is_ever_named() -> None:
    assert wrong(outcomes()) == []


def test_the_cause_is_right_where_enough_was_lost() -> None:
    right, able = share_right(outcomes())
    assert able >= 5 and right >= 0.9 * able


def test_every_hop_is_what_the_nodes_confess() -> None:
    assert [line for outcome in outcomes() for line in outcome.differences] == []


def test_the_trials_differ() -> None:
    settings = [outcome.setting for outcome in outcomes()]
    assert len({setting.preset for setting in settings}) > 7
    assert len({setting.balancer for setting in settings}) >= 5
    assert any(outcome.lost >= MANY for outcome in outcomes())


def test_the_same_seed_draws_the_same_trials() -> None:
    assert draw(dice_of(3)) == draw(dice_of(3)) != draw(dice_of(4))


def test_a_wrong_name_would_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    some = next(one for one in outcomes() if one.verdict == "exact" and one.lost)
    mistaken = Outcome(some.setting, some.sessions, some.lost, True, list(some.diagnosis))
    monkeypatch.setattr(mistaken.diagnosis[0], "rule", "throttling")
    monkeypatch.setattr(mistaken.diagnosis[0], "alike", [])
    assert wrong([mistaken]) == [mistaken]
    assert "throttling 1" in confusion([mistaken])[0] and column(mistaken) == "throttling"
