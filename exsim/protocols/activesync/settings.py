"""What one telephone is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """One telephone's life: `logons` sessions (0: without end), each of `polls` waits (Ping).

    A wait begins with `heartbeat` seconds; each that is not cut is followed by one `growth` longer, up to
    `longest_heartbeat`; one that is cut by a shorter one, down to `shortest_heartbeat`.  `fetches`: folders
    that are synchronised and watched.  `version`: of the protocol, "" for the newest that both speak.
    `binary_query`: the query in base64.  `mail_every`: seconds between two messages that the user sends to
    himself, 0 for none.  `think`: the pause after something went wrong.  `logon_retries`: how often a refused
    sign-in is tried again.  `authentication` "none" is a stranger, who asks all the same.
    """

    polls: int = 10
    think: float = 2.0
    connections: int = 2
    logons: int = 1
    logon_retries: int = 0
    private: bool = True
    logoff: bool = True
    authentication: str = "basic"
    preemptive: bool = True
    channel_binding: str = "auto"
    heartbeat: float = 480.0
    shortest_heartbeat: float = 60.0
    longest_heartbeat: float = 1800.0
    growth: float = 300.0
    folders: int = 3
    version: str = ""
    binary_query: bool = False
    mail_every: float = 0.0
    origin: str | None = None
    population: int = 0
    control: bool = False
    forced: bool = False
    wanted: str = ""  # the combination that a forced session is to meet, as the run writes it
