"""The proof: at the first losses of a combination a copy of the cookies is shown to two nodes.

Control hops: evidence, never counted.  The copy is of what the culprit was shown, before it deleted them.
In the lab it is shown at once.  A shown cookie is a password attempt, so on a target it waits until a
logon of the same account has been accepted after the loss; the budget sees to that, too.
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
        self.waiting: dict[tuple[int, str], Loss] = {}
        if not worker.order.lab:
            worker.recorder.on_logon = self._accepted

    def prove(self, loss: Loss) -> None:
        """Called for each loss as it is found."""
        incident = loss.incident
        login, culprit = incident.login_front_end, incident.front_end
        if login is None or culprit is None or self.made[login, culprit] >= EACH:
            return
        self.made[login, culprit] += 1
        if self.worker.order.lab:
            self._start(loss, login, culprit)
        else:
            self.waiting[incident.user, loss.account] = loss

    def _accepted(self, user: int, account: str) -> None:
        """The account's password is still good: what is left to prove may be shown."""
        loss = self.waiting.pop((user, account), None)
        if loss is not None and loss.incident.login_front_end and loss.incident.front_end:
            self._start(loss, loss.incident.login_front_end, loss.incident.front_end)

    def _start(self, loss: Loss, login: str, culprit: str) -> None:
        number = int(loss.incident.session.partition(".")[2] or 0)
        flow = prove(loss.cookies, loss.account, number, login, culprit, self.farm)
        loss.client.run(flow, "proof")
