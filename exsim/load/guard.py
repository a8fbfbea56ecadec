"""The stop rules of a run on a target, looked at each second: whoever tests must not be who breaks it."""

from __future__ import annotations

import gevent

from exsim.load.worker import Worker
from exsim.protocols.health import DIRECTORIES, watch
from exsim.session.hop import Hop
from exsim.session.signs import read
from exsim.session.strain import Strain

EVERY = 1.0  # seconds
HEALTH_EVERY = 5.0
HEALTH_USER = 30_001  # its number in the history


class Guard:
    """Watches one worker's answers; the first worker's also the nodes' health.  Nothing to do in a lab."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.strain = Strain()
        self._greenlet = None if worker.order.lab else gevent.spawn(self._watch)
        if self._greenlet is None:
            return
        worker.recorder.on_hop = self.heard
        worker.on_load.append(self.load_began)
        if worker.order.worker == 0 and worker.order.phase not in ("check", "cleanup"):
            self._watch_health()

    def heard(self, hop: Hop) -> None:
        """One answer."""
        sign = read(hop)
        if hop.step != "health":
            self.strain.feed(hop, sign)

    def load_began(self) -> None:
        """What is usual shows in the load's first minute: before it a node may have answered nobody else."""
        self.strain = Strain()

    def look(self, now: float) -> None:
        """Every rule that is one of time; `now` in seconds since the run began."""
        window = self.worker.order.limits.window
        if window is not None and now >= window:
            self.worker.stop_by_rule(f"the window of {window:g} s was over")
        why = self.strain.judge(now)
        if why:
            self.worker.stop_by_rule(why)

    def turned_red(self, node: str | None, directory: str, said: str) -> None:
        """A health check that had been green is so no more."""
        who = f"{node}'s" if node else "the"
        self.worker.stop_by_rule(f"{who} health check of {directory} turned red ({said})")

    def _watch(self) -> None:
        while True:
            gevent.sleep(EVERY)
            self.look(self.worker.world.now())

    def _watch_health(self) -> None:
        order = self.worker.order
        spoken = {population.protocol for population in order.population}
        directories = [DIRECTORIES[name] for name in DIRECTORIES if name in spoken]
        client = self.worker.client(HEALTH_USER, "owa", 1)
        client.run(
            watch(tuple(order.nodes) or (None,), directories, HEALTH_EVERY, self.turned_red),
            "health",
        )

    def stop(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
