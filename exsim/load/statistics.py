"""Locust's own table of requests, kept in batches: the same figures at a tenth of the cost.

Locust counts each request twice, field by field, as it comes.  Here hops are noted as they are, and counted
by Locust's own arithmetic in batches, under the second in which each came, and whenever somebody looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from locust.env import Environment
from locust.stats import RequestStats, StatsEntry, bucket_response_time

from exsim.session.hop import Hop

BATCH = 256  # hops that wait to be counted, at most

Noted = tuple[float, int, float]  # milliseconds, bytes, when (seconds since 1970)


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
        self._noted: dict[tuple[str, str], list[Noted]] = {}
        self._second = int(clock())
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
        self._put((name, method), (response_time, content_length, self._clock()))

    def count(self) -> None:
        """Count what was noted."""
        self._take()
        self._count()

    def _take(self) -> None:
        """Put the hops under the seconds in which their answers came."""
        hops, self._hops = self._hops, []
        started, put = self._started, self._put
        for hop in hops:
            put(
                (hop.step, _method_of(hop.protocol)),
                (hop.took * 1000, hop.body.bytes, started + hop.t + hop.took),
            )

    def _put(self, key: tuple[str, str], request: Noted) -> None:
        if int(request[2]) > self._second:
            self._count()
            self._second = int(request[2])
        noted = self._noted.get(key)
        if noted is None:
            if key not in self._entries:
                self._entries[key].start_time = request[2]  # an entry begins with its first request
            noted = self._noted[key] = []
        noted.append(request)

    def _count(self) -> None:
        if not self._noted:
            return
        noted, self._noted = self._noted, {}
        for key, requests in noted.items():
            self._add(self._entries[key], requests)
            self._add(self._total, requests)

    def _add(self, entry: Any, requests: list[Noted]) -> None:
        """What `StatsEntry.log` does for each of `requests`, all of one second.

        The entry's own types say whole milliseconds; Locust itself is handed fractions.
        """
        second, before = self._second, entry.last_request_timestamp
        if entry.use_response_times_cache and before and second > int(before):
            entry._cache_response_times(second - 1)
        times = [took for took, _, _ in requests]
        entry.num_requests += len(requests)
        entry.num_reqs_per_sec[second] += len(requests)
        entry.last_request_timestamp = max(before or 0.0, requests[-1][2])
        entry.total_response_time += sum(times)
        lowest = entry.min_response_time
        entry.min_response_time = min(times) if lowest is None else min(lowest, *times)
        entry.max_response_time = max(entry.max_response_time, *times)
        entry.total_content_length += sum(length for _, length, _ in requests)
        for took in times:
            entry.response_times[bucket_response_time(took)] += 1

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


@lru_cache(maxsize=64)
def _method_of(protocol: str) -> str:
    """What stands in Locust's column "Type"."""
    return protocol.upper()


def keep_in_batches(environment: Environment, started: float) -> BatchedStats:
    """From now on `environment` counts in batches.  To be called once it has its runner."""
    table = BatchedStats(environment.stats.total.use_response_times_cache, started=started)
    environment.stats = table
    return table
