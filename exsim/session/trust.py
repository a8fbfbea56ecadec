"""Whether X-FEServer may be believed: a static line of each server's own settings, which can be copied with them.

Where another witness of the very same answer contradicts it, or two addresses bear one name, that name is not
believed any more, wherever it stands.  A node that is only called otherwise in a scenario contradicts nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from exsim.session.attribution import EVIDENCE, FE_SERVER, LB_SERVER, Attribution, net_bios
from exsim.session.hop import Hop, Line

# A balancer's header may stand on an answer that was sent on; one that contradicts once is none (assumed).
LEAST, SHARE = {"lb_header": 2}, {"lb_header": 0.2}


@dataclass(frozen=True, slots=True)
class Trust:
    """`distrusted`: names in X-FEServer that are not believed.  `sentences`: one for each, and why."""

    distrusted: frozenset[str] = frozenset()
    sentences: tuple[str, ...] = ()


BELIEVED = Trust()


class Comparison:
    """Takes a run's hops, and says which names two witnesses disagree about."""

    def __init__(self, attribution: Attribution) -> None:
        self._attribution = attribution
        # (name in the header, other witness) -> what that one said, how often
        self._said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._names: set[str] = set()
        self._pairs: dict[tuple[str, str | None], int] = {}

    def feed(self, hop: Hop) -> None:
        headers = hop.headers
        value = headers.get(FE_SERVER)
        if value is None:
            if hop.challenger:  # who is told on that connection later on
                list(self._attribution.exactly(hop))
            return
        if hop.origin or hop.auth or hop.challenger or hop.body.host:
            self._compare(net_bios(value), self._attribution.exactly(hop))
            return
        key = value, headers.get(LB_SERVER)  # nearly every answer: the same few pairs
        self._pairs[key] = self._pairs.get(key, 0) + 1

    def _compare(self, name: str, others: Iterable[tuple[str, str]]) -> None:
        if not name:
            return
        self._names.add(name)
        for evidence, other in others:
            self._said[name, evidence][other] += 1

    def _count_pairs(self) -> None:
        """What the balancer's own header said of the answers that were only counted."""
        for (value, lb_server), count in self._pairs.items():
            name, other = net_bios(value), self._attribution.given(lb_server or "")
            if name:
                self._names.add(name)
            if name and other:
                self._said[name, "lb_header"][other] += count
        self._pairs.clear()

    def trust(self) -> Trust:
        """What is not to be believed, after everything that was fed."""
        self._count_pairs()
        found: dict[str, str] = {}
        for (name, evidence), others in self._said.items():
            against = self._against(name, evidence, others)
            if against and name not in found:
                found[name] = _sentence(name, evidence, sorted(against | {name} & set(others)))
        return Trust(frozenset(found), tuple(found.values()))

    def _against(self, name: str, evidence: str, others: Counter[str]) -> set[str]:
        """Who else is meant by `name`, if it is not merely what he is called."""
        total = others.total()
        least, share = LEAST.get(evidence, 1), SHARE.get(evidence, 0.0)
        told = {who for who, count in others.items() if count >= least and count >= share * total}
        if len(told) > 1:
            return told - {name}
        return {who for who in told if who != name and who in self._names}


def _sentence(name: str, evidence: str, who: list[str]) -> str:
    if evidence == "origin" and len(who) > 1:
        return (
            f"The name {name} in X-FEServer is not believed: {' and '.join(who)} both bear it, each asked at "
            "its own address."
        )
    return (
        f"The name {name} in X-FEServer is not believed: {EVIDENCE[evidence]} says "
        f"{' and '.join(who)} of the same answers."
    )


def trust_in(lines: Iterable[Line], attribution: Attribution) -> Trust:
    """What a whole history shows."""
    comparison = Comparison(attribution)
    for line in lines:
        if type(line) is Hop:
            comparison.feed(line)
    return comparison.trust()
