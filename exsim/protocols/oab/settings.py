"""What one client of the offline address book is to do, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.settings import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(SignedIn):
    """One client's life: `logons` sessions, each with `polls` looks about `think` apart.

    `path`: the address book's directory ("" asks Autodiscover).
    """

    polls: int = 2
    think: float = 60.0
    connections: int = 1
    path: str = ""
