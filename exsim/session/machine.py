"""The life of a session, as one table."""

from __future__ import annotations

from enum import StrEnum

from exsim.session.meaning import Sign


class State(StrEnum):
    """`LIVE` at the end of a history means: survived."""

    ANONYMOUS = "anonymous"
    LIVE = "live"
    ENDED = "ended"
    EXPIRED = "expired"
    LOST = "lost"


LIVE, LOST = (
    State.LIVE,
    State.LOST,
)  # a name costs a tenth of looking one up in an Enum (Python 3.11)

# A pair that is absent changes nothing: a benign 440, a 449, a 503 leave a live session live, and
# nothing at all brings a lost one back (its cookies are gone, or its user sits at the logon page).
TRANSITIONS: dict[tuple[State, Sign], State] = {
    (State.ANONYMOUS, Sign.ACCEPTED): State.LIVE,
    (State.LIVE, Sign.LOGGED_OFF): State.ENDED,
    (State.LIVE, Sign.REPLACED): State.ENDED,
    (State.LIVE, Sign.LOGON_BLOCKED): State.ENDED,
    (State.LIVE, Sign.EXPIRED): State.EXPIRED,
    (State.LIVE, Sign.LOGIN_TIMEOUT): State.LOST,
    (State.LIVE, Sign.LOGON_REDIRECT): State.LOST,
    (State.LIVE, Sign.LOGON_PAGE_AS_DATA): State.LOST,
    (State.LIVE, Sign.AUTHORITY_REDIRECT): State.LOST,
    (State.LIVE, Sign.COOKIES_TAKEN): State.LOST,
}

# The same for protocols that sign in by HTTP itself.  Another identity ends the session here: its context
# is bound to whom it was opened by (OXCMAPIHTTP).
IDENTIFIED: dict[tuple[State, Sign], State] = {
    (State.LIVE, Sign.LOGGED_OFF): State.ENDED,
    (State.LIVE, Sign.REPLACED): State.ENDED,
    (State.LIVE, Sign.UNAUTHORIZED): State.LOST,
    (State.LIVE, Sign.UNBOUND): State.LOST,
    (State.LIVE, Sign.CONTEXT_LOST): State.LOST,
    (State.LIVE, Sign.WRONG_MAILBOX): State.LOST,
}


def after(state: State, sign: Sign, table: dict[tuple[State, Sign], State] = TRANSITIONS) -> State:
    """The state that `sign` leads to from `state`."""
    return table.get((state, sign), state)
