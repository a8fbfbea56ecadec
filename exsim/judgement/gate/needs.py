"""How much a run must measure before its criteria can be decided: said before it begins."""

from __future__ import annotations

import msgspec

from exsim.judgement.bounds import needed
from exsim.judgement.gate import lost, pace
from exsim.judgement.gate.criterion import share
from exsim.judgement.statistics import sessions_needed, upper_bound
from exsim.judgement.words import counted_noun
from exsim.runs.sections import Expect


class Need(msgspec.Struct, frozen=True):
    """What one criterion takes.  `units`: sessions, or answers; at least so many, with none lost or slow,
    and `with_one` with one.  `accounts`: to show the same over accounts."""

    key: str
    name: str
    unit: str
    units: int
    with_one: int
    accounts: int
    sentence: str


def needs(expect: Expect, accounts: int) -> list[Need]:
    """What each criterion of `expect` takes, in a run with so many accounts."""
    return [
        *(
            _need(f"expect.lost[{i}]", lost.name_of(one), one.max, one.confidence, accounts)
            for i, one in enumerate(expect.lost)
        ),
        *(
            _need(
                f"expect.latency[{i}]",
                pace.name_of(one),
                1 - one.quantile,
                one.confidence,
                accounts,
                unit="answer",
                bad="slower",
            )
            for i, one in enumerate(expect.latency)
        ),
    ]


def _need(
    key: str,
    name: str,
    limit: float,
    confidence: float,
    accounts: int,
    unit: str = "session",
    bad: str = "lost",
) -> Need:
    over_accounts = sessions_needed(limit, 0, confidence)
    if unit == "answer":  # those of one account are alike, and few accounts tell little
        users = max(accounts, pace.FEWEST_USERS)
        none, one = (needed(limit, count, users, confidence) for count in (0, 1))
        of_whom = f", of {counted_noun(users, 'account')}"
    else:
        none, one = (sessions_needed(limit, count, confidence) for count in (0, 1))
        of_whom = ""
    sentence = (
        f"{name}: needs {counted_noun(none, unit)} with none {bad} ({one} with one {bad}){of_whom}; to show it "
        f"over accounts, {counted_noun(over_accounts, 'account')}."
    )
    if accounts < over_accounts:  # what the scenario's own accounts can show at best
        best = share(upper_bound(0, accounts, confidence)) if accounts else "everything"
        sentence += (
            f" This scenario has {counted_noun(accounts, 'account')}: over accounts it shows fewer "
            f"than {best} at best."
        )
    return Need(key, name, f"{unit}s", none, one, over_accounts, sentence)
