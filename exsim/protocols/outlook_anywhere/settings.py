"""What one Outlook is to do over RPC/HTTP, as values.  Times in seconds of the scenario's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.protocols.settings import SignedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(SignedIn):
    """One client's life: `logons` sessions, each with `polls` rounds about `think` apart.

    A round is `calls` calls, one after the other's answer.  `idle`: how long the client then does nothing
    before it leaves.  `ping_every`: on a channel on which nothing was sent for so long a PING is; half the
    ConnectionTimeout that a server names (MS-RPCH).  `echo`: probes come before the channels.
    `server`: what stands before the port in the proxy's query; a profile has the mailbox's GUID and domain
    there, with 2010 the server's name ("" for the URL's host, which 2013 and later are *assumed* to take).  `join_limit`: how long for CONN/C2,
    `answer_limit`: for one call.  `relogin_after`: pause before the next session; None after a lost one:
    the client ends.
    """

    connections: int = 3  # with two, an OUT channel that is spent ends its session
    relogin_after: float | None = None
    notifications: bool = True  # the asynchronous wait is parked
    calls: int = 4
    idle: float = 0.0
    ping_every: float = 60.0
    echo: bool = True
    server: str = ""
    port: int = 6001
    join_limit: float = 60.0
    answer_limit: float = 60.0
