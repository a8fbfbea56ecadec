"""What one client of EWS is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """One client's life: `logons` sessions (0: without end), each with `polls` calls about `think` seconds apart.

    `connections`: one for calls and one for the stream, as EWSMA holds them.  `notifications`: a streaming
    subscription, `stream_minutes` long each time.  `affinity`: subscriptions ask to be kept at one back end.
    `availability`: who is free is asked now and then.  `writes`: items are created in Drafts and deleted
    again.  `logoff`: the subscription is ended at the end.  `logon_retries`: how often a refused sign-in is
    tried again; each is one more bad password.  `authentication` "none" is a stranger, who asks all the same.
    """

    polls: int = 20
    think: float = 2.0
    connections: int = 2
    logons: int = 1
    logon_retries: int = 0
    private: bool = True
    notifications: bool = True
    logoff: bool = True
    authentication: str = "ntlm"
    preemptive: bool = False
    channel_binding: str = "auto"
    stream_minutes: int = 30
    affinity: bool = True
    availability: bool = True
    writes: bool = False
    origin: str | None = None
    population: int = 0
    control: bool = False
    forced: bool = False
    wanted: str = ""  # the combination that a forced session is to meet, as the run writes it
