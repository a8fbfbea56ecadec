"""Is anybody there: a name's address, and one connection that is given up at once."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from exsim.lab.errors import LabError
from exsim.runs.addresses import joined

LIMIT = 5.0  # seconds


def addresses_of(host: str) -> tuple[str, ...]:
    """Every address of `host`, IPv6 as well, in the system's own order.  Raises LabError."""
    try:
        found = socket.getaddrinfo(host, None, 0, socket.SOCK_STREAM)
    except OSError as problem:
        raise LabError(f"{host}: no address: {problem.strerror}") from None
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def resolved(host: str) -> str:
    """The first address of `host`.  Raises LabError."""
    return addresses_of(host)[0]


def first_that_answers(found: Sequence[str], port: int) -> str:
    """The first of `found` at which somebody listens.  Raises LabError, of the first, when none does."""
    for address in found[:-1]:
        try:
            reach(joined(address, port))
        except LabError:
            continue
        return address
    try:
        reach(joined(found[-1], port))
    except LabError:
        reach(joined(found[0], port))
    return found[-1]


def reach(address: str) -> None:
    """Raises LabError when nobody listens at "host:port"."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), LIMIT).close()
    except OSError as problem:
        raise LabError(f"{address}: nobody answers: {problem.strerror or problem}") from None
