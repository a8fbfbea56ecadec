"""What crosses between a run's master and its workers on other machines, and how each is reached.

Kinds of frames, by their letter.  To the worker: `o` an order with the files that it names, `i` a line for its load's
standard input.  From it: `h` who it is, `e` one event of its load, `d` bytes of a file of the run, `x` the end.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from exsim.conduct.pem import PemProblem, reading
from exsim.drive.channel import Tls, is_loopback, master_tls, worker_tls
from exsim.runs import given
from exsim.runs.addresses import endpoint
from exsim.runs.errors import OperatorError
from exsim.runs.order import Order

ORDER, INPUT, HELLO, EVENT, DATA, END = "o", "i", "h", "e", "d", "x"
PORT = 5557
DEFAULT = f"127.0.0.1:{PORT}"
FILES = ("ca", "lb_ca", "client_cert", "client_key")  # of an order: files on the master's machine
SYSTEM = "system"
SHORTEST_SECRET = 16  # bytes


class FarOrder(msgspec.Struct, frozen=True):
    """An order, what stands in the files that it names, and the master's clock in seconds since 1970."""

    order: Order
    files: dict[str, str]
    clock: float


class Hello(msgspec.Struct, frozen=True):
    """A worker: both sides must be the same exsim, because histories and orders are."""

    exsim: str


class Piece(msgspec.Struct, frozen=True):
    """Bytes to be added to a file of the run's directory."""

    file: str
    data: bytes


class Ended(msgspec.Struct, frozen=True):
    """The exit code of a load, and its last words."""

    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where master and workers meet, and how they know each other."""

    host: str
    port: int
    secret: bytes
    tls: Tls | None = None


def far_order(order: Order) -> FarOrder:
    """The order as it travels."""
    named = {name: getattr(order, name) for name in FILES}
    files = {
        name: Path(file).read_text() for name, file in named.items() if file and file != SYSTEM
    }
    return FarOrder(order, files, time.time())


def place(address: str, secret_file: Path | None, master: bool, **files: str) -> Place:
    """Of the master (`certificate`, `key`) or of a worker (`ca`).  Raises OperatorError."""
    try:
        host, port = endpoint(address, PORT)[1:]
    except ValueError as problem:
        raise OperatorError(str(problem)) from None
    return Place(host, port, secret(secret_file), _tls(host, master, **files))


def secret(file: Path | None) -> bytes:
    """What both sides know, from a file of its own: in a list of processes nobody should find it."""
    if file is None:
        raise OperatorError(
            "--secret FILE: master and workers need a file with the same secret in it"
        )
    try:
        found = given.content(file).strip()
    except OSError as problem:
        raise OperatorError(f"--secret {file}: {problem.strerror}") from None
    if len(found) < SHORTEST_SECRET:
        raise OperatorError(f"--secret {file}: {len(found)} bytes; at least {SHORTEST_SECRET}")
    return found


def _tls(host: str, master: bool, certificate: str = "", key: str = "", ca: str = "") -> Tls | None:
    file = certificate if master else ca
    if not file:
        if is_loopback(host):
            return None
        wanted = "--certificate FILE" if master else "--ca FILE"
        raise OperatorError(
            f"{host} is not this machine: passwords cross here, so it takes {wanted} (or a tunnel that "
            "ends on 127.0.0.1)"
        )
    try:
        if master:
            return reading(lambda: master_tls(certificate, key), certificate, key)
        return reading(lambda: worker_tls(ca), ca)
    except PemProblem as problem:
        raise OperatorError(str(problem)) from None
