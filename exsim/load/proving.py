"""The proof: at the first losses of a combination a copy of the cookies is shown to two nodes, at once.

Control hops: evidence, never counted.  The copy is of what the culprit was shown, before it deleted them.
"""

from __future__ import annotations

from collections import Counter

from exsim.load.recorder import Loss
from exsim.load.steering import farm_of
from exsim.load.worker import Worker
from exsim.protocols.owa.proof import prove

EACH = 3  # proofs for each pair of login and serving front end


class Proving:
    """Starts a proof for the first losses of each pair of front ends."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.farm = farm_of(worker.order)
        self.made: Counter[tuple[str, str]] = Counter()

    def prove(self, loss: Loss) -> None:
        """Called for each loss as it is found."""
        incident = loss.incident
        login, culprit = incident.login_front_end, incident.front_end
        if login is None or culprit is None or self.made[login, culprit] >= EACH:
            return
        self.made[login, culprit] += 1
        number = int(incident.session.partition(".")[2] or 0)
        flow = prove(loss.cookies, loss.account, number, login, culprit, self.farm)
        loss.client.run(flow, "proof")
