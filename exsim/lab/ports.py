"""Addresses on loopback: bound here and handed on, or held for a process that binds them itself."""

from __future__ import annotations

import errno
import socket

from exsim.lab.errors import LabError

LOOPBACK = "127.0.0.1"
BACKLOG = 1024


def address_of(bound: socket.socket) -> str:
    """host:port of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"{host}:{port}"


def listening(port: int = 0) -> socket.socket:
    """A listening socket; `port` 0: the kernel chooses.  Raises LabError when the port is in use."""
    bound = _bound(port, shared=False)
    bound.listen(BACKLOG)
    return bound


def silent(port: int = 0) -> socket.socket:
    """A socket that holds its port and does not listen: whoever connects is refused."""
    return _bound(port, shared=False)


def held(port: int = 0) -> socket.socket:
    """A socket that holds a port for a process of this user that binds with SO_REUSEPORT, as HAProxy does.

    Does not listen, so it takes no connection from that process.  Raises LabError when the port is in use,
    also when by a process that would share it.
    """
    if port:
        _bound(port, shared=False).close()
    return _bound(port, shared=True)


def _bound(port: int, *, shared: bool) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((LOOPBACK, port))
    except OSError as error:
        bound.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise LabError(
                f"port {port} on {LOOPBACK}: {(error.strerror or '').lower()}"
            ) from error
        raise
    return bound
