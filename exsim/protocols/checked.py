"""What a check of one account can come to: its password, or what stands in the way of any test.

The check itself is its protocol's (`Protocol.check`).
"""

from __future__ import annotations

from dataclasses import dataclass

ACCEPTED, REFUSED, BLOCKED, NOT_SENT = "accepted", "refused", "blocked", "not_sent"
NO_FORM, NO_COOKIES, ELSEWHERE = "no_form", "no_cookies", "elsewhere"
LANGUAGE, EXPIRED, STALE, ERROR = "language", "expired", "stale", "error"

# What each says of the account, or of what stands before it; {detail} is filled in.
MEANINGS = {
    ACCEPTED: "logged on, and off again",
    REFUSED: "refused: the password is wrong, or the account is locked, disabled or expired",
    BLOCKED: "kept out by a client access rule (reason={detail}), not by its password",
    NOT_SENT: "not tried: this account rests",
    NO_FORM: "no logon form of Exchange's",
    NO_COOKIES: "logged on without logon cookies of Exchange's",
    ELSEWHERE: "sent on to {detail} after its password was accepted: a second factor, or another site",
    LANGUAGE: "never logged on before: Exchange asks for language and time zone first",
    EXPIRED: "its password has expired: Exchange asks for a new one",
    STALE: "the browser's session in its cookie file is not let in: it has expired or was logged off",
    ERROR: "could not be checked: {detail}",
}
OF_THE_ACCOUNT = frozenset((ACCEPTED, REFUSED, NOT_SENT))  # the others say something of the farm


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one account.  `status`: a key of MEANINGS.  `home`: its mailbox's version, as the back
    end says it, "" where it does not say."""

    address: str
    status: str
    detail: str = ""
    front_end: str = ""
    back_end: str = ""
    home: str = ""

    @property
    def sentence(self) -> str:
        return MEANINGS[self.status].format(detail=self.detail)
