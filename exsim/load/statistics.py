"""Locust's own table of requests, kept in batches: the same figures at a third of the cost.

Locust counts each request twice, field by field, as it comes.  Here a request is noted, and what was noted
is counted by Locust's own arithmetic once a second, and whenever somebody looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from locust.env import Environment
from locust.stats import RequestStats, StatsEntry, bucket_response_time

Noted = tuple[float, int, float]  # milliseconds, bytes, when (seconds since 1970)


class BatchedStats(RequestStats):
    """Locust's statistics; `total` and `entries` are up to date whenever they are read."""

    def __init__(
        self, use_response_times_cache: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._noted: dict[tuple[str, str], list[Noted]] = {}
        self._second = int(clock())
        super().__init__(use_response_times_cache)

    def log_request(
        self, method: str, name: str, response_time: float | None, content_length: int
    ) -> None:
        """Note one request; it is counted under the second in which it came."""
        if response_time is None:
            super().log_request(method, name, response_time, content_length)  # type: ignore[arg-type]
            return
        now = self._clock()
        if int(now) != self._second:
            self.count()
            self._second = int(now)
        noted = self._noted.get((name, method))
        if noted is None:
            self._entries[name, method]  # an entry begins with its first request
            noted = self._noted[name, method] = []
        noted.append((response_time, content_length, now))

    def count(self) -> None:
        """Count what was noted."""
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
        self._noted = {}  # everything begins anew
        self._total = entry

    @property
    def entries(self) -> dict[tuple[str, str], StatsEntry]:
        """The requests by name and method."""
        self.count()
        return self._entries

    @entries.setter
    def entries(self, entries: dict[tuple[str, str], StatsEntry]) -> None:
        self._entries = entries


def keep_in_batches(environment: Environment) -> None:
    """From now on `environment` counts in batches.  To be called once it has its runner."""
    environment.stats = BatchedStats(environment.stats.total.use_response_times_cache)
