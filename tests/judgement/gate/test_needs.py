"""Falls if: what a criterion takes is not said before the run, or said wrong."""

from __future__ import annotations

from exsim.judgement.gate.needs import needs
from exsim.runs.sections import Expect, LatencyLimit, LostLimit


def test_each_criterion_says_how_many_sessions_and_accounts_it_takes() -> None:
    expect = Expect(
        lost=(LostLimit(max=0.01, protocol="owa"), LostLimit(max=0.05)),
        latency=(LatencyLimit(step="poll", quantile=0.99, max=1.0),),
    )
    first, second, third = needs(expect, accounts=20)
    assert (first.unit, first.units, first.with_one, first.accounts) == ("sessions", 299, 473, 299)
    assert (second.units, second.with_one) == (59, 93)
    assert (third.unit, third.units) == ("answers", 328)
    assert "needs 299 sessions with none lost (473 with one lost)" in first.sentence
    assert "over accounts, 299 accounts" in first.sentence
    assert (
        "needs 328 answers with none slower (504 with one slower), of 20 accounts" in third.sentence
    )
    assert "20 accounts: over accounts it shows fewer than 13.9 % at best" in first.sentence


def test_enough_accounts_need_no_warning_and_no_criteria_nothing() -> None:
    (need,) = needs(Expect(lost=(LostLimit(max=0.05),)), accounts=59)
    assert "at best" not in need.sentence
    assert needs(Expect(), accounts=5) == []
