"""What one client of Autodiscover is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """One client's life: `logons` sessions (0: without end), each with `polls` questions about `think` apart.

    `form`: "pox", "soap" or "phone".  `joined`: the directory is asked first, and names the scenario's own
    host.  `mapi_http`: the client says that it can speak it.  `authentication` "none" is a stranger.
    """

    polls: int = 4
    think: float = 30.0
    connections: int = 1
    logons: int = 1
    private: bool = True
    logoff: bool = True
    authentication: str = "ntlm"
    preemptive: bool = False
    channel_binding: str = "auto"
    form: str = "pox"
    joined: bool = True
    mapi_http: bool = True
    origin: str | None = None
    population: int = 0
    control: bool = False
    forced: bool = False
    wanted: str = ""  # the combination that a forced session is to meet, as the run writes it
