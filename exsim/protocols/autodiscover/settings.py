"""What one client of Autodiscover is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.settings import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(SignedIn):
    """One client's life: `logons` sessions, each with `polls` questions about `think` apart.

    `form`: "pox", "soap" or "phone".  `joined`: the directory is asked first, and names the scenario's own
    host.  `mapi_http`: the client says that it can speak it.
    """

    polls: int = 4
    think: float = 30.0
    connections: int = 1
    form: str = "pox"
    joined: bool = True
    mapi_http: bool = True
