"""The comparison of two runs as one document: losses, combinations, latencies, and what else differs.

Its keys are an interface.  It is no verdict: it says what can be told apart and what cannot; a gate decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from exsim.judgement.compare import setup
from exsim.judgement.compare.difference import (
    Accounts,
    chance,
    clustered,
    difference,
    holm,
    leaning,
    total,
)
from exsim.judgement.compare.picture import CellPair, Picture, combinations, pictures
from exsim.judgement.compare.sentence import Told, places, sentences
from exsim.judgement.compare.side import Side
from exsim.judgement.compare.speed import StepTimes, speeds
from exsim.judgement.statistics import interval, upper_bound

FORMAT = "exsim-compare/1"
UNLIKELY = 0.05


class Losses(msgspec.Struct, frozen=True):
    """One protocol in one run.

    `low`, `high`: exact interval of the share of sessions lost, at 95 %; `clustered_low`, `clustered_high`:
    the same where an account's sessions count for no more than they are worth.  `accounts_lost` of
    `accounts` lost at least one; `accounts_bound`: fewer than this share of accounts, at 95 %.
    """

    sessions: int
    lost: int
    low: float
    high: float
    clustered_low: float
    clustered_high: float
    accounts: int
    accounts_lost: int
    accounts_bound: float


class ProtocolLosses(msgspec.Struct, frozen=True):
    """One protocol in both runs.

    `low`, `high`: interval of B's share less A's, at 95 %, by account.  `chance`: how often chance alone
    gives so large a difference, by account, corrected for the number of protocols.  `more`: "a" or "b"
    loses more, by account and by session; "" where that cannot be told.
    """

    protocol: str
    a: Losses
    b: Losses
    low: float
    high: float
    chance: float
    more: str


class RunSide(msgspec.Struct, frozen=True):
    """One of the two runs, in short."""

    run: str
    name: str
    scenario: str
    balancer: str
    started: str
    outcome: str
    masked: bool
    sessions: int
    lost: int
    changed: int
    sentence: str
    incomplete: str = ""  # why the run did not come to its end


class Comparison(msgspec.Struct, frozen=True):
    """What two runs come to beside each other.  Shares are fractions from 0 to 1, times seconds."""

    format: str
    sentence: str
    a: RunSide
    b: RunSide
    losses: list[ProtocolLosses]
    matrix: list[CellPair]
    latencies: list[StepTimes]
    differences: list[setup.Differing]
    balancer_difference: list[str]
    sentences: list[str] = []
    simulated: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """The document, what is drawn of it, and the sentences on where sessions were lost."""

    document: Comparison
    pictures: list[Picture]
    places: list[str]


def compared(a: Side, b: Side) -> Compared:
    """Put two runs of one topology side by side."""
    cells = combinations(a, b)
    losses = _losses(a, b)
    told = Told(a, b, losses, cells)
    said = sentences(told)
    document = Comparison(
        format=FORMAT,
        sentence=said[0],
        sentences=said[1:],
        a=_run(a, told.name_a),
        b=_run(b, told.name_b),
        losses=losses,
        matrix=cells,
        latencies=speeds(a, b),
        differences=setup.differences(a, b),
        balancer_difference=setup.balancer_difference(a.config, b.config),
        simulated=told.simulated,
    )
    return Compared(document, pictures(cells), places(told))


def _losses(a: Side, b: Side) -> list[ProtocolLosses]:
    protocols = list(dict.fromkeys([*a.protocols(), *b.protocols()]))
    accounts = [(a.by_account(protocol), b.by_account(protocol)) for protocol in protocols]
    chances = holm([chance(*both) for both in accounts])
    return [
        _of_protocol(protocol, *both, unlikely)
        for protocol, both, unlikely in zip(protocols, accounts, chances, strict=True)
    ]


def _of_protocol(protocol: str, a: Accounts, b: Accounts, unlikely: float) -> ProtocolLosses:
    of_a, of_b = _counted(a), _counted(b)
    by_account = leaning(a, b)
    by_session = of_b.lost * of_a.sessions - of_a.lost * of_b.sessions
    agree = by_account * by_session > 0  # few accounts with most of the sessions may turn it round
    more = ("b" if by_account > 0 else "a") if agree and unlikely < UNLIKELY else ""
    return ProtocolLosses(protocol, of_a, of_b, *difference(a, b), unlikely, more)


def _counted(accounts: Accounts) -> Losses:
    lost, sessions = total(accounts)
    hit = sum(bool(k) for k, _ in accounts.values())
    bound = upper_bound(hit, len(accounts))
    return Losses(
        sessions, lost, *interval(lost, sessions), *clustered(accounts), len(accounts), hit, bound
    )


def _run(side: Side, name: str) -> RunSide:
    results, facts = side.judgement.results, side.judgement.facts
    return RunSide(
        run=results.run,
        name=name,
        scenario=facts.scenario,
        balancer=side.balancer,
        started=facts.started,
        outcome=results.outcome,
        masked=results.masked,
        sessions=results.sessions,
        lost=results.lost,
        changed=results.changed,
        sentence=side.judgement.statement.text,
        incomplete=facts.cut_short,
    )


def encode(document: Comparison) -> bytes:
    """The document as JSON, in the order of its keys."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return msgspec.json.schema(Comparison)
