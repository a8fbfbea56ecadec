"""`[[expect.latency]]`: did a share of a step's answers come within a time, and was that shown?

The question is turned round: how many answers were slower than the limit?  Answers of one user are alike,
so the sample is shrunk by what the users differ; of one user alone nothing can be shown.  Fed hop by hop;
control and steered hops are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from exsim.judgement.bounds import at_least, at_most, effective, needed
from exsim.judgement.gate.criterion import Count, Criterion, Outcome, counted, share
from exsim.judgement.latency import histogram_of, microseconds, time_of
from exsim.judgement.words import counted_noun, latency, protocol_name
from exsim.runs.sections import LatencyLimit
from exsim.session.hop import Hop

FEWEST_USERS = 2  # with one, nothing is known of how users differ


class Pace:
    """One step's answers, counted against one limit."""

    def __init__(self, limit: LatencyLimit) -> None:
        self.limit = limit
        self.users: dict[int, tuple[int, int]] = {}  # user -> slower than the limit, all
        self._counts: Counter[int] = Counter()

    def add(self, hop: Hop) -> None:
        """Count a hop, if it is one of the step's answers."""
        limit = self.limit
        if hop.step != limit.step or limit.protocol not in ("", hop.protocol):
            return
        took = time_of(hop)
        if took is None or hop.forced:
            return
        slow, all_ = self.users.get(hop.user, (0, 0))
        self.users[hop.user] = slow + (took > limit.max), all_ + 1
        self._counts[microseconds(took)] += 1

    @property
    def measured(self) -> float:
        """The quantile as measured, in seconds."""
        histogram = histogram_of(self._counts)
        return float(histogram.get_value_at_percentile(self.limit.quantile * 100)) / 1e6


class Paces:
    """All latency limits of a run, fed together."""

    def __init__(self, limits: Sequence[LatencyLimit]) -> None:
        self.paces = [Pace(limit) for limit in limits]

    def add(self, hop: Hop) -> None:
        """Count one hop."""
        for pace in self.paces:
            pace.add(hop)


def name_of(limit: LatencyLimit) -> str:
    """ "OWA poll: 95 % of answers within 500 ms"."""
    where = f"{protocol_name(limit.protocol)} {limit.step}".strip()
    return f"{where}: {share(limit.quantile)} of answers within {latency(limit.max)}"


def decide(pace: Pace, key: str, doubt: str = "") -> Criterion:
    """The criterion over the answers that were counted.

    `doubt`: why the load itself made them slow; a limit that such a load exceeds is not shown to be broken.
    """
    limit = pace.limit
    answers, users = _counts(pace)
    outcome, words = _judged(pace, answers, users)
    if doubt and outcome == "fail":
        outcome, words = "inconclusive", f"{words} {doubt}"
    return Criterion(
        key=key,
        name=name_of(limit),
        outcome=outcome,
        sentence=words,
        limit=limit.max,
        confidence=limit.confidence,
        counts={"answers": answers, "accounts": users},
        decided_by="answers",
    )


def _counts(pace: Pace) -> tuple[Count, Count]:
    confidence = pace.limit.confidence
    slow, all_ = (sum(pair[i] for pair in pace.users.values()) for i in (0, 1))
    slow_users = sum(1 for pair in pace.users.values() if pair[0])
    return (
        Count(slow, all_, at_most(*effective(pace.users, confidence), confidence)),
        Count(slow_users, len(pace.users), at_most(slow_users, len(pace.users), confidence)),
    )


def _judged(pace: Pace, answers: Count, users: Count) -> tuple[Outcome, str]:
    limit, allowed = pace.limit, 1 - pace.limit.quantile
    if not answers.of:
        return "inconclusive", f"No answer of step {limit.step} was seen; nothing is known."
    numbers = (
        f"{share(limit.quantile)} came within {latency(pace.measured)}. Slower than "
        f"{latency(limit.max)}: {counted(answers, 'answer')}, {counted(users, 'account')}, at "
        f"{share(limit.confidence)} confidence."
    )
    if users.of < FEWEST_USERS:
        return "inconclusive", (
            f"{numbers} All came from one account, so how accounts differ is not known: it takes answers of "
            f"at least {FEWEST_USERS}."
        )
    if answers.bound <= allowed:
        return "pass", numbers
    if at_least(*effective(pace.users, limit.confidence), limit.confidence) > allowed:
        return "fail", f"{numbers} That is more than {share(allowed)}."
    more = needed(allowed, answers.bad, users.of, limit.confidence)
    return "inconclusive", (
        f"{numbers} Of so many accounts it takes at least {counted_noun(more, 'answer')} with no more than "
        f"{answers.bad} slower."
    )
