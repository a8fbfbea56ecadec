"""What one client of the offline address book is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """One client's life: `logons` sessions (0: without end), each with `polls` looks about `think` apart.

    `path`: the address book's directory ("" asks Autodiscover).  `authentication` "none" is a stranger.
    """

    polls: int = 2
    think: float = 60.0
    connections: int = 1
    logons: int = 1
    private: bool = True
    logoff: bool = True
    authentication: str = "ntlm"
    preemptive: bool = False
    channel_binding: str = "auto"
    path: str = ""
    origin: str | None = None
    population: int = 0
    control: bool = False
    forced: bool = False
    wanted: str = ""  # the combination that a forced session is to meet, as the run writes it
