"""Whether a run's latencies say something of the servers, or of a generator that could not keep up.

A generator that is late or has no core left measures itself: each answer waits until somebody reads it, and
requests leave later than planned.
"""

from __future__ import annotations

from exsim.judgement.facts import RunFacts
from exsim.judgement.latency import LatencyRow
from exsim.judgement.words import latency, percent, protocol_name

BUSY = 0.8  # of one core: above it, waiting for the core outweighs the work (queueing; the limit is *assumed*)
LATE = 0.01  # of the looks, each 50 ms: above it, the 99th of 100 is the generator's own
FEWEST = 3  # late looks that are no accident of a start
LOOK = 0.05  # seconds between two looks
STILL = 1.0  # seconds in which a load did nothing at all: no accident of a start either (*assumed*)
TWICE, NOTABLE = 2.0, 0.1  # times, and seconds, that a schedule has to add before it is told


def saturation(facts: RunFacts) -> str:
    """What makes this run's latencies meaningless: the rule and the figure; "" when nothing does."""
    why = []
    if facts.busy >= BUSY:
        why.append(
            f"a load process used {percent(facts.busy)} of a core (from {percent(BUSY)} on it is saturated)"
        )
    if facts.late_looks >= FEWEST and facts.late_looks > LATE * facts.looks:
        why.append(
            f"{facts.late_looks} of {facts.looks} looks at the clock came 50 ms late or more, at worst "
            f"{latency(facts.lateness)} ({percent(LATE)} is allowed)"
        )
    elif facts.stood_still >= max(STILL, LATE * LOOK * facts.looks):
        # It could not look at the clock meanwhile: that is one late look, however long it took.
        why.append(
            f"a load process stood still for {latency(facts.stood_still)}, and whatever was under way then waited"
        )
    if not why:
        return ""
    return (
        f"The latencies say more of this machine than of the servers: {' and '.join(why)}. "
        "Use more load processes (--workers), another machine, or fewer users."
    )


def held_up(rows: list[LatencyRow]) -> str:
    """The step to which its clients' schedule does most, in a sentence; "" when it does little to any."""
    told = [row for row in rows if _differs(row)]
    if not told:
        return ""
    worst = max(told, key=lambda row: row.by_schedule.p99 if row.by_schedule else 0.0)
    plan = worst.by_schedule
    assert plan is not None
    more = f", counting {plan.unsent} that clients were kept from sending" if plan.unsent else ""
    return (
        f"By the schedule 99 of 100 answers to {protocol_name(worst.protocol)} {worst.step} came within "
        f"{latency(plan.p99)}{more}; from sending it is {latency(worst.p99)}."
    )


def _differs(row: LatencyRow) -> bool:
    plan = row.by_schedule
    return plan is not None and plan.p99 >= TWICE * row.p99 and plan.p99 - row.p99 >= NOTABLE
