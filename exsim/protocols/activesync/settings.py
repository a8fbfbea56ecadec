"""What one telephone is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.settings import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(SignedIn):
    """One telephone's life: `logons` sessions, each of `polls` waits (Ping).

    A wait begins with `heartbeat` seconds; each that is not cut is followed by one `growth` longer, up to
    `longest_heartbeat`; one that is cut by a shorter one, down to `shortest_heartbeat`.  `folders`: how many
    are synchronised and watched.  `version`: of the protocol, "" for the newest that both speak.
    `binary_query`: the query in base64.  `mail_every`: seconds between two messages that the user sends to
    himself, 0 for none.  `think`: the pause after something went wrong.  `logon_retries`: how often a refused
    sign-in is tried again.  Cookies are sent back whatever the version; a device must from 16.0 on (ASHTTP),
    an older one is *assumed* to.
    """

    logon_retries: int = 0
    authentication: str = "basic"
    preemptive: bool = True
    heartbeat: float = 480.0
    shortest_heartbeat: float = 60.0
    longest_heartbeat: float = 1800.0
    growth: float = 300.0
    folders: int = 3
    version: str = ""
    binary_query: bool = False
    mail_every: float = 0.0
