"""Both matrices in one picture: for each pair of nodes what A and what B lost there, at first meeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from exsim.judgement.collapse import ANYWHERE, UNKNOWN, Pool, home_matters, pool
from exsim.judgement.compare.difference import chance, holm
from exsim.judgement.compare.side import Pair, Side
from exsim.judgement.matrix import Cell

UNLIKELY = 0.05


class CellSide(msgspec.Struct, frozen=True):
    """One combination in one run; `low` and `high`: exact interval of the share lost, at 95 %."""

    sessions: int
    lost: int
    low: float
    high: float
    state: str


class CellPair(msgspec.Struct, frozen=True):
    """One combination in both runs.  `mailbox_back_end` None: wherever the mailbox lives.

    `chance`: how often chance alone gives so large a difference, by account, corrected for the number
    of combinations; None where one of the runs did not meet it.  `only_in`: "a" or "b" where one alone
    met it.
    """

    protocol: str
    login_front_end: str | None
    serving_front_end: str
    mailbox_back_end: str | None
    a: CellSide
    b: CellSide
    chance: float | None
    only_in: str

    @property
    def differs(self) -> bool:
        return self.chance is not None and self.chance < UNLIKELY

    @property
    def lost(self) -> bool:
        return bool(self.a.lost or self.b.lost)


@dataclass(frozen=True, slots=True)
class Picture:
    """One heat map of two runs: `cells` by (row, column).  `home`: mailboxes of this home, "" for all."""

    protocol: str
    home: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], CellPair]


def combinations(a: Side, b: Side) -> list[CellPair]:
    """Every combination of either run; the mailbox's home is left out where it matters in neither."""
    found: list[CellPair] = []
    for protocol in dict.fromkeys([*a.protocols(), *b.protocols()]):
        found += _of_protocol(a, b, protocol)
    return found


def _of_protocol(a: Side, b: Side, protocol: str) -> list[CellPair]:
    cells = [_cells(side, protocol) for side in (a, b)]
    with_home = any(map(home_matters, cells))
    pools = [_pools(side, own, with_home) for side, own in zip((a, b), cells, strict=True)]
    accounts = [side.by_pair(protocol, with_home) for side in (a, b)]
    keys = list(dict.fromkeys([*pools[0], *pools[1]]))
    met = [key for key in keys if all(key in one for one in accounts)]
    chances = holm([chance(accounts[0][key], accounts[1][key]) for key in met])
    corrected = dict(zip(met, chances, strict=True))
    return [
        CellPair(
            protocol, *key, _side(pools[0].get(key)), _side(pools[1].get(key)), corrected.get(key),
            _only(*(key in one for one in accounts)),
        )
        for key in keys
    ]  # fmt: skip


def _cells(side: Side, protocol: str) -> list[Cell]:
    return [cell for cell in side.judgement.results.matrix if cell.protocol == protocol]


def _pools(side: Side, cells: Iterable[Cell], with_home: bool) -> dict[Pair, Pool]:
    groups: dict[Pair, list[Cell]] = {}
    for cell in cells:
        home = cell.mailbox_back_end if with_home else None
        groups.setdefault((cell.login_front_end, cell.serving_front_end, home), []).append(cell)
    enough = side.judgement.facts.expect.enough
    return {key: pool(members, enough) for key, members in groups.items()}


def _side(found: Pool | None) -> CellSide:
    if found is None:
        return CellSide(0, 0, 0.0, 1.0, "not_exercised")
    return CellSide(found.sessions, found.lost, *found.interval, found.state)


def _only(in_a: bool, in_b: bool) -> str:
    return "" if in_a == in_b else "a" if in_a else "b"


def pictures(cells: Sequence[CellPair]) -> list[Picture]:
    """The heat maps of these combinations: one a protocol, or one for each home where that matters."""
    made: list[Picture] = []
    for protocol, home in dict.fromkeys((c.protocol, c.mailbox_back_end) for c in cells):
        own = [c for c in cells if (c.protocol, c.mailbox_back_end) == (protocol, home)]
        places = {(c.login_front_end or ANYWHERE, c.serving_front_end): c for c in own}
        rows, columns = (tuple(dict.fromkeys(place[i] for place in places)) for i in (0, 1))
        apart = any(c.mailbox_back_end for c in cells if c.protocol == protocol)
        name = home or (UNKNOWN if apart else "")
        made.append(Picture(protocol, name, rows, columns, places))
    return made
