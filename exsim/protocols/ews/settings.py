"""What one client of EWS is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.settings import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(SignedIn):
    """One client's life: `logons` sessions, each with `polls` calls about `think` apart.

    `connections`: one for calls and one for the stream, as EWSMA holds them.  `notifications`: a streaming
    subscription, `stream_minutes` long each time.  `affinity`: subscriptions ask to be kept at one back end.
    `availability`: who is free is asked now and then.  `writes`: items are created in Drafts and deleted
    again.  `logoff`: the subscription is ended at the end.  `logon_retries`: how often a refused sign-in is
    tried again; each is one more bad password.
    """

    polls: int = 20
    logon_retries: int = 0
    notifications: bool = True
    stream_minutes: int = 30
    affinity: bool = True
    availability: bool = True
    writes: bool = False
