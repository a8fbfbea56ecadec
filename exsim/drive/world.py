"""What the driver's core needs of the place it runs in: a clock, timers, and lines to send on.

Two worlds exist: `hub.HubWorld` (gevent, sockets, real time) and `virtual.VirtualWorld` (a heap of times).
A line is one connection; it reports to the exchange that is on it by `on_head`, `on_piece` and `on_end`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from exsim.drive.driver import Client
    from exsim.drive.exchange import Exchange
    from exsim.drive.pool import Pool


class Timer(Protocol):
    def cancel(self) -> None:
        """Never call back.  Harmless when it already did."""


class Line(Protocol):
    """One connection.  `alive` False: it can carry nothing more."""

    number: int
    note: Any
    origin: str | None
    source: str  # address:port
    address: str  # address:port connected to
    alpn: str
    alive: bool
    certificate: bytes  # of the other end (DER); empty without TLS
    used: int  # exchanges completed on it
    pool: Pool  # that it came from
    exchange: Exchange | None

    def begin(self, exchange: Exchange, client_request_id: str, length: int | None) -> None:
        """Send the head of `exchange.request` (and its body, if it has one); `length` of body is promised.

        Answers later: never calls the exchange back before it returns.
        """

    def write(self, data: bytes) -> None:
        """Send a piece of the body that was promised."""

    def drop(self) -> None:
        """Close, without a word to the exchange."""


class World(Protocol):
    scale: float  # of the scenario's time: 0.1 makes `Pause(10)` last one second
    horizon: float  # seconds since the run began: what is due after it need not be watched

    def now(self) -> float:
        """Seconds since the run began."""

    def wall(self) -> float:
        """Seconds since 1970."""

    def later(self, seconds: float, call: Callable[..., None], *arguments: Any) -> Timer:
        """Call back after `seconds` of this world's clock."""

    def line(self, client: Client, origin: str | None) -> Line:
        """A new connection to `origin` (None: the scenario's target); it may still be connecting."""

    def watch(self, exchange: Exchange) -> None:
        """Call `exchange.on_deadline()` once, not long after its deadline has passed, unless it is over by
        then or has no deadline any more.
        """

    def crashed(self, error: Exception) -> None:
        """A flow of ours raised: the run must end (exit code 70)."""
