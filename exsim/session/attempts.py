"""How often a password may be tried: one budget an account, so that no run locks a mailbox out.

A form, a Basic request, the last leg of NTLM and a copy of logon cookies are each one attempt: whoever
reads them logs on with what they hold (E13).  Asked before an attempt leaves, and told what came of it.
Pure: it sends nothing, and whoever asks waits or leaves it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from exsim.session.hop import Hop
from exsim.session.meaning import Sign
from exsim.session.signs import read, reason_of
from exsim.wire import names

MOST = 6  # attempts of one account that are refused or not yet confirmed: a browser's connections
UNAUTHORIZED, SERVER_ERRORS = 401, 500
REFUSED = "its password was refused"  # or the account is locked, expired or disabled
PASSED_ON = frozenset((names.CALCULATED_BE.lower(), names.BE_SERVER.lower()))


class Attempt(StrEnum):
    """What a request may be, besides an ordinary one; "" is an ordinary one."""

    FORM = "form"
    REPLAY = "replay"  # a copy of a session's logon cookies
    BASIC = "basic"
    NTLM = "ntlm"  # the leg that answers the challenge


class Outcome(StrEnum):
    """What came of one attempt."""

    CONFIRMED = "confirmed"  # the password is good
    REFUSED = "refused"
    UNTRIED = "untried"  # nobody could read it, so nobody tried it
    UNKNOWN = "unknown"  # no answer, or one that does not say


class Leave(StrEnum):
    """What an attempt that wants to be sent is told."""

    GO = "go"
    WAIT = "wait"  # until another of this account is settled
    NEVER = "never"


class Account:
    """One account, as far as its password was tried."""

    __slots__ = ("confirmed", "out", "owed", "rests", "unknown")

    def __init__(self) -> None:
        self.confirmed = False  # once accepted in this run
        self.out = 0  # attempts that are on their way
        self.unknown = 0  # attempts since the last success that nobody said anything of
        self.owed = False  # a session of it was lost, and no logon accepted since
        self.rests = ""  # why it is asked no more


class Attempts:
    """The budgets of one run.  Accounts are told apart by their address, whatever its case."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._accounts: dict[str, Account] = {}

    def ask(self, account: str, attempt: Attempt) -> Leave:
        """Whether an attempt may leave now.  GO counts it as being on its way, until `settle`."""
        one = self._of(account)
        if one.rests or (attempt is Attempt.REPLAY and not _may_replay(one)):
            return Leave.NEVER
        first = not one.confirmed and one.out > 0
        if first or one.out + one.unknown >= self.most:
            if one.out:
                return Leave.WAIT
            one.rests = f"{one.unknown} attempts that nobody answered"
            return Leave.NEVER
        one.out += 1
        return Leave.GO

    def settle(self, account: str, attempt: Attempt, outcome: Outcome) -> None:
        """What came of an attempt that was let go."""
        one = self._of(account)
        one.out = max(0, one.out - 1)
        if outcome is Outcome.CONFIRMED:
            one.confirmed, one.unknown = True, 0
            one.owed = one.owed and attempt is not Attempt.FORM
        elif outcome is Outcome.REFUSED:
            self.rest(account, REFUSED)
        elif outcome is Outcome.UNKNOWN:
            one.unknown += 1

    def lost(self, account: str) -> None:
        """A session of this account was lost: its cookies are not shown to anybody before the next logon."""
        self._of(account).owed = True

    def rest(self, account: str, why: str) -> None:
        """This account is asked no more; the first reason counts."""
        one = self._of(account)
        one.rests = one.rests or why

    def rests(self, account: str) -> str:
        """Why an account is asked no more, or ""."""
        one = self._accounts.get(account.lower())
        return one.rests if one is not None else ""

    def confirmed(self, account: str) -> bool:
        """Whether its password was accepted once."""
        one = self._accounts.get(account.lower())
        return one is not None and one.confirmed

    def accept(self, account: str) -> None:
        """Its password was accepted, in a way that no answer shows by itself."""
        one = self._of(account)
        one.confirmed, one.unknown = True, 0

    def resting(self) -> dict[str, str]:
        """The accounts that rest, in the order in which they were first asked for, with the reasons."""
        return {address: one.rests for address, one in self._accounts.items() if one.rests}

    def _of(self, account: str) -> Account:
        return self._accounts.setdefault(account.lower(), Account())


def _may_replay(one: Account) -> bool:
    return one.confirmed and not one.owed


def _of_form(hop: Hop) -> Outcome:
    return _FORM.get(read(hop), Outcome.UNKNOWN)


def _of_replay(hop: Hop) -> Outcome:
    reason = reason_of(hop)
    if reason is not None:
        return _REASONS.get(reason, Outcome.UNKNOWN)
    if hop.status is None or hop.status == names.LOGIN_TIMEOUT or hop.status >= SERVER_ERRORS:
        return Outcome.UNKNOWN
    return Outcome.CONFIRMED


def _of_header(hop: Hop) -> Outcome:
    return outcome_of_head(hop.status, not PASSED_ON.isdisjoint(hop.headers))


def outcome_of_head(status: int | None, passed_on: bool) -> Outcome:
    """The same for a password that went in a header, by the head of the answer alone.

    `passed_on`: a header shows that the front end had let the request pass to a back end.
    """
    if status == UNAUTHORIZED:
        return Outcome.REFUSED
    unsaid = status is None or (status >= SERVER_ERRORS and not passed_on)
    return Outcome.UNKNOWN if unsaid else Outcome.CONFIRMED


_FORM = {Sign.ACCEPTED: Outcome.CONFIRMED, Sign.LOGON_REFUSED: Outcome.REFUSED}
_REASONS = {  # of a redirect to the logon page (E13, ORANGE)
    names.REASON_NONE: Outcome.UNTRIED,
    names.REASON_TIMEOUT: Outcome.UNTRIED,
    names.REASON_CREDENTIALS: Outcome.REFUSED,
}
OUTCOMES: dict[Attempt, Callable[[Hop], Outcome]] = {
    Attempt.FORM: _of_form,
    Attempt.REPLAY: _of_replay,
    Attempt.BASIC: _of_header,
    Attempt.NTLM: _of_header,
}


def outcome_of(attempt: Attempt, hop: Hop) -> Outcome:
    """What the answer to an attempt says of the password."""
    return OUTCOMES[attempt](hop)


def refuses_password(hop: Hop) -> bool:
    """Whether any answer at all says that a password which it was shown is refused: `reason=2`."""
    return reason_of(hop) == names.REASON_CREDENTIALS
