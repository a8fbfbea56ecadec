"""Locust's table is the same, counted in batches.

Falls if: a request is lost, counted twice or under another second, a figure differs from Locust's own, or a load of
hours keeps a figure of each of its seconds.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import random
from locust import stats
from exsim.load.statistics import BatchedStats
from exsim.session.hop import Evidence, Hop

clock = [1000.0305]
stats.time.time = lambda: clock[0]
dice = random.Random(3)
theirs, ours = stats.RequestStats(), BatchedStats(clock=lambda: clock[0])
by_hops = BatchedStats(clock=lambda: clock[0], started=900.0)
HOP = dict(utc="", user=1, session="1.1", seq=1, protocol="owa", request="GET /")
for turn in range(3000):
    clock[0] += dice.choice((0.0, 0.001, 0.2, 1.4))
    entry = ("OWA", dice.choice("abc"), dice.choice((0.4, 12.3, 147.0, 3432.0)), dice.randrange(999))
    if dice.random() < 0.01:
        entry = (*entry[:2], None, 0)
    for one in (theirs, ours, by_hops):
        if one is by_hops and entry[2] is not None and turn % 7:
            took = entry[2] / 1000
            body = Evidence(entry[3])
            one.note(Hop(**HOP, t=clock[0] - 900.0 - took, took=took, step=entry[1], body=body))
        else:
            one.log_request(*entry)
        if turn % 50 == 7:
            one.log_error("OWA", "a", "odd")
        if turn == 1700:
            one.reset_all()
        if turn == 2500:
            one.clear_all()
    if dice.random() < 0.05:
        assert ours.total.num_requests == theirs.total.num_requests
        assert by_hops.total.num_requests == theirs.total.num_requests
for key in theirs.entries:
    assert vars_of(ours.entries[key]) == vars_of(theirs.entries[key]), key
for key in theirs.entries:
    assert vars_of(by_hops.entries[key]) == vars_of(theirs.entries[key]), key
assert vars_of(by_hops.total) == vars_of(theirs.total)
assert ours.total.response_times_cache == theirs.total.response_times_cache
assert vars_of(ours.total) == vars_of(theirs.total)
assert set(ours.entries) == set(theirs.entries) and ours.num_requests == 499
late = BatchedStats(clock=lambda: 5.0)
for t in (6.2, 5.9, 5.8, 6.1):  # a channel's hop is written when its flow is done with it
    late.note(Hop(**HOP, t=t, took=0.0, step="a"))
assert dict(late.total.num_reqs_per_sec) == {5: 2, 6: 2}
for clock[0] in range(20_000, 23_600):  # an hour
    for one in (theirs, ours):
        one.log_request("OWA", "a", 9.0, 1)
        one.log_error("OWA", "a", "odd")
    if clock[0] % 100 == 0:
        for theirs_, ours_ in ((theirs.total, ours.total), (theirs.get("a", "OWA"), ours.get("a", "OWA"))):
            assert (ours_.current_rps, ours_.current_fail_per_sec) == (theirs_.current_rps, theirs_.current_fail_per_sec)
            assert len(ours_.num_reqs_per_sec) < 200 and len(ours_.num_fail_per_sec) < 200
assert vars_of(ours.total) == vars_of(theirs.total)
print("alike")
"""
VARS = """
def vars_of(entry):
    facts = {name: value for name, value in vars(entry).items() if name != "stats"}
    for name in ("total_response_time", "last_request_timestamp", "start_time", "min_response_time", "max_response_time"):
        facts[name] = round(facts[name], 3)
    for name in ("num_reqs_per_sec", "num_fail_per_sec"):  # as far back as anybody looks
        facts[name] = sorted(facts[name].items())[-12:]
    return facts
"""


def test_what_is_counted_in_batches_is_what_locust_counts_one_by_one() -> None:
    """In a process of its own, because importing Locust patches this one."""
    done = subprocess.run(
        [sys.executable, "-c", VARS + PROGRAM], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "alike\n", done.stderr[-2000:]
