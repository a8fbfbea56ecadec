"""What one Outlook is to do over MAPI/HTTP, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.settings import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(SignedIn):
    """One client's life: `logons` sessions, each with `polls` rounds about `think` apart.

    A round is `calls` Executes, one after the other's answer.  `notifications`: a NotificationWait is parked
    beside them.  `idle`: how long the client then does nothing before it leaves, but a PING each
    `ping_every`.  `address_book`: it binds to the address book too.  `answer_limit`: how long it waits.
    `status_page`: it asks once a session for the endpoint's page for people, which says whom the server takes it for.
    `relogin_after`: when a client that was not let in comes again; None: never.
    """

    relogin_after: float | None = None
    notifications: bool = True
    calls: int = 4
    idle: float = 0.0
    ping_every: float = 300.0
    address_book: bool = True
    status_page: bool = False
    answer_limit: float = 60.0
