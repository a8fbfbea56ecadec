"""Whose session a front end says it is: the SID in X-BackEndCookie, beside what a body says.

The front end renews the one entry of the user that it took the request for, by his SID (E13, CAP16).  Which SID
is an account's is learnt from its own first answers; a hop holds a salted hash of it, never the SID.
"""

from __future__ import annotations


class Sids:
    """Account -> the hash of its SID, as learnt so far."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._accounts: dict[str, str] = {}

    def owner(self, account: str, sid: str) -> str | None:
        """Whose answer it was for `account`: own, other (another test account), stranger; None: unknown."""
        if not account or not sid:
            return None
        known = self._of.get(account)
        if known == sid:
            return "own"
        if known is None and sid not in self._accounts:
            self._of[account] = sid
            self._accounts[sid] = account
            return "own"
        return "other" if sid in self._accounts else "stranger"
