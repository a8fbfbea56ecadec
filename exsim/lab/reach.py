"""Is anybody there: a name's address, and one connection that is given up at once."""

from __future__ import annotations

import socket

from exsim.lab.errors import LabError

LIMIT = 5.0  # seconds


def resolved(host: str) -> str:
    """The first IPv4 address of `host`.  Raises LabError."""
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as problem:
        raise LabError(f"{host}: no address: {problem.strerror}") from None
    return str(found[0][4][0])


def reach(address: str) -> None:
    """Raises LabError when nobody listens at "host:port"."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), LIMIT).close()
    except OSError as problem:
        raise LabError(f"{address}: nobody answers: {problem.strerror or problem}") from None
