"""Where an origin is, and how it is to be spoken to."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Resumption:
    """One TLS session that connections share; `resumed` counts those that the other side let resume it."""

    session: ssl.SSLSession | None = None
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Where an origin is, and how to speak to it.  `host` is Host, with its port where the URL has one.

    `name`: the server name of TLS, where it is not the name in `host`.  `resumption`: connections are to
    resume one TLS session; without it each has a session of its own.
    """

    address: str
    port: int
    host: str
    tls: ssl.SSLContext | None = None
    name: str = ""
    resumption: Resumption | None = None
    proxy: tuple[str, int] | None = None  # asked to CONNECT to it
    signature: str = ""  # stands behind what every request says in User-Agent
    # By id(), which costs less than to compare: headers that nobody changes, held so that the id stays theirs,
    # and what a request with them begins with (`drive.asking`)
    openings: dict[int, tuple[Sequence[tuple[str, str]], str]] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )

    @property
    def server_name(self) -> str:
        """What TLS asks for and checks: a name never has a port."""
        return self.name or urlsplit(f"//{self.host}").hostname or self.host
