"""Locust's own table of requests, kept in batches: the same figures at a tenth of the cost.

Locust counts each request twice, field by field, as it comes.  Here hops are noted as they are, and counted
by Locust's own arithmetic in batches, under the second in which each came, and whenever somebody looks.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from locust.env import Environment
from locust.stats import RequestStats, StatsEntry, bucket_response_time

from exsim.session.hop import Hop

BATCH = 64  # hops that wait to be counted, at most
SECONDS = 64  # whose requests are kept apart, at least; Locust looks at the last 12, and keeps all


class _Batch:
    """Requests of one kind and one second: milliseconds, bytes, when the last came (seconds since 1970)."""

    __slots__ = ("last", "lengths", "times")

    def __init__(self) -> None:
        self.times: list[float] = []
        self.lengths: list[int] = []
        self.last = 0.0


class BatchedStats(RequestStats):
    """Locust's statistics; `total` and `entries` are up to date whenever they are read.

    `started`: the zero of the hops' time, in seconds since 1970.
    """

    def __init__(
        self,
        use_response_times_cache: bool = True,
        clock: Callable[[], float] = time.time,
        started: float = 0.0,
    ) -> None:
        self._clock = clock
        self._started = started
        self._hops: list[Hop] = []
        self._noted: dict[tuple[str, str], _Batch] = {}
        self._next = int(clock()) + 1  # when the second ends whose requests are noted
        super().__init__(use_response_times_cache)

    def note(self, hop: Hop) -> None:
        """Note a request that was answered, and that nobody but this table is told of."""
        hops = self._hops
        hops.append(hop)
        if len(hops) >= BATCH:
            self._take()

    def log_request(
        self, method: str, name: str, response_time: float | None, content_length: int
    ) -> None:
        """Note one request as Locust's event tells of it; it is counted under the present second."""
        if response_time is None:
            super().log_request(method, name, response_time, content_length)  # type: ignore[arg-type]
            return
        self._take()
        now = self._clock()
        batch = self._batch((name, method), now)
        batch.times.append(response_time)
        batch.lengths.append(content_length)
        batch.last = now

    def count(self) -> None:
        """Count what was noted."""
        self._take()
        self._count()

    def _take(self) -> None:
        """Put the hops under the seconds in which their answers came."""
        hops, self._hops = self._hops, []
        came, started = [hop.t + hop.took for hop in hops], self._started
        if came and int(started + min(came)) == int(started + max(came)):  # nearly always
            self._sort(hops)
            return
        by_second: defaultdict[int, list[Hop]] = defaultdict(list)
        for hop, at in zip(hops, came, strict=True):
            by_second[int(started + at)].append(hop)
        for _, some in sorted(by_second.items(), key=itemgetter(0)):
            self._sort(some)

    def _sort(self, hops: list[Hop]) -> None:
        """Note hops of one second, each under its kind."""
        alike: defaultdict[tuple[str, str], list[Hop]] = defaultdict(list)
        for hop in hops:
            alike[hop.step, hop.protocol].append(hop)
        for some in alike.values():
            self._put(some)

    def _put(self, hops: list[Hop]) -> None:
        """Note hops of one kind, all of one second."""
        first, last = (self._started + hop.t + hop.took for hop in (hops[0], hops[-1]))
        batch = self._batch((hops[0].step, hops[0].protocol.upper()), first)
        batch.times += [hop.took * 1000 for hop in hops]
        batch.lengths += [hop.body.bytes for hop in hops]
        batch.last = last

    def _batch(self, key: tuple[str, str], now: float) -> _Batch:
        """Where requests of this kind and of the second of `now` are noted."""
        if now >= self._next:
            self._count()
            self._next = int(now) + 1
        batch = self._noted.get(key)
        if batch is None:
            if key not in self._entries:
                self._entries[key].start_time = now  # an entry begins with its first request
            batch = self._noted[key] = _Batch()
        return batch

    def _count(self) -> None:
        noted, self._noted = self._noted, {}
        for key, batch in noted.items():
            buckets = Counter(map(bucket_response_time, batch.times))
            self._add(self._entries[key], batch, buckets)
            self._add(self._total, batch, buckets)

    def _add(self, entry: Any, batch: _Batch, buckets: Counter[int]) -> None:
        """What `StatsEntry.log` does for each request of `batch`, all of one second.

        The entry's own types say whole milliseconds; Locust itself is handed fractions.
        """
        second, before, times = self._next - 1, entry.last_request_timestamp, batch.times
        if entry.use_response_times_cache and before and second > int(before):
            entry._cache_response_times(second - 1)
        entry.num_requests += len(times)
        entry.num_reqs_per_sec[second] += len(times)
        entry.last_request_timestamp = max(before or 0.0, batch.last)
        entry.total_response_time += sum(times)
        lowest = entry.min_response_time
        entry.min_response_time = min(times) if lowest is None else min(lowest, *times)
        entry.max_response_time = max(entry.max_response_time, *times)
        entry.total_content_length += sum(batch.lengths)
        for bucket, count in buckets.items():
            entry.response_times[bucket] += count
        entry.num_reqs_per_sec = _lately(entry.num_reqs_per_sec)
        entry.num_fail_per_sec = _lately(entry.num_fail_per_sec)

    @property
    def total(self) -> StatsEntry:
        """All requests together."""
        self.count()
        return self._total

    @total.setter
    def total(self, entry: StatsEntry) -> None:
        self._noted, self._hops = {}, []  # everything begins anew
        self._total = entry

    @property
    def entries(self) -> dict[tuple[str, str], StatsEntry]:
        """The requests by name and method."""
        self.count()
        return self._entries

    @entries.setter
    def entries(self, entries: dict[tuple[str, str], StatsEntry]) -> None:
        self._entries = entries


def _lately(by_second: defaultdict[int, int]) -> defaultdict[int, int]:
    """Without what is long past, once there is much of it: a load of hours would keep every second."""
    if len(by_second) < 2 * SECONDS:
        return by_second
    return defaultdict(int, sorted(by_second.items())[-SECONDS:])


def keep_in_batches(environment: Environment, started: float) -> BatchedStats:
    """From now on `environment` counts in batches.  To be called once it has its runner."""
    table = BatchedStats(environment.stats.total.use_response_times_cache, started=started)
    environment.stats = table
    return table
