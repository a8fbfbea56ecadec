"""What every request of a run on a target has to pass: the budget of passwords, and the pace.

A request says what it is (`Request.attempt`, or its `auth`).  The gate asks the budget, holds the request until it may go
(which shows as lateness), and is told by its hop what came of it.  One that may never go is answered
"not_allowed" and leaves no hop: nothing was sent.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from exsim.drive.pace import Pace
from exsim.drive.world import World
from exsim.protocols.flow import Request
from exsim.session.attempts import (
    PASSED_ON,
    REFUSED,
    Attempt,
    Attempts,
    Leave,
    Outcome,
    outcome_of,
    outcome_of_head,
    refuses_password,
)
from exsim.session.hop import Hop
from exsim.session.signs import LOGON_COOKIES

if TYPE_CHECKING:
    from exsim.drive.driver import Client
    from exsim.drive.exchange import Exchange
    from exsim.drive.task import Task

PASSWORD_REFUSED = "an answer said that its password is refused (reason=2)"
OWN_LOGON = "own_logon"  # its mark
IN_HEADER = (Attempt.BASIC, Attempt.NTLM)
Rested = Callable[[str, str], None]


class Held(NamedTuple):
    """A request before the gate: `go` lets it through, `refused` is what its flow is sent instead."""

    task: Task
    request: Request
    go: Callable[[], object]
    refused: Any
    since: float

    @property
    def attempt(self) -> Attempt | None:
        return attempt_of(self.request)


# What a request carries to sign in (`session.hop.AUTH`) -> the attempt that it is
_BY_AUTH = {"basic": Attempt.BASIC, "ntlm_3": Attempt.NTLM, "token": Attempt.NTLM}


def attempt_of(request: Request) -> Attempt | None:
    """In which way a request tries its account's password; None: it does not."""
    return Attempt(request.attempt) if request.attempt else _BY_AUTH.get(request.auth)


class Gate:
    """One for all clients of a worker.  `rested` is told once of each account that is asked no more."""

    def __init__(
        self,
        world: World,
        attempts: Attempts,
        requests: Pace | None = None,
        logons: Pace | None = None,
        rested: Rested = lambda account, why: None,
    ) -> None:
        self.world = world
        self.attempts = attempts
        self.requests = requests
        self.logons = logons
        self.rested = rested
        self._waiting: dict[str, deque[Held]] = defaultdict(deque)
        self._turns: deque[Held] = deque()  # logons that wait for a place, in turn
        self._due = False  # the first of them has a timer
        self._out: dict[int, Held] = {}  # attempts on their way, by the request's identity
        self._told: set[str] = set()

    def follow(self, client: Client) -> None:
        """From now on every request of `client` passes here."""
        client.gate = self
        client.listeners.append(self.heard)

    def enter(
        self, task: Task, request: Request, go: Callable[[], object], refused: Any = None
    ) -> bool:
        """Call `go` now or later.  False: it must not leave; when that shows later, `refused` is sent in."""
        if self._stopped(request):
            return False
        held = Held(task, request, go, refused, self.world.now())
        if held.attempt is None:
            self._pace(held)
            return True
        leave = self._ask(held)
        if leave is Leave.WAIT:
            self._waiting[request.account].append(held)
        elif leave is Leave.GO:
            self._let(held)
        else:
            self._tell(request.account)
        return leave is not Leave.NEVER

    def _stopped(self, request: Request) -> bool:
        """An account that rests: whatever holds its password stays here, also an ordinary request's cookies."""
        if not request.account or not self.attempts.rests(request.account):
            return False
        return attempt_of(request) is not None or not LOGON_COOKIES.isdisjoint(
            request.cookies.values
        )

    def _ask(self, held: Held) -> Leave:
        account, attempt = held.request.account, held.attempt
        assert attempt is not None
        leave = self.attempts.ask(account, attempt)
        if leave is Leave.WAIT and self._forget_abandoned(account):
            leave = self.attempts.ask(account, attempt)
        return leave

    def _forget_abandoned(self, account: str) -> bool:
        """Attempts whose flow ended before they had a connection: they never left."""
        gone = [
            held
            for held in self._out.values()
            if held.task.done and held.request.account == account
        ]
        for held in gone:
            self._settle(held.request, Outcome.UNTRIED)
        return bool(gone)

    # Letting go ---------------------------------------------------------------------------------
    def _let(self, held: Held) -> None:
        self._out[id(held.request)] = held
        self._pace(held)

    def _pace(self, held: Held) -> None:
        if self.logons is None or not self._is_logon(held):
            self._leave(held)
            return
        self._turns.append(held)
        if not self._due:
            self._next_logon()

    def _next_logon(self) -> None:
        """Whoever may log on now does, in turn.  A place is taken when it is used: many wait who never leave."""
        assert self.logons is not None
        self._due = False
        while self._turns:
            held, now = self._turns[0], self.world.now()
            over = held.task.done or self._stopped(held.request)
            at = now if over else self.logons.free(now)
            if at > now:
                if not self._due:  # a flow that was refused here may have asked again
                    self._due = True
                    self.world.later(at - now, self._next_logon)
                return
            self._turns.popleft()
            if over:
                self._through(held)
            else:
                self.logons.take(self._leave(held))

    def _leave(self, held: Held) -> float:
        """Let it leave when the pace of all requests allows that; the time."""
        now = self.world.now()
        at = self.requests.place(now) if self.requests is not None else now
        if at > now:
            self.world.later(at - now, self._through, held)
        else:
            self._through(held)
        return at

    def _is_logon(self, held: Held) -> bool:
        """Each form, and the first of the requests that bring a password along."""
        if held.attempt in IN_HEADER:
            return not self.attempts.confirmed(held.request.account)
        return held.attempt is Attempt.FORM

    def _through(self, held: Held) -> None:
        if held.task.done or self._stopped(held.request):
            self._settle(held.request, Outcome.UNTRIED)
            held.task.step(held.refused)  # does nothing to a flow that is over
            return
        held.task.late += self.world.now() - held.since
        held.go()

    # What came of it ------------------------------------------------------------------------------
    def heard(self, exchange: Exchange, hop: Hop) -> None:
        """Called by the driver with each hop, before its flow hears of it."""
        request = exchange.request
        if refuses_password(hop) and request.account:
            self.attempts.rest(request.account, PASSWORD_REFUSED)
            self._tell(request.account)
        attempt = attempt_of(request)
        if attempt is not None:
            self._settle(request, outcome_of(attempt, hop))

    def marked(self, what: str, facts: Mapping[str, Any]) -> None:
        """A flow of the user's own has logged on, or was not let in: only it knows which."""
        account = str(facts.get("account") or "")
        if what != OWN_LOGON or not account:
            return
        if facts.get("accepted"):
            self.attempts.accept(account)
        else:
            self.attempts.rest(account, REFUSED)
            self._tell(account)

    def head(self, exchange: Exchange) -> None:
        """The head of an answer that is read piece by piece, and may take minutes to its end."""
        request = exchange.request
        if attempt_of(request) in IN_HEADER:
            passed_on = any(key.decode("latin-1") in PASSED_ON for key, _ in exchange.headers)
            self._settle(request, outcome_of_head(exchange.status, passed_on))

    def _settle(self, request: Request, outcome: Outcome) -> None:
        sent = self._out.pop(id(request), None)
        if sent is None or sent.attempt is None:
            return
        self.attempts.settle(request.account, sent.attempt, outcome)
        self._tell(request.account)
        waiting = self._waiting[request.account]
        while waiting:
            held = waiting[0]
            leave = Leave.NEVER if held.task.done else self._ask(held)
            if leave is Leave.WAIT:
                return
            waiting.popleft()
            if leave is Leave.GO:
                self.world.later(0.0, self._let, held)
            else:
                self.world.later(0.0, held.task.step, held.refused)

    def _tell(self, account: str) -> None:
        why = self.attempts.rests(account)
        if why and account not in self._told:
            self._told.add(account)
            self.rested(account, why)
