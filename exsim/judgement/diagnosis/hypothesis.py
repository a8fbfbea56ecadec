"""Hypotheses: a rule applied to the nodes of a pool, with the outcome that it predicts for each trial.

Several rules may hold at once; a hypothesis of two predicts a refusal where either does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from exsim.judgement.diagnosis.rules import RULES
from exsim.judgement.diagnosis.trial import REFUSALS, Pool, Seen, Trial

LATER = ("2016", "2019", "se")
OWN_KEYS = "2010"  # reads what it issued itself, and nothing else: E14KEYS
PARTITIONED = 6  # nodes up to which every split into two groups is a hypothesis of its own
PUBLIC_LIFE = 1350.0  # seconds that a public logon lives: 1.5 times 15 minutes (E13)
UPDATED = 44  # characters of cadataSig with the update of July 2021: QA-440
SKEWED = 60.0  # seconds from which on a clock is called wrong; assumed
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """`rules`: ids.  `nodes`: whom they concern.  `unreadable`: (issuer, reader); `expired`: the same, of
    public sessions alone.  `over`: what is over its time is refused.  `weight`: before anything is seen.
    """

    rules: tuple[str, ...]
    weight: float
    nodes: frozenset[str] = frozenset()
    unreadable: frozenset[Pair] = frozenset()
    expired: frozenset[Pair] = frozenset()
    over: bool = False
    credentials: bool = False
    skewed: frozenset[str] = frozenset()

    def predicts(self, trial: Trial) -> str:
        """One of OUTCOMES."""
        pair = (trial.login, trial.serving)
        if pair in self.unreadable:
            return "unreadable"
        if trial.public and pair in self.expired:
            return "expired"
        if self.over and trial.over:
            return "outlived"
        return "readable"

    def joined(self, other: Hypothesis, weight: float) -> Hypothesis:
        return Hypothesis(
            self.rules + other.rules,
            weight,
            self.nodes | other.nodes,
            self.unreadable | other.unreadable,
            self.expired | other.expired,
            self.over or other.over,
            self.credentials or other.credentials,
            self.skewed | other.skewed,
        )


def hypotheses(seen: Seen) -> list[Hypothesis]:
    """Every single rule on every choice of nodes, each with what is known to hold in this pool anyway."""
    pool = seen.pool
    found = list(_fixed(seen))
    by_update = list(_by_update(seen))
    known = by_update[0].unreadable if len(_lengths(pool)) > 1 else frozenset()
    for rule, variants in (
        ("cert_split", [one for one in _splits(seen, "cert_split") if one.unreadable != known]),
        ("stale_cert", [one for one in _splits(seen, "stale_cert") if one.unreadable != known]),
        ("hmac_skew", by_update),
        ("cng_node", list(_blind_nodes(pool))),
        ("clock_skew", list(_clocks(pool))),
        ("authcert_asymmetry", list(_one_way(pool))),
        ("auth_cert_expired", list(_looping(pool))),
    ):
        share = RULES[rule].weight / max(1, len(variants))
        found += [replace(variant, weight=share) for variant in variants]
    own = _own_keys(pool, pool.version)
    if not own.unreadable:
        return found
    return [one if one.rules == own.rules else one.joined(own, one.weight) for one in found]


def _own_keys(pool: Pool, version: Callable[[str], str]) -> Hypothesis:
    """What a pool with nodes of 2010 loses in any case."""
    return Hypothesis(
        ("e14_no_affinity",),
        RULES["nothing_wrong"].weight,
        frozenset(node for node in pool.nodes if version(node) == OWN_KEYS),
        frozenset(
            (issuer, reader)
            for issuer in pool.nodes
            for reader in pool.nodes
            if issuer != reader and OWN_KEYS in (version(issuer), version(reader))
        ),
    )


def _fixed(seen: Seen) -> Iterator[Hypothesis]:
    """What concerns no node before the others; each only where something of its kind was seen."""
    pool, outcomes = seen.pool, {trial.outcome for trial in seen.trials}
    own = _own_keys(pool, pool.version)
    yield own if own.unreadable else Hypothesis(("nothing_wrong",), RULES["nothing_wrong"].weight)
    if not any(map(pool.version, pool.nodes)):
        yield replace(
            _own_keys(pool, lambda node: OWN_KEYS), weight=RULES["e14_no_affinity"].weight
        )
    if any(trial.over and trial.outcome in REFUSALS for trial in seen.trials):
        weight = RULES["short_public_ttl"].weight
        yield Hypothesis(("short_public_ttl",), weight, over=True)
    if "credentials" in outcomes:
        weight = RULES["credentials_refused"].weight
        yield Hypothesis(("credentials_refused",), weight, credentials=True)


def _lengths(pool: Pool) -> set[int]:
    """The lengths of cadataSig in this pool; {0} unless every node's is known."""
    found = {pool.signatures.get(node, 0) for node in _certified(pool)}
    return {0} if 0 in found else found


def _looping(pool: Pool) -> Iterator[Hypothesis]:
    """Updated nodes without a valid Auth certificate: some accept the logon, and read nothing."""
    nodes = _certified(pool)
    if nodes and _lengths(pool) in ({0}, {UPDATED}):
        every = frozenset((issuer, reader) for issuer in nodes for reader in nodes)
        yield Hypothesis(("auth_cert_expired",), 1.0, frozenset(nodes), every)


def _certified(pool: Pool) -> list[str]:
    """The nodes that seal by certificate; what is of no known version may be one."""
    return [node for node in pool.nodes if pool.version(node) != OWN_KEYS]


def _across(groups: Iterable[Iterable[str]]) -> frozenset[Pair]:
    sides = [frozenset(group) for group in groups]
    return frozenset(
        (issuer, reader)
        for side, other in combinations(sides, 2)
        for one in side
        for two in other
        for issuer, reader in ((one, two), (two, one))
    )


def _splits(seen: Seen, rule: str) -> Iterator[Hypothesis]:
    """Two groups, or each node for itself, or the groups that the answers themselves suggest."""
    nodes = _certified(seen.pool)
    done: set[frozenset[Pair]] = set()
    for groups in _partitions(nodes, seen):
        unreadable = _across(groups)
        if unreadable and unreadable not in done:
            done.add(unreadable)
            apart = min(groups, key=lambda group: (len(group), sorted(group)))
            yield Hypothesis((rule,), 1.0, frozenset(apart), unreadable)


def _partitions(nodes: list[str], seen: Seen) -> Iterator[list[list[str]]]:
    most = len(nodes) // 2 if len(nodes) <= PARTITIONED else 1
    for size in range(1, most + 1):
        for group in combinations(nodes, size):
            yield [list(group), [node for node in nodes if node not in group]]
    if len(nodes) > 2:
        yield [[node] for node in nodes]
        yield _kept_together(nodes, seen)


def _kept_together(nodes: list[str], seen: Seen) -> list[list[str]]:
    """Nodes joined wherever one served what another issued."""
    groups = [{node} for node in nodes]
    for trial in seen.trials:
        if trial.outcome == "readable" and {trial.login, trial.serving} <= set(nodes):
            touched = [group for group in groups if group & {trial.login, trial.serving}]
            groups = [group for group in groups if group not in touched]
            groups.append(set().union(*touched))
    return [sorted(group) for group in groups]


def _by_update(seen: Seen) -> Iterator[Hypothesis]:
    """By the length of cadataSig; where it is not known, any split may be this one."""
    pool = seen.pool
    nodes = _certified(pool)
    lengths = _lengths(pool)
    if lengths == {0}:
        yield from _splits(seen, "hmac_skew")
    elif len(lengths) > 1:
        groups = [[n for n in nodes if pool.signatures[n] == length] for length in sorted(lengths)]
        yield Hypothesis(("hmac_skew",), 1.0, frozenset(groups[-1]), _across(groups))


def _blind_nodes(pool: Pool) -> Iterator[Hypothesis]:
    nodes = _certified(pool)
    for blind in [[node] for node in nodes] + ([nodes] if len(nodes) > 1 else []):
        unreadable = frozenset((issuer, reader) for issuer in nodes for reader in blind)
        yield Hypothesis(("cng_node",), 1.0, frozenset(blind), unreadable)


def _clocks(pool: Pool) -> Iterator[Hypothesis]:
    """A clock ahead ends what others issued; one behind issues what others hold for expired."""
    if len(pool.nodes) < 2:
        return
    for node in pool.nodes:
        skew, others = pool.skews.get(node), [other for other in pool.nodes if other != node]
        ahead = frozenset((other, node) for other in others)
        behind = frozenset((node, other) for other in others)
        if skew is None:
            choices = [ahead, behind]
        elif abs(skew) <= SKEWED:
            continue
        else:
            far = abs(skew) >= PUBLIC_LIFE
            choices = [(ahead if skew > 0 else behind) if far else frozenset()]
        for expired in choices:
            yield Hypothesis(
                ("clock_skew",), 1.0, frozenset({node}), expired=expired, skewed=frozenset({node})
            )


def _one_way(pool: Pool) -> Iterator[Hypothesis]:
    """From 2016 and later to 2013; where no version is known, from any group to the others."""
    newer = [node for node in pool.nodes if pool.version(node) in LATER]
    older = [node for node in pool.nodes if pool.version(node) == "2013"]
    sides = [(newer, older)]
    if not any(pool.version(node) for node in pool.nodes) and len(pool.nodes) <= PARTITIONED:
        sides = [
            (list(group), [node for node in pool.nodes if node not in group])
            for size in range(1, len(pool.nodes))
            for group in combinations(pool.nodes, size)
        ]
    for above, below in sides:
        unreadable = frozenset((issuer, reader) for issuer in above for reader in below)
        if unreadable:
            yield Hypothesis(("authcert_asymmetry",), 1.0, frozenset(below), unreadable)
