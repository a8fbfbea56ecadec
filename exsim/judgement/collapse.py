"""The matrix as a person reads it: a dimension that makes no difference is taken out, and that is said.

Whether a dimension makes a difference is asked by Fisher's exact test within each stratum (the same pair
of nodes, another home), with Bonferroni's correction.  Nodes of one version are shown as one only in
farms too large for a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from exsim.judgement.bounds import difference
from exsim.judgement.facts import RunFacts
from exsim.judgement.matrix import Cell, state
from exsim.judgement.statistics import fisher, interval
from exsim.judgement.words import listed

ALPHA = 0.05
NODES_ON_A_SCREEN = 4
# Shares further apart than this are not called alike, however few they are; nor those that may be (at 95 %) as far
# apart as the second.
VISIBLE_DIFFERENCE, POSSIBLE_DIFFERENCE = 0.2, 0.5
ANYWHERE, UNKNOWN = "any node", "unknown"  # a login node, a mailbox's home


@dataclass(frozen=True, slots=True)
class Pool:
    """Several combinations as one: sums, exact interval, and a state of matrix.STATES."""

    sessions: int
    lost: int
    state: str

    @property
    def interval(self) -> tuple[float, float]:
        return interval(self.lost, self.sessions)


@dataclass(frozen=True, slots=True)
class Table:
    """One heat map: `cells` by (row, column).  `home`: mailboxes of this home alone, or "" for all."""

    protocol: str
    home: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], Pool]


@dataclass(frozen=True, slots=True)
class Collapsed:
    """What is shown of one protocol, and the sentences on what was taken out of it.

    `lost`: that were lost at all.  `any_home`: it was shown that they were lost wherever the mailbox lived.
    """

    protocol: str
    tables: tuple[Table, ...]
    sentences: tuple[str, ...]
    lost: int = 0
    any_home: bool = False


def collapse(cells: Sequence[Cell], facts: RunFacts) -> list[Collapsed]:
    """One for each protocol of the matrix."""
    protocols = dict.fromkeys(cell.protocol for cell in cells)
    return [_of_protocol([c for c in cells if c.protocol == p], p, facts) for p in protocols]


def pool(cells: Iterable[Cell], enough: int) -> Pool:
    """The sum of combinations.  Prevented only when every one of them was."""
    members = list(cells)
    sessions, lost = sum(c.sessions for c in members), sum(c.lost for c in members)
    barred = bool(members) and all(cell.state == "prevented" for cell in members)
    return Pool(sessions, lost, state(sessions, lost, enough, barred))


def home_matters(cells: Sequence[Cell]) -> bool:
    """Whether some pair of nodes loses mailboxes of one home more than those of the others.

    A home that is not known is none: whoever is lost at once has none that an answer had named.
    """
    return _differs(
        [cell for cell in cells if cell.mailbox_back_end is not None],
        stratum=lambda cell: (cell.login_front_end, cell.serving_front_end),
        member=lambda cell: cell.mailbox_back_end,
    )


def _differs(
    cells: Sequence[Cell],
    stratum: Callable[[Cell], Hashable],
    member: Callable[[Cell], Hashable],
) -> bool:
    strata: dict[Hashable, dict[Hashable, list[int]]] = {}
    for cell in cells:
        if cell.sessions:
            counts = strata.setdefault(stratum(cell), {}).setdefault(member(cell), [0, 0])
            counts[0] += cell.lost
            counts[1] += cell.sessions
    chances = [chance for members in strata.values() for chance in _chances(members)]
    return bool(chances) and min(chances) * len(chances) < ALPHA


def _chances(members: dict[Hashable, list[int]]) -> list[float]:
    """Each member of a stratum against all its others."""
    if len(members) < 2:
        return []
    lost = sum(count[0] for count in members.values())
    sessions = sum(count[1] for count in members.values())
    return [fisher(k, n, lost - k, sessions - n) for k, n in members.values()]


def _of_protocol(cells: list[Cell], protocol: str, facts: RunFacts) -> Collapsed:
    names, node_sentences = _names(cells, facts)
    homes = list(dict.fromkeys(cell.mailbox_back_end for cell in cells))
    alike = False
    if len(homes) > 1 and home_matters(cells):
        of_home = {home: [c for c in cells if c.mailbox_back_end == home] for home in homes}
        tables = [
            _table(own, protocol, home or UNKNOWN, names, facts) for home, own in of_home.items()
        ]
        sentence = ["Where the mailbox lives makes a difference; each home has a table of its own."]
    else:
        tables = [_table(cells, protocol, "", names, facts)]
        sentence, alike = home_sentence(cells, facts)
    lost = sum(cell.lost for cell in cells)
    said = (*sentence, *node_sentences)
    return Collapsed(protocol, tuple(tables), said, lost, any_home=alike and lost > 0)


def _table(
    cells: list[Cell], protocol: str, home: str, names: dict[str, str], facts: RunFacts
) -> Table:
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        row = names.get(cell.login_front_end or "", cell.login_front_end or ANYWHERE)
        column = names.get(cell.serving_front_end, cell.serving_front_end)
        groups.setdefault((row, column), []).append(cell)
    pooled = {place: pool(members, facts.expect.enough) for place, members in groups.items()}
    rows, columns = (tuple(dict.fromkeys(place[i] for place in groups)) for i in (0, 1))
    return Table(protocol, home, rows, columns, pooled)


def home_sentence(cells: Sequence[Cell], facts: RunFacts) -> tuple[list[str], bool]:
    """What is said of the mailbox's home when it is taken out, with the numbers where losses were; and whether
    they show that it makes no difference."""
    losing = {(c.login_front_end, c.serving_front_end) for c in cells if c.lost}
    here = [c for c in cells if not losing or (c.login_front_end, c.serving_front_end) in losing]
    shares = _by_home(here, facts)
    unknown = shares.pop("", None)
    told = [f"{name}: {k}/{n}" for name, (k, n) in shares.items()]
    told += [f"{UNKNOWN}: {unknown[0]}/{unknown[1]}"] if unknown else []
    numbers = ", ".join(told)
    if not shares:
        return ["Where the mailboxes live is not known."] if unknown else [], False
    if len(shares) == 1:
        (name,) = shares
        if unknown:
            return [f"Of the mailboxes only {name} is known as a home ({numbers})."], False
        if len(_by_home(cells, facts)) > 1:
            return [
                f"Where sessions were lost all mailboxes were on {name}; no other home was measured there."
            ], False
        return [f"All mailboxes were on {name}; no other home was measured."], False
    if alike_in_all(list(shares.values())):
        return [f"Where the mailbox lives made no difference ({numbers})."], True
    return [
        f"Too few meetings to tell whether it matters where the mailbox lives ({numbers})."
    ], False


def _by_home(cells: Iterable[Cell], facts: RunFacts) -> dict[str, tuple[int, int]]:
    """Lost and sessions by the home's version, else its name; "" where it is not known."""
    shares: dict[str, tuple[int, int]] = {}
    for cell in cells:
        name = facts.version_of(cell.mailbox_back_end) or cell.mailbox_back_end or ""
        lost, sessions = shares.get(name, (0, 0))
        shares[name] = lost + cell.lost, sessions + cell.sessions
    return {name: counts for name, counts in sorted(shares.items()) if counts[1]}


def alike_in_all(counts: Sequence[tuple[int, int]]) -> bool:
    """Whether shares (lost, of) are as good as one: as seen, and as far as so few can show."""
    rates = [lost / of for lost, of in counts]
    if max(rates) - min(rates) > VISIBLE_DIFFERENCE:
        return False
    bounds = [difference(*one, *other, 1 - ALPHA) for one, other in permutations(counts, 2)]
    return all(high < POSSIBLE_DIFFERENCE for _, high in bounds)


def _names(cells: Sequence[Cell], facts: RunFacts) -> tuple[dict[str, str], list[str]]:
    """Node -> the name it is shown under, and a sentence for each group shown as one."""
    if len({cell.serving_front_end for cell in cells}) <= NODES_ON_A_SCREEN:
        return {}, []
    names: dict[str, str] = {}
    sentences = []
    for version in dict.fromkeys(node.version for node in facts.nodes if node.version):
        group = [node.name for node in facts.nodes if node.version == version]
        if len(group) > 1 and _alike(cells, set(group)):
            label = f"{version} ({len(group)} nodes)"
            names.update(dict.fromkeys(group, label))
            sentences.append(f"{listed(group)} made no difference and are shown as one.")
    return names, sentences


def _alike(cells: Sequence[Cell], group: set[str]) -> bool:
    begun = [cell for cell in cells if cell.login_front_end in group]
    served = [cell for cell in cells if cell.serving_front_end in group]
    return not _differs(
        begun, lambda cell: cell.serving_front_end, lambda cell: cell.login_front_end
    ) and not _differs(
        served, lambda cell: cell.login_front_end, lambda cell: cell.serving_front_end
    )
