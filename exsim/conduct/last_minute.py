"""When the loads of one phase logged on in their last minute, for the pace of the next phase.

One that ended without a word may have logged on as often as it was allowed to, until its end.  Times are seconds since
1970: two runs that share a ceiling have no zero in common.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from exsim.conduct.loading import Event
from exsim.runs.limits import MINUTE
from exsim.runs.order import Order

DONE = "done"  # an event: its last


class LastMinute:
    """Of the loads that carry out `orders`: `heard` is called with what they tell, `logons` when they have ended."""

    def __init__(self, orders: Sequence[Order], show: Callable[[Event], None]) -> None:
        self._show = show
        self._silent = {(order.scenario, order.worker): order for order in orders}
        self._logons = [orders[0].started + at for at in orders[0].logons]  # all were handed these

    def heard(self, event: Event) -> None:
        """One event of a load process."""
        if event.get("event") == DONE:
            order = self._silent.pop((str(event.get("run")), int(event.get("worker", 0))), None)
            if order is not None:
                self._logons += [order.started + at for at in event.get("logons", ())]
        self._show(event)

    def logons(self) -> tuple[float, ...]:
        """The places of the last minute, those handed to this phase among them."""
        now = time.time()
        known = [at for at in self._logons if at > now - MINUTE]
        for order in self._silent.values():
            known += [now] * (order.limits.logons_per_minute or 0)
        return tuple(sorted(known))
