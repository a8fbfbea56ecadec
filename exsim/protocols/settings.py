"""What every client's life has, as values.  Times in seconds of the scenario's own clock.

A protocol's own `Settings` says how its client differs, and what only that client does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """`logons` sessions (0: without end), each with `polls` rounds about `think` apart.

    `connections`: how many the client holds at most.  `private`: the computer is the user's own.
    `logoff`: each session is ended as a user or program ends it.  `origin`: a node's name; everything is asked of that node itself.
    `population`: which of the scenario's this client is of.  `control`: all that it does is evidence, and
    never counted.  `forced`: the run makes it meet what it meets, and writes that as `wanted`.
    """

    polls: int = 10
    think: float = 2.0
    connections: int = 2
    logons: int = 1
    private: bool = True
    logoff: bool = True
    origin: str | None = None
    population: int = 0
    control: bool = False
    forced: bool = False
    wanted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Life):
    """The same of a client that signs in by HTTP, request by request or connection by connection.

    `authentication` "none" is a stranger, where the protocol has one, who asks all the same.  `preemptive`:
    the first leg is sent unasked.  `channel_binding`: a word of `credentials.BINDINGS`.
    """

    authentication: str = "ntlm"
    preemptive: bool = False
    channel_binding: str = "auto"
